"""Which destinations are slow, from what all relays have learned about them (delivery.queue.destinations)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pressrun.delivery.queue.claimed_rows import ClaimedRows
from pressrun.delivery.queue.destinations import SLOW_SECONDS, Destinations
from pressrun.delivery.queue.throttle import Throttle


class SlowDestinations:
    """The destinations of each of the `relays`, and since when some of them have been late."""

    def __init__(self, connections: Mapping[str, int], throttle: Throttle) -> None:
        self._throttle = throttle
        self.relays: dict[str, Destinations] = {}
        # Those that turned out slow since the last cycle: how long the result took, and when it came.
        self._shown: dict[str, tuple[float, float]] = {}
        self._late_since: dict[str, float] = {}
        self.set_connections(connections)

    def set_connections(self, connections: Mapping[str, int]) -> None:
        """Use these numbers of connections, by relay, from now on."""
        self._throttle.set_connections(sum(connections.values()))
        for relay, number in connections.items():
            if relay in self.relays:
                self.relays[relay].change(number)
            else:
                self.relays[relay] = Destinations(number, self._throttle.slow)

    def follow(self, now: float) -> None:
        """Follow a clock that was set back."""
        for destinations in self.relays.values():
            destinations.follow(now)

    def learn(self, name: str, relay: str, now: float, seconds: float) -> None:
        """A row for a destination has its result, which took the relay this many `seconds`."""
        if self.relays[relay].learn(name, now, seconds):
            self._shown[name] = seconds, now

    def find(self, rows: ClaimedRows, now: float, *, more_wait: bool) -> dict[str, float]:
        """Learn which destinations have given no result for long while something waits for them; returns for how long,
        for each newly found one. A late destination is slow. One that may keep all others from being claimed gets a
        queue of its own.
        """
        learned: dict[str, float] = {}
        for name, (seconds, at) in self._shown.items():
            self._find_one(name, seconds, at, learned)
        self._shown.clear()
        hides_others = more_wait and not rows.holds("")
        waiting = rows.destinations()
        self._learn_late(waiting, now)
        for name in waiting:
            seconds = max(destinations.silent_seconds(name, now) for destinations in self.relays.values())
            if seconds < SLOW_SECONDS:
                continue
            if now - self._late_since.get(name, now) >= SLOW_SECONDS and self._is_long(name, seconds):
                self._find_one(name, seconds, now, learned)
            elif hides_others and self._throttle.open_queue(name):
                learned[name] = seconds
        return learned

    def _find_one(self, name: str, seconds: float, now: float, learned: dict[str, float]) -> None:
        if name not in self._throttle.slow:
            learned[name] = seconds
        self._throttle.after_slow(name, seconds, now)

    def _learn_late(self, waiting: Collection[str], now: float) -> None:
        """Remember since when each has been late. If nobody could answer before because the relay or this process stood
        still, those results come together with the ones that overtake them, or right behind them.
        """
        late = [name for name in waiting if any(destinations.is_late(name) for destinations in self.relays.values())]
        self._late_since = {name: min(self._late_since.get(name, now), now) for name in late}

    def _is_long(self, name: str, seconds: float) -> bool:
        relays = self.relays.values()
        return any(destinations.is_late(name) and destinations.is_long(seconds) for destinations in relays)
