"""How many messages may be in message on each connection to a relay: as many as bring more of them over, and no more.

A killed process repeats what was in message, so that a window which gains nothing is a loss. What it gains cannot be
told from the time of single replies: relays hold them back, by Nagle's algorithm or until they have read all that came.
So it is tried out, on what all connections to the relay bring over together:

  settled ──patience──► twice as wide  ──a seventh more──► twice that …   ──else──► back, settled
          ──patience──► half as wide   ──as much as before──► settled     ──else──► back, settled

in turns. Next door the window is one, since other connections fill the pauses of this one, until replies come so thick
that reading and writing them one by one is what takes the time: then a few go together.
"""

from __future__ import annotations

from math import inf

MOST = 64  # in message on one connection, however long the line
FIRST = 8  # what is tried after one: less may gain nothing where replies are held back
NEAR_SECONDS = 0.002  # a relay that answers what costs it nothing (EHLO, RSET) sooner is next door
THICK_RATE = 2000.0  # of messages a second next door, all connections together; once a few go together, half of it
FEW = 4  # go together then: more bring little, and a kill of the press repeats them (decision 9)
FORGETTING = 1.001  # how far the shortest time ever seen is stretched each time, so that a longer line is noticed
GAIN = 1.15  # of messages a second, that pays for a window twice as wide
LOSS = 0.95  # of messages a second, that a window half as wide may cost
PATIENCE = 16  # turns from one trial to the next
TURN = 4  # times as long as a final reply takes
FEWEST = 8  # messages in a turn
ALL_BUT_A_FEW = 0.75  # of the messages of a turn, were sent with others waiting, or it says nothing about the window


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
        self._from = self._until = self._last = 0.0  # the turn, and the last reply
        self._is_counting = True  # not while what comes over was sent under another window
        self._count = self._full = 0
        self._rate = 0.0  # messages a second, with the window that trials are compared to
        self._tried_from = 0  # that window; 0 when nothing is tried
        self._patience = 0
        self._narrower_next = False

    def answered(self, seconds: float) -> None:
        """So long took the reply to a command that costs the relay nothing, with nothing before it to be dealt with."""
        self._line = min(self._line * FORGETTING, seconds)

    def served(self, now: float, seconds: float, *, full: bool) -> None:
        """The final reply to a message took so long; `full` when more waited than the window had room for."""
        if now > self._last:
            self._measure(self._last)  # replies that came together count together: they come in bursts
            self._last = now
        self._latency += (seconds - self._latency) / 8 if self._latency else seconds
        self._count += 1
        self._full += full

    def _measure(self, now: float) -> None:
        """At the end of a turn, judge it and begin the next."""
        if now < self._until or (self._count < FEWEST and self._is_counting):
            return
        if self._is_counting:
            self._end(now)
        self._is_counting = not (self._is_counting and self._tried_from)
        self._count = self._full = 0
        self._from = now
        self._until = now + self._latency * (TURN if self._is_counting else 1)

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
