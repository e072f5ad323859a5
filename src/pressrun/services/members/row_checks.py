"""Rows of an import after every field was checked. Pure: a row is checked, or BadInput says why it is refused."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial

import msgspec

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import BadInput
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.timestamps import seconds_of
from pressrun.services.lists.setting_kinds import read_field, read_language, read_line
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.reports.exported_members import KNOWN_COLUMNS

LONGEST_VALUE = 10_000
_FUTURE_SECONDS = 86400  # tolerance for a wrong clock or a missing time zone

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class CheckedRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row that may be imported; `since` is None and `consent_source` empty where the file does not say.

    `key` is that of the address.
    """

    line: int
    address: Address
    key: str
    name: str = ""
    language: str = ""
    since: int | None = None
    consent_source: str = ""
    consent_ip: str | None = None
    state: SubscriptionState = SubscriptionState.ACTIVE
    attributes: Mapping[str, str] = {}


def check_row(row: ImportRow, now: int) -> CheckedRow:
    """Check every field of a row; raises BadInput with the reason.

    For a person who gets no mail, the address and the state are enough: if a bad name or date got their row refused,
    the next file might subscribe them.
    """
    try:
        return _check_fields(row, now)
    except BadInput:
        if gets_no_mail(row.state):
            return _check_fields(ImportRow(line=row.line, email=row.email, state=row.state), now)
        raise


def gets_no_mail(state: str) -> bool:
    """Whether somebody of whom a row says this gets no mail, not even to confirm."""
    return state.strip().lower() in (SubscriptionState.UNSUBSCRIBED, SubscriptionState.SUSPENDED)


def _check_fields(row: ImportRow, now: int) -> CheckedRow:
    address = _parse_address(row.email)
    return CheckedRow(
        line=row.line,
        address=address,
        key=address.key,
        name=read_field("name", read_line, row.name) if row.name else "",
        language=read_field("language", read_language, row.language) if row.language else "",
        since=read_field("subscribed_at", partial(parse_past, now=now), row.subscribed_at)
        if row.subscribed_at
        else None,
        consent_source=read_field("consent_source", read_line, row.consent_source) if row.consent_source else "",
        consent_ip=read_field("consent_ip", parse_ip, row.consent_ip) if row.consent_ip else None,
        state=read_field("state", _parse_state, row.state) if row.state else SubscriptionState.ACTIVE,
        attributes={name: check_value(name, value) for name, value in row.attributes.items() if value},
    )


def parse_past(text: str, now: int) -> int:
    """UTC seconds of an RFC 3339 time or a plain date, UTC where no zone is given; raises BadInput for the future."""
    plain = text.strip()
    if _MOMENT.fullmatch(plain) is None:
        raise BadInput(f"invalid time {text!r}. Write 2026-05-01T12:00:00Z or 2026-05-01")
    try:
        seconds = seconds_of(datetime.fromisoformat(plain))
    except (ValueError, OverflowError):
        raise BadInput(f"no such time: {text!r}") from None
    if not 0 <= seconds <= now + _FUTURE_SECONDS:
        raise BadInput(f"{text!r} is before 1970 or in the future")
    return seconds


def _parse_address(text: str) -> Address:
    if not text.strip():
        raise BadInput("the address is empty")
    return parse_address(text)


def parse_ip(text: str) -> str:
    """A network address in its usual spelling; raises BadInput."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise BadInput(f"invalid IP address {text!r}") from None


def _parse_state(text: str) -> SubscriptionState:
    word = text.strip().lower()
    try:
        return SubscriptionState(word) if word else SubscriptionState.ACTIVE
    except ValueError:
        raise BadInput(f"{text!r} is not one of {', '.join(SubscriptionState)}") from None


def check_value(name: str, value: str) -> str:
    """The value of a column that may be stored; raises BadInput that names the column."""
    if _CONTROL.search(value):
        raise BadInput(f"{name}: contains a control character")
    if len(value) > LONGEST_VALUE:
        raise BadInput(f"{name}: has {len(value)} characters; at most {LONGEST_VALUE} are allowed")
    return value


def without_control_characters(value: str) -> str:
    """The value with blanks in place of characters that `check_value` refuses."""
    return _CONTROL.sub(" ", value)


# Every edition has these fields, so a column of that name could never be used.
RESERVED_FIELDS = frozenset({"unsubscribe_url", "preferences_url", "archive_url", "latest_url", "list.title"})
# In a file of subscribers, columns with these names have a special meaning: who may be mailed, fields as JSON, or
# when another program was asked to subscribe somebody.
FLAGS_BY_NAME = frozenset({"suppressed", "suspended", "unsubscribed"})  # in capitals, too, and without --map
_STANDING = (*FLAGS_BY_NAME, "list_state", "confirmed", "delivery", "subscribed")
FILE_COLUMNS = frozenset({*KNOWN_COLUMNS, *_STANDING, "attributes", "requested_at", "requested_ip"})
_FIELD_NAME = re.compile(r"[^\W\d][\w .-]*")


def may_name_field(name: str) -> bool:
    """Whether a column of this name can become a merge field."""
    return name not in RESERVED_FIELDS and not _has_meaning(name) and _FIELD_NAME.fullmatch(name) is not None


def _has_meaning(name: str) -> bool:
    return name in FILE_COLUMNS or name.lower() in FLAGS_BY_NAME


def require_field_name(
    name: str,
    error: type[Exception] = BadInput,
    *,
    remedy: str = "Rename it with --map, or leave it out with --map 'COLUMN=-'",
) -> None:
    """Raise an error for a column that cannot become a merge field."""
    if _has_meaning(name):
        raise error(
            f"{name!r} cannot name a column, because it means something else in a file of subscribers. {remedy}"
        )
    if not may_name_field(name):
        raise error(
            f"{name!r} cannot name a column. Columns become merge fields: a letter, then letters, digits, "
            f"spaces, '_', '-' and '.', and none of {', '.join(sorted(RESERVED_FIELDS))}. {remedy}"
        )
