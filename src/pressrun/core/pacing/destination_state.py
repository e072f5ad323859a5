"""The state of a destination: slowed down, recovering one connection at a time, or blocked by a provider's policy.

  ordinary ──slow-down──► paused ──(time)──► slowed ──one connection more each minute──► ordinary
      │                      ▲                 │
      │                      └────slow-down────┘
      └──policy, three readers in a row──► blocked ──retry──► slowed

As in `core.pacing.rates`, these are values and functions of (state, now): nothing here sleeps, and a state can be
stored as it is. Independently, a destination may be slow: its replies come late while those of others do not. It stays
slow until a minute has passed without a slow reply. An ordinary destination has the empty state, which need not be
stored. Times are wall-clock seconds.
"""

from __future__ import annotations

import math
from functools import cache
from typing import cast

from msgspec import Struct
from msgspec.structs import asdict, replace

# What a provider recommends after 421 4.7.28: a pause, then one connection, then one more at a time. It does not say
# how long to wait between steps; a minute is enough to show whether the last step was one too many.
STEP_SECONDS = 60.0
SLOW_FOR_SECONDS = 60.0
READERS_TO_BLOCK = 3  # in a row: fewer refusals may concern single copies only
MAX_REASON_CHARACTERS = 200
_RELAY = "relay "


class DestinationState(Struct, frozen=True, kw_only=True):
    """One destination. `allowed` is how many copies may be in flight; None means as many as its limits allow.

    `reason` is the reply that paused or blocked the destination, without addresses. `refused` holds the readers whose
    copies were refused for policy since the last accepted copy. `slow_seconds` is roughly how long a copy took, if
    it is slow.
    """

    allowed: int | None = None
    paused_until: float = 0.0
    pause_seconds: float = 0.0
    grows_at: float = 0.0
    reason: str = ""
    refused: tuple[int, ...] = ()
    blocked_at: float | None = None
    slow_until: float = 0.0
    slow_seconds: float = 0.0

    @property
    def is_slow(self) -> bool:
        """Whether its replies come late."""
        return self.slow_until > 0

    @property
    def is_blocked(self) -> bool:
        """Whether nothing goes out until an operator retries the destination, or the block is given up."""
        return self.blocked_at is not None

    def opens_at(self, now: float) -> float:
        """When the next copy may go out: `now` if immediately, infinity while the destination is blocked."""
        return math.inf if self.is_blocked else max(now, self.paused_until)

    def connections(self, now: float, most: int) -> int:
        """How many copies may be in flight now, of the `most` that the destination's limits or the relays allow."""
        if self.opens_at(now) > now:
            return 0
        return most if self.allowed is None else min(self.allowed, most)

    def after_delivered(self, now: float, most: int) -> DestinationState:
        """The state after a delivered copy: policy refusals are forgotten, and a slow-down may take its next step.

        A copy that was in flight when the pause began proves nothing about the destination, and no copy lifts a block.
        """
        if self.is_blocked:
            return self
        state = replace(self, refused=()) if self.refused else self
        if state.allowed is None or now < state.paused_until or now < state.grows_at:
            return state
        if state.allowed + 1 >= most:
            return DestinationState(slow_until=self.slow_until, slow_seconds=self.slow_seconds)
        return replace(state, allowed=state.allowed + 1, grows_at=now + STEP_SECONDS)

    def after_slow_down(self, now: float, pause_seconds: float, reason: str) -> DestinationState:
        """The state after a request to slow down: a pause, then one connection. A longer pause stays in force."""
        until = max(self.paused_until, now + pause_seconds)
        return replace(
            self,
            allowed=1,
            paused_until=until,
            pause_seconds=until - now,
            grows_at=until + STEP_SECONDS,
            reason=self.reason if self.is_blocked else reason[:MAX_REASON_CHARACTERS],
        )

    def after_policy(self, now: float, reader: int, reason: str) -> DestinationState:
        """The state after a refusal for policy. The third reader in a row, each counted once, blocks it."""
        if self.is_blocked or reader in self.refused:
            return self
        refused = (*self.refused, reader)
        if len(refused) < READERS_TO_BLOCK:
            return replace(self, refused=refused)
        return replace(self, refused=(), blocked_at=now, reason=reason[:MAX_REASON_CHARACTERS])

    def after_slow(self, now: float, seconds: float) -> DestinationState:
        """The state after a slow copy. It changes only when that is news, so that it is not stored for every copy."""
        if now < self.slow_until - SLOW_FOR_SECONDS / 2 and seconds < 2 * self.slow_seconds:
            return self
        return replace(self, slow_until=now + SLOW_FOR_SECONDS, slow_seconds=seconds)

    def after_quiet(self, now: float) -> DestinationState:
        """The state after some time: no longer slow if enough has passed without a slow reply."""
        return replace(self, slow_until=0.0, slow_seconds=0.0) if self.is_slow and now >= self.slow_until else self

    def after_retry(self, now: float) -> DestinationState:
        """The state after an operator's retry or a block that was given up: open at once, with one connection."""
        if self.allowed is None and not self.is_blocked:
            return DestinationState()
        return DestinationState(allowed=1, grows_at=now + STEP_SECONDS)

    def is_given_up(self, now: float, give_up_after: float) -> bool:
        """Whether the destination has been blocked for so long that its waiting copies have failed."""
        return self.blocked_at is not None and now - self.blocked_at >= give_up_after

    def cut(self, now: float) -> DestinationState:
        """The state with times capped to the furthest possible, in case the clock was set back."""
        until = min(self.paused_until, now + self.pause_seconds)
        return replace(
            self,
            paused_until=until,
            grows_at=min(self.grows_at, max(now, until) + STEP_SECONDS),
            blocked_at=None if self.blocked_at is None else min(self.blocked_at, now),
            slow_until=min(self.slow_until, now + SLOW_FOR_SECONDS),
        )

    def dump(self) -> dict[str, object]:
        """Plain values for storage, for `load_destination_state`."""
        return asdict(self)


def load_destination_state(stored: object) -> DestinationState:
    """The state from an earlier `dump`, or the empty state if `stored` is unreadable."""
    try:
        fields = cast("dict[str, object]", stored)
        allowed, blocked_at = fields["allowed"], fields["blocked_at"]
        return DestinationState(
            allowed=None if allowed is None else max(1, int(_number(allowed))),
            paused_until=_number(fields["paused_until"]),
            pause_seconds=max(0.0, _number(fields["pause_seconds"])),
            grows_at=_number(fields["grows_at"]),
            reason=str(fields["reason"])[:MAX_REASON_CHARACTERS],
            refused=tuple(int(_number(reader)) for reader in cast("list[object]", fields["refused"]))[
                : READERS_TO_BLOCK - 1
            ],
            blocked_at=None if blocked_at is None else _number(blocked_at),
            slow_until=_number(fields.get("slow_until", 0.0)),  # states stored by older versions lack it
            slow_seconds=_number(fields.get("slow_seconds", 0.0)),
        )
    except (KeyError, OverflowError, TypeError, ValueError):
        return DestinationState()


@cache
def relay_destination(relay: str) -> str:
    """A relay as a destination, for it may ask us to slow down, too. The space sets it apart from domains."""
    return f"{_RELAY}{relay}"


def is_relay_destination(destination: str) -> bool:
    """Whether this destination belongs to a relay, and not to a provider or a domain."""
    return destination.startswith(_RELAY)


def _number(value: object) -> float:
    """A finite JSON number; raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"not a finite number: {value!r}")
    return value
