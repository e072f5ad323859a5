"""The pace of all deliveries: of the process and of each relay, kept over a restart.

The pacer reserves a time slot for each mail. Copies are claimed a little before their slots, and handed to a worker
several at a time shortly before them. What is stored with each claim counts all claimed copies as spent, so a kill
never makes the pace faster than configured.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from pressrun.core.pacing.rates import TOLERANCE_AT_MOST_SECONDS, Pace, PaceState
from pressrun.core.quantities import Rate

PROCESS = "process"

# Copies are claimed at most this long before their slot: long enough that claims come in batches, short enough that
# unsubscribing, pausing and cancelling reach nearly all copies. The promise is one second.
CLAIM_HORIZON_SECONDS = 0.5
# Slots are reserved at most this long ahead. At 100/s the daemon then hands out ten or more jobs at a time and wakes
# some ten times a second for it. A longer horizon would leave more copies with a worker when an edition is paused.
SLOT_HORIZON_SECONDS = 0.2
# At faster rates jobs have no slots of their own: what may wait in a worker is one percent of such a rate.
SHORTEST_SLOT_SECONDS = 0.0001
# A timer that fires this early has its slot. Waiting again would cost a whole cycle of the event loop.
EARLY_SECONDS = 0.0005
LATE_PART = 0.5  # of the room that a rate leaves, for workers; the other half is for the way to the relay


def slot_tolerance_seconds(*scopes: Sequence[Rate]) -> float:
    """How late a slot may be used under the rates of these scopes: no second holds more than one mail, or 1 %, above
    its share.
    """
    spreads = [Pace(rates).spread for rates in scopes]
    rooms = [LATE_PART * spread.room_seconds for spread in spreads if spread is not None]
    return min([*rooms, TOLERANCE_AT_MOST_SECONDS])


class PacedScope:
    """One pace and its state."""

    __slots__ = ("pace", "state")

    def __init__(self, rates: Sequence[Rate], stored: object = None) -> None:
        self.pace = Pace(rates, is_strict=all(rate.interval >= SHORTEST_SLOT_SECONDS for rate in rates))
        self.state = self.pace.start() if stored is None else self.pace.load(stored)

    def next_at(self, now: float) -> float:
        """When the next copy may go; `now` if at once."""
        return self.pace.next_at(self.state, now)

    def count_until(self, now: float, horizon: float, most: int) -> int:
        """How many copies have their turn by `horizon`, at most `most`."""
        return self.pace.count_until(self.state, now, horizon, most)

    def spend(self, times: Sequence[float]) -> None:
        """Copies go at these times."""
        self.state = self.pace.spend(self.state, times)

    def follow(self, now: float) -> None:
        """Follow a clock that was set back."""
        self.state = self.pace.cut(self.state, now)


class PaceEntry(NamedTuple):
    """The stored state of a scope: of the destination queue `queue`, or None if it covers all copies."""

    scope: str
    pace: Pace
    state: PaceState
    queue: str | None


class PaceSnapshot(tuple[PaceEntry, ...]):
    """All paces as they stood, for a transaction that stores them."""

    __slots__ = ()

    def dump(self, now: float, claimed: int, by_queue: Mapping[str, int]) -> dict[str, object]:
        """What to store: copies that are claimed and have no slot yet count as spent.

        Nobody knows which relay will send them, so each relay is charged for all of them.
        """
        return {
            entry.scope: entry.pace.dump(
                entry.pace.reserve(entry.state, now, claimed if entry.queue is None else by_queue.get(entry.queue, 0))
            )
            for entry in self
        }


class Pacer:
    """Decides when the next mail may go through which relay. All times are wall-clock seconds."""

    def __init__(
        self, process: Sequence[Rate], relays: Mapping[str, Sequence[Rate]], stored: Mapping[str, object]
    ) -> None:
        self._set(process, relays, stored)

    def _set(self, process: Sequence[Rate], relays: Mapping[str, Sequence[Rate]], stored: Mapping[str, object]) -> None:
        self._process = PacedScope(process, stored.get(PROCESS))
        self._relays = {name: PacedScope(rates, stored.get(f"relay {name}")) for name, rates in relays.items()}

    def change(self, process: Sequence[Rate], relays: Mapping[str, Sequence[Rate]], now: float) -> None:
        """Continue at other rates, from where the paces stand."""
        self._set(process, relays, self.snapshot().dump(now, 0, {}))

    @property
    def relays(self) -> Collection[str]:
        return self._relays.keys()

    def follow(self, now: float) -> None:
        """Follow a clock that was set back: no slot stays further ahead than one window. Called once a cycle."""
        for scope in (self._process, *self._relays.values()):
            scope.follow(now)

    # ------------------------------------------------------------------ slots

    def next_at(self, relay: str, now: float) -> float:
        """When the next mail may go through this relay; `now` if at once."""
        return max(self.own_next_at(relay, now), self._process.next_at(now))

    def own_next_at(self, relay: str, now: float) -> float:
        """The same by the relay's own rates alone."""
        return self._relays[relay].next_at(now)

    def hand_out_at(self, relay: str, now: float) -> float:
        """When the next slots of this relay are handed out: so late that several are handed out together."""
        return max(now, self.next_at(relay, now) - self._ahead_seconds(relay) / 2)

    def count_slots(self, relay: str, now: float, most: int) -> int:
        """How many slots of this relay can be handed out now, at most `most`."""
        ahead = self._ahead_seconds(relay)
        if self.next_at(relay, now) > now + ahead / 2 + EARLY_SECONDS:
            return 0
        until = now + max(EARLY_SECONDS, ahead)
        return min(self._process.count_until(now, until, most), self._relays[relay].count_until(now, until, most))

    def slots(self, relay: str, now: float, most: int) -> list[float]:
        """The slots of this relay that can be handed out now, at most `most`; `spend` those that are used."""
        count = self.count_slots(relay, now, most)
        if count == 0 or not self.has_slots(relay):
            return [now] * count
        process, own = self._process, self._relays[relay]
        of_process = process.pace.turns(process.state, now, count)
        of_relay = own.pace.turns(own.state, now, count)
        return list(map(max, of_process, of_relay))

    def has_slots(self, relay: str) -> bool:
        """Whether jobs of this relay keep to slots; otherwise they go at once."""
        return self._ahead_seconds(relay) > 0

    def reach_seconds(self, relay: str) -> float:
        """How far ahead a slot of this relay may be to count in full."""
        return min(self._process.pace.reach_seconds, self._relays[relay].pace.reach_seconds)

    def spend(self, relay: str, slots: Sequence[float]) -> None:
        """These slots are used; they are not given back, whatever becomes of their jobs."""
        for scope in (self._process, self._relays[relay]):
            scope.spend(slots)

    def _ahead_seconds(self, relay: str) -> float:
        interval = max(self._process.pace.interval, self._relays[relay].pace.interval)
        return SLOT_HORIZON_SECONDS if interval >= SHORTEST_SLOT_SECONDS else 0.0

    # ------------------------------------------------------------------ claims

    def claimable(self, now: float, claimed: int, most: int) -> int:
        """How many more copies may be claimed, when `claimed` of them wait for a slot already."""
        horizon = now + CLAIM_HORIZON_SECONDS
        relays = sum(scope.count_until(now, horizon, most) for scope in self._relays.values())
        return max(0, min(self._process.count_until(now, horizon, most), relays) - claimed)

    def next_claim_at(self, now: float, claimed: int) -> float:
        """When the slot of the copy after `claimed` ones is near enough for it to be claimed."""
        process = self._process.pace.reserve(self._process.state, now, claimed)
        relays = [scope.next_at(now) for scope in self._relays.values()]
        slot = max(self._process.pace.next_at(process, now), min(relays, default=now))
        return slot - CLAIM_HORIZON_SECONDS / 2

    def snapshot(self) -> PaceSnapshot:
        """Where all paces stand."""
        scopes = {PROCESS: self._process} | {f"relay {name}": scope for name, scope in self._relays.items()}
        return PaceSnapshot(PaceEntry(name, scope.pace, scope.state, None) for name, scope in scopes.items())
