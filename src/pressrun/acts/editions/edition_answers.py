"""What programs learn about editions and their copies."""

from __future__ import annotations

from typing import Any

import msgspec


class FindingAnswer(msgspec.Struct, kw_only=True):
    """One result of preflight. `severity` is error, warning or note, and `line` is one of the edition file."""

    severity: str
    line: int | None
    message: str
    code: str
    values: dict[str, Any]
    layout: str


class DraftAnswer(msgspec.Struct, kw_only=True):
    """A draft after a change, and what preflight finds. `created`: it was not there before."""

    id: int
    state: str
    revision: int
    findings: list[FindingAnswer]
    created: bool = False
    submitted: bool = False


class FindingsAnswer(msgspec.Struct, kw_only=True):
    """What preflight finds in a draft as it would go out now."""

    findings: list[FindingAnswer]


class PreviewAnswer(FindingsAnswer, kw_only=True):
    """A draft as a reader would get it."""

    subject: str
    text: str
    html: str | None


class DraftFileAnswer(msgspec.Struct, kw_only=True):
    """A file of a draft, with its size in octets and the number of its last change."""

    path: str
    size: int
    revision: int


class RevisionAnswer(msgspec.Struct, kw_only=True):
    """One change of a draft: of its text, or of the file at `path`. With `has_text` the text can be read again."""

    revision: int
    author: str | None
    began_at: str
    at: str
    path: str | None
    has_text: bool


class TestAnswer(msgspec.Struct, kw_only=True):
    """Who gets test copies."""

    test: list[str]


class ResendAnswer(msgspec.Struct, kw_only=True):
    """How many failed copies go out again, and how many do not, because their readers may no longer be mailed."""

    id: int
    resent: int
    left_out: int
    state: str


class Retried(msgspec.Struct, kw_only=True):
    """How many copies and notices were deferred or paused, and are tried again now; not those that wait for a relay."""

    retried: int
