"""A member of a list of another program, in terms that every source shares, and what an import makes of one.

Each source decides what its own states mean; only `MemberState.ACTIVE` becomes a reader who is mailed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.services.suppression import SuppressionReason

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?(?:[.@].*)?", re.ASCII)


NO_FIELDS: Mapping[str, str] = MappingProxyType({})  # one for all members who have none: many wait in memory


class MemberState(StrEnum):
    """What becomes of a member: a state of the subscription, an entry among the suppressions, or nothing."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # a member whose delivery is off, by their own wish, by an operator or by bounces
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    UNCONFIRMED = "unconfirmed"  # never agreed, so never imported
    PENDING = "pending"  # only in exports of our own


class SourceMember(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A member as a source has them. Texts are unchecked: the import checks each row.

    `line` is the line of a file or the number of a record, for errors. `was` is the state in the source's own words,
    for the table of a dry run; `reason` says why an address is suppressed. `subscribed_at` is an RFC 3339 time or date,
    or empty. `original` is the record as the source has it, for the file of rejects, or empty where nobody asks for it.
    """

    line: int
    address: str
    name: str = ""
    language: str = ""
    state: MemberState = MemberState.ACTIVE
    was: str = ""
    reason: SuppressionReason = SuppressionReason.OPERATOR
    subscribed_at: str = ""
    consent_source: str = ""
    consent_ip: str = ""
    fields: Mapping[str, str] = NO_FIELDS
    original: str = ""

    @property
    def mailbox(self) -> str:
        """The address as the source has it."""
        return self.address

    def as_row(self) -> ImportRow:
        """The row that imports a member who is neither suppressed nor unconfirmed."""
        return ImportRow(
            line=self.line,
            email=self.address,
            name=self.name,
            language=self.language,
            subscribed_at=self.subscribed_at,
            consent_source=self.consent_source,
            consent_ip=self.consent_ip,
            state="" if self.state is MemberState.ACTIVE else SubscriptionState(self.state.value),
            attributes=self.fields or {},
        )

    def as_suppression(self) -> SuppressionRow:
        """The row that suppresses a member's address."""
        return SuppressionRow(line=self.line, address=self.address, reason=self.reason, since="")


def read_tag(text: str) -> str:
    """A language tag (BCP 47) of what programs call a language or a locale: `pt_BR.UTF-8` is `pt-BR`; else empty."""
    match = _LANGUAGE.fullmatch(text.strip())
    if match is None:
        return ""
    language, script, region = match.groups()
    parts = [language.lower(), script.title() if script else "", region.upper() if region else ""]
    return "-".join(filter(None, parts))
