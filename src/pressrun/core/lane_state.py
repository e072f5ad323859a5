"""How one lane fares: slowed down, coming back one connection at a time, or blocked by a provider's policy.

  ordinary ──slow-down──► paused ──(time)──► slowed ──one connection more each minute──► ordinary
      │                      ▲                 │
      │                      └────slow-down────┘
      └──policy, three readers in a row──► blocked ──retry──► slowed

Values and functions of (state, now), as in `core.pacing`: nothing here sleeps, and a state can be stored as it is.
Beside that it may be slow: its answers come late, while those of others do not. It stays so until a minute has brought
no slow answer. A lane that asks for nothing is the empty state, and need not be kept. Times are wall-clock seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

# A provider's own procedure after 421 4.7.28: silence, then one connection, then one more at a time. How long between
# two steps it does not say; a minute shows whether the last one was one too many.
STEP_SECONDS = 60.0
SLOW_FOR_SECONDS = 60.0
READERS_TO_BLOCK = 3  # in a row: fewer refusals may be about single copies
MAX_REASON_CHARACTERS = 200
_RELAY = "relay "


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """One lane. `allowed` is how many copies may be in flight, None: as many as its limits say.

    `reason` is the reply that pauses or blocks, without addresses. `refused` holds the readers whose copies were
    refused for policy since the last one that was taken. `slow_seconds` is how long a copy took, about, when it took so
    long that others would have waited for it.
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
        """Whether its answers come late."""
        return self.slow_until > 0

    @property
    def is_blocked(self) -> bool:
        """Whether nothing goes out until an operator says so, or the block is given up."""
        return self.blocked_at is not None

    def opens_at(self, now: float) -> float:
        """When the lane takes the next copy: `now` if at once, infinity while it is blocked."""
        return math.inf if self.is_blocked else max(now, self.paused_until)

    def connections(self, now: float, most: int) -> int:
        """How many copies may be in flight now, of the `most` that the lane's limits or the relays allow."""
        if self.opens_at(now) > now:
            return 0
        return most if self.allowed is None else min(self.allowed, most)

    def after_delivered(self, now: float, most: int) -> LaneState:
        """A copy was taken: policy is not against us, and a slowed lane may take its next step.

        A copy that was in flight when the pause began proves nothing about the lane, and no copy lifts a block.
        """
        if self.is_blocked:
            return self
        state = replace(self, refused=()) if self.refused else self
        if state.allowed is None or now < state.paused_until or now < state.grows_at:
            return state
        if state.allowed + 1 >= most:
            return LaneState(slow_until=self.slow_until, slow_seconds=self.slow_seconds)
        return replace(state, allowed=state.allowed + 1, grows_at=now + STEP_SECONDS)

    def after_slow_down(self, now: float, pause_seconds: float, reason: str) -> LaneState:
        """We were asked to slow down: silence for a while, then one connection. A longer pause stays."""
        until = max(self.paused_until, now + pause_seconds)
        return replace(
            self,
            allowed=1,
            paused_until=until,
            pause_seconds=until - now,
            grows_at=until + STEP_SECONDS,
            reason=self.reason if self.is_blocked else reason[:MAX_REASON_CHARACTERS],
        )

    def after_policy(self, now: float, reader: int, reason: str) -> LaneState:
        """A copy was refused for policy: the third reader in a row blocks the lane; the same reader counts once."""
        if self.is_blocked or reader in self.refused:
            return self
        refused = (*self.refused, reader)
        if len(refused) < READERS_TO_BLOCK:
            return replace(self, refused=refused)
        return replace(self, refused=(), blocked_at=now, reason=reason[:MAX_REASON_CHARACTERS])

    def after_slow(self, now: float, seconds: float) -> LaneState:
        """A copy took so long. What is known already is not said anew each time."""
        if now < self.slow_until - SLOW_FOR_SECONDS / 2 and seconds < 2 * self.slow_seconds:
            return self
        return replace(self, slow_until=now + SLOW_FOR_SECONDS, slow_seconds=seconds)

    def after_quiet(self, now: float) -> LaneState:
        """Time has passed: maybe enough without a slow answer."""
        return replace(self, slow_until=0.0, slow_seconds=0.0) if self.is_slow and now >= self.slow_until else self

    def after_retry(self, now: float) -> LaneState:
        """An operator wants it tried again, or the block was given up: at once, with one connection."""
        if self.allowed is None and not self.is_blocked:
            return LaneState()
        return LaneState(allowed=1, grows_at=now + STEP_SECONDS)

    def is_given_up(self, now: float, give_up_after: float) -> bool:
        """Whether the lane has been blocked for so long that what waits in it has failed."""
        return self.blocked_at is not None and now - self.blocked_at >= give_up_after

    def cut(self, now: float) -> LaneState:
        """The state without times that lie further ahead than they can: the clock was set back."""
        until = min(self.paused_until, now + self.pause_seconds)
        return replace(
            self,
            paused_until=until,
            grows_at=min(self.grows_at, max(now, until) + STEP_SECONDS),
            blocked_at=None if self.blocked_at is None else min(self.blocked_at, now),
            slow_until=min(self.slow_until, now + SLOW_FOR_SECONDS),
        )

    def dump(self) -> dict[str, object]:
        """Plain values for storage, for `load_lane_state`."""
        return {
            "allowed": self.allowed,
            "paused_until": self.paused_until,
            "pause_seconds": self.pause_seconds,
            "grows_at": self.grows_at,
            "reason": self.reason,
            "refused": list(self.refused),
            "blocked_at": self.blocked_at,
            "slow_until": self.slow_until,
            "slow_seconds": self.slow_seconds,
        }


def load_lane_state(stored: object) -> LaneState:
    """The state of an earlier `dump`; the empty one when it is not to be understood."""
    try:
        fields = cast("dict[str, object]", stored)
        allowed, blocked_at = fields["allowed"], fields["blocked_at"]
        return LaneState(
            allowed=None if allowed is None else max(1, int(_number(allowed))),
            paused_until=_number(fields["paused_until"]),
            pause_seconds=max(0.0, _number(fields["pause_seconds"])),
            grows_at=_number(fields["grows_at"]),
            reason=str(fields["reason"])[:MAX_REASON_CHARACTERS],
            refused=tuple(int(_number(reader)) for reader in cast("list[object]", fields["refused"]))[
                : READERS_TO_BLOCK - 1
            ],
            blocked_at=None if blocked_at is None else _number(blocked_at),
            slow_until=_number(fields.get("slow_until", 0.0)),  # not known to states that were stored long ago
            slow_seconds=_number(fields.get("slow_seconds", 0.0)),
        )
    except (KeyError, OverflowError, TypeError, ValueError):
        return LaneState()


@cache
def relay_lane(relay: str) -> str:
    """A relay may ask us to slow down as a provider may; the blank keeps its name apart from theirs."""
    return f"{_RELAY}{relay}"


def is_relay_lane(lane: str) -> bool:
    """Whether this is what a relay asked of us, and not a provider or a domain."""
    return lane.startswith(_RELAY)


def _number(value: object) -> float:
    """A number of JSON; raises ValueError for what is none or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return value
