"""A call of an action: which one, with which arguments, and who asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from pressrun.acts.arguments import Arguments
from pressrun.core.access.rights import OWNER, Holdings
from pressrun.store.people.audit import Actor

ReportProgress = Callable[[str], None]


def ignore_progress(_: str) -> None:
    """For callers who only wait for the answer."""


class Caller(Struct, frozen=True, kw_only=True):
    """Who wants something done, and what they may do.

    `client` is the network address that a request came from, `person_id` and `token_id` are who logged in or which
    token was shown; None for the shell.
    """

    actor: Actor
    holdings: Holdings
    person_id: int | None = None
    token_id: int | None = None
    client: str | None = None

    @property
    def is_program(self) -> bool:
        """Whether the caller used a token, which may be a person's."""
        return self.token_id is not None

    @classmethod
    def at_shell(cls, name: str, uid: int, *, claimed: str | None = None, holdings: Holdings = OWNER) -> Caller:
        """A user of this machine, and who became root by sudo, as they claim themselves."""
        return cls(actor=Actor(who=name, uid=uid, claimed=claimed, way="shell"), holdings=holdings)


class Call(Struct, frozen=True, kw_only=True):
    """A request: an action by its id, its arguments, and who asks. Raw arguments are decoded and checked at the door.

    `key` is the Idempotency-Key that the request came with.
    """

    act: str
    arguments: Arguments | msgspec.Raw
    caller: Caller
    key: str | None = None


CarryOut = Callable[[Call, ReportProgress], Awaitable[Any]]
"""Carries out a call; returns what its work returns, and raises what it raises."""
