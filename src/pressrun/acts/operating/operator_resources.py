"""What operators request: suppressions, kept mail, held sign-ups and the audit log, and some small answers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from pressrun.acts.arguments import Arguments
from pressrun.acts.http import PageLength, Since

After = Annotated[int, Meta(ge=0)]
"""The id of the last item of the page before; 0 begins."""


class SuppressionPage(Arguments, frozen=True, kw_only=True):
    """Suppressions, in no meaningful order."""

    limit: PageLength = 100
    after: str = ""


class KeptMailPage(Arguments, frozen=True, kw_only=True):
    """Kept mail, newest first."""

    state: Literal["kept", "unreadable", "failed"] | None = None
    limit: PageLength = 100
    after: After = 0


class MailNumber(msgspec.Struct, kw_only=True):
    """A mail by its number."""

    id: int


class HeldPage(Arguments, frozen=True, kw_only=True):
    """Held sign-ups, oldest first."""

    list: str | None = None
    limit: PageLength = 100
    after: After = 0


class Retried(msgspec.Struct, kw_only=True):
    """How many copies and notices were deferred or paused, and are tried again now; not those that wait for a relay."""

    retried: int


class AuditPage(Arguments, frozen=True, kw_only=True):
    """Rows of the audit log, newest first."""

    who: str | None = None
    list: str | None = None
    since: Since | None = None
    limit: PageLength = 100
    after: After = 0
