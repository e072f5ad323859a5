"""What programs learn about editions."""

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


class EditionAnswer(msgspec.Struct, kw_only=True):
    """An edition: its state, and its copies by state, which add up to its audience."""

    id: int
    list: str
    slug: str
    subject: str
    state: str
    audience: int
    queued: int
    claimed: int
    deferred: int
    delivered: int
    failed: int
    cancelled: int
    created_at: str
    scheduled_at: str | None
    started_at: str | None
    finished_at: str | None
    held_until: str | None
    pause_reason: str | None
    canary_percent: float | None
    replaced_by: int | None
    issue: str | None
    may_have_gone: int | None
    copies_removed_at: str | None


class FullEditionAnswer(EditionAnswer, kw_only=True):
    """The same, with where it stands or stood as a draft. `revision` is the number of its last change."""

    revision: int | None
    submitted_at: str | None
    submitted_by: str | None
    approved_at: str | None
    approved_by: str | None
    returned_at: str | None
    returned_by: str | None
    words: str | None
    source_url: str | None


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
