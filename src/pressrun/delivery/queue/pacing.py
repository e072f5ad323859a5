"""The pace of all deliveries: of the process and of each relay, kept over a restart.

Copies are claimed a little before their turn and *spend* their turn when a connection takes them. What is stored with
each claim counts the claimed ones as spent, so that no kill can make the pace faster than told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pressrun.core.pacing import Pace
from pressrun.core.quantities import Rate

PROCESS = "process"

# Copies are claimed at most this long before their turn: long enough that claims come in batches, short enough that
# leaving, pausing and cancelling reach nearly all copies. The promise is one second.
HORIZON_SECONDS = 0.25
# A timer that fires this early has its turn: waiting again would cost a whole turn of the loop.
EARLY_SECONDS = 0.0005


class Pacer:
    """Decides when the next copy may go through which relay. All times are wall-clock seconds."""

    def __init__(
        self, process: Sequence[Rate], relays: Mapping[str, Sequence[Rate]], stored: Mapping[str, object]
    ) -> None:
        self._process = Pace(process)
        self._process_state = self._process.load(stored[PROCESS]) if PROCESS in stored else self._process.start()
        self._relays = {name: Pace(rates) for name, rates in relays.items()}
        self._relay_states = {
            name: pace.load(stored[f"relay {name}"]) if f"relay {name}" in stored else pace.start()
            for name, pace in self._relays.items()
        }

    @property
    def relays(self) -> Collection[str]:
        """The names of the relays."""
        return self._relays.keys()

    def follow(self, now: float) -> None:
        """Follow a clock that was set back: no turn stays further ahead than one window. Called once a turn."""
        self._process_state = self._process.cut(self._process_state, now)
        for name, pace in self._relays.items():
            self._relay_states[name] = pace.cut(self._relay_states[name], now)

    def next_at(self, relay: str, now: float) -> float:
        """When the next copy may go through this relay; `now` if at once."""
        return max(self.own_next_at(relay, now), self._process.next_at(self._process_state, now))

    def own_next_at(self, relay: str, now: float) -> float:
        """The same by the relay's own rates alone."""
        return self._relays[relay].next_at(self._relay_states[relay], now)

    def spend(self, relay: str, at: float, count: int) -> None:
        """Spend the turn that `next_at` named, and those behind it that are due with it."""
        self._process_state = self._process.spend(self._process_state, at, count)
        self._relay_states[relay] = self._relays[relay].spend(self._relay_states[relay], at, count)

    def due(self, relay: str, now: float, most: int) -> int:
        """How many copies have their turn at this relay by now, `most` at the most."""
        until = now + EARLY_SECONDS
        process = self._process.count_until(self._process_state, now, until, most)
        return min(process, self._relays[relay].count_until(self._relay_states[relay], now, until, most))

    def claimable(self, now: float, claimed: int, most: int) -> int:
        """How many more copies may be claimed, when `claimed` of them wait for their turn already."""
        horizon = now + HORIZON_SECONDS
        process = self._process.count_until(self._process_state, now, horizon, most)
        relays = sum(
            pace.count_until(self._relay_states[name], now, horizon, most) for name, pace in self._relays.items()
        )
        return max(0, min(process, relays) - claimed)

    def next_claim_at(self, now: float, claimed: int) -> float:
        """When the turn of the copy after `claimed` ones is near enough for it to be claimed."""
        process = self._process.reserve(self._process_state, now, claimed)
        relays = [pace.next_at(self._relay_states[name], now) for name, pace in self._relays.items()]
        turn = max(self._process.next_at(process, now), min(relays, default=now))
        return turn - HORIZON_SECONDS / 2

    def dump(self, now: float, claimed: int) -> dict[str, object]:
        """What to store with a claim: `claimed` copies that wait for their turn count as spent."""
        stored: dict[str, object] = {
            PROCESS: self._process.dump(self._process.reserve(self._process_state, now, claimed))
        }
        for name, pace in self._relays.items():
            # Which relay will take the claimed ones is not known: each could take them all.
            stored[f"relay {name}"] = pace.dump(pace.reserve(self._relay_states[name], now, claimed))
        return stored

    def changed(self, process: Sequence[Rate], relays: Mapping[str, Sequence[Rate]], now: float) -> Pacer:
        """A pacer under new rates that goes on from where this one stands."""
        return Pacer(process, relays, self.dump(now, 0))
