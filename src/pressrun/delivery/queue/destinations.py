"""The destinations of one relay: what is on its way to each, and which of them is late.

A destination is a lane, or the recipient domain of a row without one. A relay that asks the recipient's server while we
wait lets a slow domain hold its connections for as long as that takes, and soon all of them. So no destination gets
more than its share while others wait; all that are known as slow have half of the connections while there may be others
in the queue, and never the last ones.

Late is who is overtaken: rows that were taken later, for others, have their answers. Where all are slow nobody is late.
Where a relay is short of time anybody may be overtaken, and who is to blame is not when others have few connections.
So answers count, too: slow is who has its share and takes far longer for several in a row than the relay usually takes
for one, and remains who does so once in a while.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

SHARE = 5  # while others wait, one destination has at most this part of the connections: four may turn slow at once
SLOW_SECONDS = 0.5  # who answers nothing for so long may be slow, and what takes so long a slow answer
FAR_LONGER = 4.0  # times what the relay usually takes
IN_A_ROW = 3  # slow answers, none among them that is not: one alone shows nothing
SPARE = 2  # connections that slow destinations leave to all others


class Destinations:
    """Of one relay with so many connections; `slow` are those that are known as such, by name."""

    __slots__ = (
        "_answers",
        "_half",
        "_heard",
        "_most",
        "_most_of_one",
        "_number",
        "_slow",
        "_streaks",
        "_taken",
        "_unheard",
        "_usual",
    )

    def __init__(self, connections: int, slow: AbstractSet[str]) -> None:
        self._slow = slow
        self._taken: dict[str, int] = {}  # rows on their way
        # Of those that have their share: which answer, whosever, overtakes them, and when they gave their last one.
        self._heard: dict[str, tuple[int, float]] = {}
        self._unheard: set[str] = set()  # those of them that have given none since they had it
        self._number = 0
        self._answers = 0
        self._usual: float | None = None  # running average of how long the relay takes for one
        self._streaks: dict[str, int] = {}  # how many slow answers in a row those gave who have their share
        self.change(connections)

    def change(self, connections: int) -> None:
        """Go on with so many connections."""
        self._most_of_one = max(1, connections // SHARE)
        self._half = max(1, connections // 2)
        self._most = max(1, connections - SPARE)

    def follow(self, now: float) -> None:
        """Follow a clock that was set back: nobody was heard of later than now."""
        for name, (answer, at) in self._heard.items():
            if at > now:
                self._heard[name] = answer, now

    def take(self, name: str, now: float) -> None:
        """A connection takes a row."""
        self._number += 1
        number = self._taken[name] = self._taken.get(name, 0) + 1
        if number >= self._most_of_one and name not in self._heard:
            self._unheard.add(name)
            self._hear(name, now)

    def _hear(self, name: str, now: float) -> None:
        # Those on their way, and as many again: relays do not answer in the order in which they were asked.
        self._heard[name] = self._answers + 2 * self._number + self._most, now

    def answered(self, name: str, now: float, seconds: float) -> bool:
        """A row has its answer, for which the relay took so long; says whether that shows that the name is slow."""
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
            self._usual = usual + (min(seconds, 1.25 * usual + 0.001) - usual) / 8  # long ones change little
            if self._streaks:
                self._streaks.pop(name, None)
        return False

    def _is_still_slow(self, seconds: float) -> bool:
        """An answer of who counts as slow: it makes what is usual shorter, but never longer."""
        if self.is_long(seconds):
            return True
        if self._usual is not None and seconds < self._usual:
            self._usual += (seconds - self._usual) / 8
        return False

    def is_long(self, seconds: float) -> bool:
        """Whether an answer that takes so long takes far longer than usual."""
        return seconds >= SLOW_SECONDS and (self._usual is None or seconds >= FAR_LONGER * self._usual)

    def give_back(self, name: str) -> None:
        """A row is on its way no more."""
        self._number -= 1
        number = self._taken[name] - 1
        if number:
            self._taken[name] = number
        else:
            del self._taken[name]
            self._heard.pop(name, None)
            self._unheard.discard(name)
            self._streaks.pop(name, None)

    # ------------------------------------------------------------------ who waits

    def is_crowded(self, name: str) -> bool:
        """Whether others go first: it has its share."""
        if name in self._slow and self._number_slow() >= self._half:
            return True
        return self._taken.get(name, 0) >= self._most_of_one

    def is_unknown(self, name: str) -> bool:
        """Whether it gets nothing more while there may be others behind what is claimed: it has answered nothing yet,
        or is slow and half of the connections are with such.
        """
        if name in self._slow:
            return self._number_slow() >= self._half
        return self.is_full(name) or (name in self._unheard and self._taken[name] >= self._most)

    def is_full(self, name: str) -> bool:
        """Whether it gets nothing more though nobody else waits: it is late, and its next answers show whether it is
        slow, or all that slow ones may have is on its way.
        """
        if name in self._slow:
            return self._number_slow() >= self._most
        return self._taken.get(name, 0) >= self._most_of_one and self.is_late(name)

    def _number_slow(self) -> int:
        return sum([self._taken.get(name, 0) for name in self._slow])

    def is_late(self, name: str) -> bool:
        """Whether others have long had answers to what they were given later."""
        found = self._heard.get(name)
        return found is not None and self._answers > found[0]

    def silent_seconds(self, name: str, now: float) -> float:
        """How long something that has its share has answered nothing."""
        found = self._heard.get(name)
        return 0.0 if found is None or self._taken[name] < self._most_of_one else now - found[1]
