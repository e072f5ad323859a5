"""Rows whose turns come one after the other are handed over so, too, though they waited together for a connection.

The queue gives rows out in their turns. Those that come while a relay greets a new connection would all go when it is
open, so the rates are held once more where connections take their mails. Only the shortest unit of each is: budgets are
spent where they are kept, and what goes faster than here told is blurred by less than what a second may hold more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pressrun.core.pacing import Pace, Spread, SpreadState
from pressrun.core.quantities import Rate
from pressrun.delivery.queue.pacing import EARLY_SECONDS
from pressrun.delivery.queue.timer import Timer
from pressrun.services.ports import Clock, Feed
from pressrun.smtp.events import Settled
from pressrun.smtp.handover import Outgoing

SHORTEST_SECONDS = 0.002  # between two turns: of faster rates one percent is more than may wait for a connection
_ALL = ""  # stands for all relays together


class Spacing:
    """Stands between a feed and its connections, as services.ports.Feed promises; `wake` makes these ask again."""

    def __init__(self, feed: Feed, *, wake: Callable[[], None], clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._alarm = Timer(wake)
        self._spreads: dict[str, Spread] = {}
        self._states: dict[str, SpreadState] = {}

    def change(self, together: Sequence[Rate], relays: Mapping[str, Sequence[Rate]]) -> None:
        """Hold these rates from now on, of all relays together and of each."""
        spreads = {name: Pace(rates).spread for name, rates in {_ALL: together, **relays}.items()}
        self._spreads = {
            name: spread
            for name, spread in spreads.items()
            if spread is not None and spread.interval >= SHORTEST_SECONDS
        }
        self._states = {name: self._states.get(name, SpreadState()) for name in self._spreads}

    def take(self, relay: str) -> Outgoing | None:
        if not self._spreads:
            return self._feed.take(relay)
        now = self._clock()
        at = self._opens_at(relay, now)
        if at > now + EARLY_SECONDS:
            self._alarm.set(at, now)
            return None
        taken = self._feed.take(relay)
        if taken is not None:
            for name in self._scopes(relay):
                self._states[name] = self._spreads[name].spend(self._states[name], at)
        return taken

    def settle(self, relay: str, settled: Sequence[Settled]) -> None:
        self._feed.settle(relay, settled)

    def waiting(self, relay: str) -> int:
        if self._spreads:
            now = self._clock()
            at = self._opens_at(relay, now)
            if at > now + EARLY_SECONDS:
                self._alarm.set(at, now)
                return 0
        return self._feed.waiting(relay)

    def _scopes(self, relay: str) -> list[str]:
        return [name for name in (_ALL, relay) if name in self._spreads]

    def _opens_at(self, relay: str, now: float) -> float:
        at = now
        for name in self._scopes(relay):
            spread = self._spreads[name]
            state = self._states[name] = spread.cut(self._states[name], now)  # the clock may have been set back
            at = max(at, spread.next_at(state, now))
        return at
