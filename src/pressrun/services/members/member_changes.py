"""What a program says about one subscriber: name, language, columns, and how the person consented; checked at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.errors import BadInput, InvalidFields
from pressrun.services.lists.setting_kinds import read_language, read_line
from pressrun.services.members.row_checks import check_value, parse_ip, parse_past, require_field_name
from pressrun.services.readers.requests import Origin
from pressrun.services.suppression import PROGRAM
from pressrun.store.readers.subscribers import Subscriber

MOST_FIELDS = 100
LONGEST_WORDS = 4000
_DAY = "(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
_TIME = rf"^{_DAY}([T ]{_HOUR})?\Z"
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,200}\Z"
_IP: Any = {"extra_json_schema": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}}

V = TypeVar("V")
Fault = tuple[str, str]
"""The path of a value in what a program sent, and what is wrong with it."""


class Confirm(StrEnum):
    """How somebody who is not a member becomes one: they are asked, or the caller vouches for their consent."""

    SEND = "send"
    VOUCH = "vouch"


class ConsentGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person agreed to, when, from which network address, and on which page; all as the caller says."""

    text: Annotated[str, msgspec.Meta(max_length=LONGEST_WORDS)] = ""
    at: (
        Annotated[str, msgspec.Meta(pattern=_TIME, description="a time such as 2026-05-01T12:00:00Z, or a day")] | None
    ) = None
    ip: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f:.]{2,45}\Z", description="an IP address", **_IP)] | None = (
        None
    )
    url: Annotated[str, msgspec.Meta(pattern=_LINE, description="one line of at most 200 characters")] | None = None


class MemberChanges(Struct, frozen=True, kw_only=True):
    """What changes of a person; None leaves a value as it is. An empty value of a column removes it."""

    name: str | None = None
    language: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def attributes(self) -> dict[str, str]:
        """The columns of somebody who has none yet."""
        return {name: value for name, value in self.fields.items() if value}

    def applied_to(self, person: Subscriber) -> Subscriber:
        """The person afterwards: what is not named stays."""
        merged = {**person.attributes, **self.fields}
        return replace(
            person,
            name=person.name if self.name is None else self.name,
            language=person.language if self.language is None else self.language,
            attributes={name: value for name, value in merged.items() if value},
        )


def check_changes(
    name: str | None, language: str | None, fields: Mapping[str, str | None]
) -> tuple[MemberChanges, list[Fault]]:
    """The changes, and what is wrong with each value that cannot be stored."""
    problems: list[Fault] = []
    if len(fields) > MOST_FIELDS:
        problems.append(("fields", f"has {len(fields)} members; at most {MOST_FIELDS} are allowed"))
    checked = {}
    for column, value in list(fields.items())[:MOST_FIELDS]:
        path = f"fields/{column.replace('~', '~0').replace('/', '~1')}"  # RFC 6901 §3
        _try(problems, path, partial(require_field_name, remedy="Use another name"), column)
        checked[column] = _try(problems, path, partial(check_value, column), value or "") or ""
    return (
        MemberChanges(
            name=None if name is None else _try(problems, "name", read_line, name),
            language=_try(problems, "language", read_language, language) if language else language,
            fields=checked,
        ),
        problems,
    )


def check_origin(program: str, consent: ConsentGiven | None, now: int) -> tuple[Origin, list[Fault]]:
    """Where a request of a program came from, and what is wrong with it."""
    problems: list[Fault] = []
    consent = consent or ConsentGiven()
    if len(consent.text) > LONGEST_WORDS:
        problems.append(("consent/text", f"has {len(consent.text)} characters; at most {LONGEST_WORDS} are allowed"))
    at = None if consent.at is None else _try(problems, "consent/at", lambda text: parse_past(text, now), consent.at)
    origin = Origin(
        source=source_of(program),
        ip=None if consent.ip is None else _try(problems, "consent/ip", parse_ip, consent.ip),
        words=consent.text,
        url="" if consent.url is None else _try(problems, "consent/url", read_line, consent.url) or "",
        given_at=at,
    )
    return origin, problems


def source_of(program: str) -> str:
    """The source of whom a program brings in."""
    return f"{PROGRAM}{program}"


def require_no_faults(problems: Sequence[Fault]) -> None:
    """Raise InvalidFields that names everything that is wrong."""
    if problems:
        raise InvalidFields(problems)


def _try(problems: list[Fault], name: str, check: Callable[[str], V], text: str) -> V | None:
    try:
        return check(text)
    except BadInput as problem:
        problems.append((name, str(problem)))
        return None
