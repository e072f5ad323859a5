"""What is in flight to each destination through each relay, and which destinations are slow.

A destination is a domain or provider with a queue of its own, or else the recipient's domain. A relay that asks the
recipient's server while we wait lets a slow domain hold its connections for as long as that takes, and soon all of
them. So no destination gets more than its share while others wait. All slow ones together have half of the connections
while there may be others in the database, and never the last ones.

A destination is late when rows that were handed out later, for other destinations, already have results. If all of them
are slow, none is late. If the relay itself is short of time, any destination may be overtaken. So the time that results
take counts, too: a destination is slow if it has its share in flight and takes far longer for several rows in a row
than the relay usually takes for one. It remains slow while it takes that long once in a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from pressrun.delivery.queue.claimed_rows import ClaimedRows
from pressrun.delivery.queue.throttle import Throttle

SHARE = 5  # a destination gets at most one in five of the connections while others wait: four may turn slow
SLOW_SECONDS = 0.5  # a destination without results for this long may be slow; a result that takes this long is slow
FAR_LONGER = 4.0  # times what the relay usually takes
IN_A_ROW = 3  # slow results without a fast one among them: a single one shows nothing
SPARE = 2  # connections that slow destinations leave to all others


class Destinations:
    """The destinations of one relay, which has `connections`; `slow` are the names of those known to be slow."""

    def __init__(self, connections: int, slow: AbstractSet[str]) -> None:
        self._slow = slow
        self._in_flight: dict[str, int] = {}  # rows in flight to each
        # Of those that have their share: the number of the result at which they are late, and when they last had one.
        self._heard: dict[str, tuple[int, float]] = {}
        self._unheard: set[str] = set()  # of those, the ones that have had none since then
        self._number = 0
        self._answers = 0
        self._usual: float | None = None  # running average of how long the relay takes for a row
        self._streaks: dict[str, int] = {}  # slow results in a row, of those that have their share
        self.change(connections)

    def change(self, connections: int) -> None:
        """Continue with this number of connections."""
        self._most_of_one = max(1, connections // SHARE)
        self._half = max(1, connections // 2)
        self._most = max(1, connections - SPARE)

    def follow(self, now: float) -> None:
        """Follow a clock that was set back: no result came later than now."""
        for name, (answer, at) in self._heard.items():
            if at > now:
                self._heard[name] = answer, now

    def hand_out(self, name: str, now: float) -> None:
        self._number += 1
        number = self._in_flight[name] = self._in_flight.get(name, 0) + 1
        if number >= self._most_of_one and name not in self._heard:
            self._unheard.add(name)
            self._hear(name, now)

    def _hear(self, name: str, now: float) -> None:
        # Those in flight, and as many again: relays do not answer in the order in which they got the rows.
        self._heard[name] = self._answers + 2 * self._number + self._most, now

    def learn(self, name: str, now: float, seconds: float) -> bool:
        """A row has its result, which took the relay this long; returns whether this shows a slow destination."""
        self._answers += 1
        shows = self._is_still_slow(seconds) if name in self._slow else self._learn_time(name, seconds)
        if name in self._heard:
            self._unheard.discard(name)
            self._hear(name, now)
        self.give_back(name)
        return shows

    def _learn_time(self, name: str, seconds: float) -> bool:
        usual = self._usual
        if usual is None:
            self._usual = seconds
        elif name in self._heard and self.is_long(seconds):
            streak = self._streaks[name] = self._streaks.get(name, 0) + 1
            return streak >= IN_A_ROW
        else:
            self._usual = usual + (min(seconds, 1.25 * usual + 0.001) - usual) / 8  # long times change it little
            if self._streaks:
                self._streaks.pop(name, None)
        return False

    def _is_still_slow(self, seconds: float) -> bool:
        """A result of a slow destination: it makes the usual time shorter, but never longer."""
        if self.is_long(seconds):
            return True
        if self._usual is not None and seconds < self._usual:
            self._usual += (seconds - self._usual) / 8
        return False

    def is_long(self, seconds: float) -> bool:
        """Whether this is far longer than results usually take."""
        return seconds >= SLOW_SECONDS and (self._usual is None or seconds >= FAR_LONGER * self._usual)

    def give_back(self, name: str) -> None:
        """A row is no longer in flight."""
        self._number -= 1
        number = self._in_flight[name] - 1
        if number:
            self._in_flight[name] = number
        else:
            del self._in_flight[name]
            self._heard.pop(name, None)
            self._unheard.discard(name)
            self._streaks.pop(name, None)

    # ------------------------------------------------------------------ who waits

    def is_crowded(self, name: str) -> bool:
        """Whether others go first, since it has its share."""
        if name in self._slow and self._number_slow() >= self._half:
            return True
        return self._in_flight.get(name, 0) >= self._most_of_one

    def is_unknown(self, name: str) -> bool:
        """Whether it gets nothing more while there may be others behind what is claimed: it has had no result yet, or
        is slow, and slow ones have half of the connections.
        """
        if name in self._slow:
            return self._number_slow() >= self._half
        return self.is_full(name) or (name in self._unheard and self._in_flight[name] >= self._most)

    def is_full(self, name: str) -> bool:
        """Whether it gets nothing more even if nothing else waits: it is late, and its next results show whether it is
        slow; or slow ones have all that they may have.
        """
        if name in self._slow:
            return self._number_slow() >= self._most
        return self._in_flight.get(name, 0) >= self._most_of_one and self.is_late(name)

    def _number_slow(self) -> int:
        return sum([self._in_flight.get(name, 0) for name in self._slow])

    def is_late(self, name: str) -> bool:
        """Whether others have long had results of rows that were handed out later."""
        heard = self._heard.get(name)
        return heard is not None and self._answers > heard[0]

    def silent_seconds(self, name: str, now: float) -> float:
        """For how long a destination that has its share has had no result."""
        heard = self._heard.get(name)
        return 0.0 if heard is None or self._in_flight[name] < self._most_of_one else now - heard[1]


class SlowDestinations:
    """The destinations of each of the `relays`, and what all of these have learned about slow ones."""

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
        waiting, relays = rows.destinations(), self.relays.values()
        # After a relay or this process stood still, destinations look late for a moment, because the results that
        # overtake theirs come first. So only those that stay late for a while count.
        late = [name for name in waiting if any(destinations.is_late(name) for destinations in relays)]
        self._late_since = {name: min(self._late_since.get(name, now), now) for name in late}
        for name in waiting:
            seconds = max(destinations.silent_seconds(name, now) for destinations in relays)
            if seconds < SLOW_SECONDS:
                continue
            is_long = any(destinations.is_late(name) and destinations.is_long(seconds) for destinations in relays)
            if is_long and now - self._late_since[name] >= SLOW_SECONDS:
                self._find_one(name, seconds, now, learned)
            elif hides_others and self._throttle.open_queue(name):
                learned[name] = seconds
        return learned

    def _find_one(self, name: str, seconds: float, now: float, learned: dict[str, float]) -> None:
        if name not in self._throttle.slow:
            learned[name] = seconds
        self._throttle.after_slow(name, seconds, now)
