"""Rows of an import: as a file holds them, and as they are taken after every field was checked.

Pure: an entry is made from a row or the reason is told why not.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pressrun.core.address import Address, parse_address
from pressrun.core.errors import BadInput
from pressrun.core.subscription import SubscriptionState
from pressrun.services.operating.list_settings import read_language, read_line

LONGEST_VALUE = 10_000
_FUTURE_SECONDS = 86400  # what a clock or a missing zone may be wrong by

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One row as it stands in a file; `line` is where it begins, `attributes` are the columns that nobody knows."""

    line: int
    email: str
    name: str = ""
    language: str = ""
    subscribed_at: str = ""
    consent_source: str = ""
    consent_ip: str = ""
    state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row that may be taken; `since` and `consent_source` are empty where the file says nothing."""

    line: int
    address: Address
    name: str
    language: str
    since: int | None
    consent_source: str
    consent_ip: str | None
    state: SubscriptionState
    attributes: Mapping[str, str]


def read_entry(row: ImportRow, now: int) -> Entry:
    """Check every field of a row; raises BadInput with the reason."""
    return Entry(
        line=row.line,
        address=_read_address(row.email),
        name=_named("name", read_line, row.name) if row.name else "",
        language=_named("language", read_language, row.language) if row.language else "",
        since=_read_since(row.subscribed_at, now) if row.subscribed_at else None,
        consent_source=_named("consent_source", read_line, row.consent_source) if row.consent_source else "",
        consent_ip=_read_ip(row.consent_ip) if row.consent_ip else None,
        state=_read_state(row.state),
        attributes=_read_attributes(row.attributes),
    )


def read_moment(text: str) -> int:
    """UTC seconds of an RFC 3339 time or a plain date; without a zone it is taken as UTC. Raises BadInput."""
    plain = text.strip()
    if _MOMENT.fullmatch(plain) is None:
        raise BadInput(f"invalid time {text!r}. Write 2026-05-01T12:00:00Z or 2026-05-01")
    try:
        found = datetime.fromisoformat(plain)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise BadInput(f"no such time: {text!r}") from None


def _read_address(text: str) -> Address:
    if not text.strip():
        raise BadInput("the address is empty")
    return parse_address(text)


def _named(name: str, read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except BadInput as problem:
        raise BadInput(f"{name}: {problem}") from None


def _read_since(text: str, now: int) -> int:
    try:
        since = read_moment(text)
    except BadInput as problem:
        raise BadInput(f"subscribed_at: {problem}") from None
    if not 0 <= since <= now + _FUTURE_SECONDS:
        raise BadInput(f"subscribed_at: {text!r} is before 1970 or in the future")
    return since


def _read_ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise BadInput(f"consent_ip: invalid IP address {text!r}") from None


def _read_state(text: str) -> SubscriptionState:
    word = text.strip().lower()
    if not word:
        return SubscriptionState.ACTIVE
    try:
        return SubscriptionState(word)
    except ValueError:
        words = ", ".join(SubscriptionState)
        raise BadInput(f"state: {text!r} is not one of {words}") from None


def _read_attributes(given: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in given.items():
        if _CONTROL.search(value):
            raise BadInput(f"{name}: contains a control character")
        if len(value) > LONGEST_VALUE:
            raise BadInput(f"{name}: has {len(value)} characters; at most {LONGEST_VALUE} are allowed")
        if value:
            found[name] = value
    return found
