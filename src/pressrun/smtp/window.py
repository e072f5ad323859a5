"""How many messages may be in flight on each connection to a relay: as many as raise the throughput, and no more.

A process that is killed sends its messages in flight again, so a window that gains nothing does harm. The time of
single replies does not show the gain: relays hold replies back, by Nagle's algorithm or until they have read all their
input. So the window tries other sizes, alternately, and compares the throughput of all connections to the relay:

  steady ──patience──► twice as wide  ──a seventh more──► twice that …   ──else──► back, steady
         ──patience──► half as wide   ──as much as before──► steady      ──else──► back, steady

For a relay nearby the window is one, because other connections fill the pauses of this one. Only when replies arrive
so fast that reading and writing them one by one takes most of the time are a few messages sent together.
"""

from __future__ import annotations

from math import inf

MOST = 64  # in flight on one connection, however long the round trip
FIRST = 8  # the first size tried above one: a smaller one may gain nothing where replies are held back
NEAR_SECONDS = 0.002  # a relay is nearby if it answers cheap commands (EHLO, RSET) faster than this
THICK_RATE = 2000.0  # messages a second, over all connections, that earn a nearby relay FEW; half keeps it
FEW = 4  # in flight to a fast nearby relay: more gain little, and a killed worker sends them again (decision 9)
FORGETTING = 1.001  # the shortest round trip grows by this factor each time, so that a slower line is noticed
GAIN = 1.15  # the factor in messages a second that justifies a window twice as wide
LOSS = 0.95  # the factor in messages a second below which a window half as wide is given up
PATIENCE = 16  # periods from one trial to the next
PERIOD = 4  # its length, in average times of a final reply
FEWEST = 8  # messages in a period
ALL_BUT_A_FEW = 0.75  # a period counts only if at least this share of its messages filled the window


class Window:
    """`size` holds for each connection; one window is shared by all connections to a relay. Times are in seconds."""

    __slots__ = (
        "_count",
        "_from",
        "_full",
        "_is_counting",
        "_last",
        "_latency",
        "_line",
        "_most",
        "_narrower_next",
        "_patience",
        "_rate",
        "_tried_from",
        "_until",
        "size",
    )

    def __init__(self, size: int = 1, most: int = MOST) -> None:
        self.size = min(size, most)
        self._most = most
        self._line = inf
        self._latency = 0.0  # running average of final replies
        self._from = self._until = self._last = 0.0  # the bounds of the period, and the time of the latest reply
        self._is_counting = True  # False while replies still belong to messages sent under the previous size
        self._count = self._full = 0
        self._rate = 0.0  # messages a second at the size that trials are compared with
        self._tried_from = 0  # that size; 0 when no trial is running
        self._patience = 0
        self._narrower_next = False

    def answered(self, seconds: float) -> None:
        """Record the round trip of a command that costs the relay nothing, sent while no other waited for a reply."""
        self._line = min(self._line * FORGETTING, seconds)

    def served(self, now: float, seconds: float, *, full: bool) -> None:
        """Record how long the final reply to a message took; `full` if more messages waited than the window held."""
        if now > self._last:
            self._measure(self._last)  # replies come in bursts, and a burst counts as a whole
            self._last = now
        self._latency += (seconds - self._latency) / 8 if self._latency else seconds
        self._count += 1
        self._full += full

    def _measure(self, now: float) -> None:
        """At the end of a period, judge it and begin the next."""
        if now < self._until or (self._count < FEWEST and self._is_counting):
            return
        if self._is_counting:
            self._end(now)
        self._is_counting = not (self._is_counting and self._tried_from)
        self._count = self._full = 0
        self._from = now
        self._until = now + self._latency * (PERIOD if self._is_counting else 1)

    def _end(self, now: float) -> None:
        rate = self._count / max(now - self._from, 1e-6)
        if self._line < NEAR_SECONDS:
            self._keep(min(FEW, self._most) if rate >= THICK_RATE / (1 if self.size == 1 else 2) else 1)
        elif self._full >= ALL_BUT_A_FEW * self._count:
            self._compare(rate)
        elif self._tried_from:
            self._keep(self._tried_from)

    def _compare(self, rate: float) -> None:
        if not self._tried_from:
            self._rate = rate if not self._rate else self._rate + (rate - self._rate) / 4
            self._patience -= 1
            if self._patience <= 0:
                self._try_size(wider=self.size == 1 or (self.size < self._most and not self._narrower_next))
            return
        wider = self.size > self._tried_from
        if rate < self._rate * (GAIN if wider else LOSS):
            self._narrower_next = wider
            self._keep(self._tried_from)
            return
        self._rate = rate
        if wider and self.size < self._most:
            self._try_size(wider=True)
        else:
            self._keep(self.size)

    def _try_size(self, *, wider: bool) -> None:
        self._tried_from = self.size
        self.size = min(max(self.size * 2, FIRST), self._most) if wider else self.size // 2

    def _keep(self, size: int) -> None:
        self.size = size
        self._tried_from = 0
        self._patience = PATIENCE
