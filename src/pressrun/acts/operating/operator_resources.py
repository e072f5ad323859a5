"""What operators look at, as programs see it: suppressions, the queue, kept mail, held sign-ups, and the audit log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from pressrun.acts.arguments import Arguments
from pressrun.acts.http import PageLength, Since

After = Annotated[int, Meta(ge=0)]
"""The id of the last item of the page before; 0 begins."""


class SuppressionInfo(msgspec.Struct, kw_only=True):
    """An address that has been getting no mail since a time (RFC 3339); the address is null if it was erased."""

    address: str | None
    reason: str
    since: str


class SuppressionSet(msgspec.Struct, kw_only=True):
    """A suppression in force; an earlier one stays if its reason is stronger."""

    address: str | None
    reason: str


class SuppressionPage(Arguments, frozen=True, kw_only=True):
    """Suppressions, in no meaningful order."""

    limit: PageLength = 100
    after: str = ""


class QueueInfo(msgspec.Struct, kw_only=True):
    """What waits for one domain, and why. `held` are copies outside the sending hours of their list."""

    domain: str
    queued: int
    claimed: int
    deferred: int
    next_attempt: str | None
    paused_until: str | None
    reason: str | None
    blocked: bool
    held: int


class KeptMailPage(Arguments, frozen=True, kw_only=True):
    """Kept mail, newest first."""

    state: Literal["kept", "unreadable", "failed"] | None = None
    limit: PageLength = 100
    after: After = 0


class KeptMailInfo(msgspec.Struct, kw_only=True):
    """A mail that is kept until a person has dealt with it, and why."""

    id: int
    to: str
    from_: str = msgspec.field(name="from")
    at: str
    size: int
    state: str
    why: str


class MailNumber(msgspec.Struct, kw_only=True):
    """A mail by its number."""

    id: int


class HeldPage(Arguments, frozen=True, kw_only=True):
    """Held sign-ups, oldest first."""

    list: str | None = None
    limit: PageLength = 100
    after: After = 0


class HeldInfo(msgspec.Struct, kw_only=True):
    """A sign-up whose confirmation waits for a person, until when it is forgotten."""

    id: int
    list: str
    address: str
    source: str | None
    held_at: str
    until: str


class HeldReleased(msgspec.Struct, kw_only=True):
    """How many confirmations go out, and how many had become useless."""

    released: int
    forgotten: int


class HeldDropped(msgspec.Struct, kw_only=True):
    """How many sign-ups were removed."""

    dropped: int


class Retried(msgspec.Struct, kw_only=True):
    """How many copies and notices are tried again now."""

    retried: int


class AuditPage(Arguments, frozen=True, kw_only=True):
    """Rows of the audit log, newest first."""

    who: str | None = None
    list: str | None = None
    since: Since | None = None
    limit: PageLength = 100
    after: After = 0


class AuditInfo(msgspec.Struct, kw_only=True):
    """Who did what to what, in which way, and how it ended. `editor` and `address` are keyed digests."""

    number: int
    at: str
    who: str
    uid: int | None
    sudo_user: str | None
    way: str
    action: str
    list: str | None
    object: str | None
    subscriber: int | None
    editor: str | None
    address: str | None
    fields: tuple[str, ...]
    outcome: str
    code: int | None


def next_after(items: list[dict[str, Any]], limit: int, name: str = "id") -> int | None:
    """Where the page after these items begins; None after the last one."""
    return items[-1][name] if len(items) == limit else None
