"""A call of a verb: which one, with which arguments, and who asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from pressrun.store.audit import Actor

ReportProgress = Callable[[str], None]
VerbHandler = Callable[[msgspec.Raw, ReportProgress], Awaitable[Any]]
"""Carries out a verb with its arguments, which are not decoded yet; returns a value that msgpack can encode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: a user of this machine, and the user who became root by sudo, as they claim themselves.

    `is_owner`: root and the owner of the data, rather than a member of the owner's group.
    """

    uid: int
    name: str
    claimed: str | None = None
    is_owner: bool = True

    @property
    def actor(self) -> Actor:
        """The same as the audit log names them."""
        return Actor(who=self.name, uid=self.uid, claimed=self.claimed, way="shell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A verb with its arguments, which are not decoded yet."""

    verb: str
    arguments: msgspec.Raw
    caller: Caller


CarryOut = Callable[[Call, ReportProgress], Awaitable[Any]]
"""Carries out a call; returns what its handler returns, and raises what it raises."""
