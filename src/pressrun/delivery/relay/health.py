"""Whether a relay works, when to try it again, and which of that is worth a line in the log.

  working ──failed──► failing ──(1 s, 2 s, 4 s … 60 s)──► one probe ──failed──► failing
     ▲                                                       │
     └──────────────── opened, or decided about a message ◄──┘

A person who says that the relay may work again gets a probe at once; if it fails, the delays begin anew.
A relay that accepts connections and then breaks each of them is failing, too, until it decides about a message. One
that refuses a further connection while others work is not failing, only full. The pool keeps the timers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from pressrun.observe.log import event
from pressrun.smtp.errors import Fault, Problem

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0
TOLD_AGAIN_SECONDS = 3600.0  # while a relay fails, its line is repeated once an hour, so that every day's log has it

log = logging.getLogger("pressrun.relay")


class Health:
    """The state of one relay; `clock` gives UTC seconds."""

    def __init__(self, relay: str, clock: Callable[[], float]) -> None:
        self._relay = relay
        self._clock = clock
        self._strikes = 0
        self._needs_decision = False
        self._told_at = 0.0
        self.failing_since: float | None = None
        self.last_error: str | None = None

    @property
    def is_failing(self) -> bool:
        return self.failing_since is not None

    def failed(self, problem: Problem, *, while_open: bool, others_work: bool) -> None:
        """A connection failed before it was of any use; logged when that is news."""
        error = str(problem)
        fault = problem.fault.value
        news = error != self.last_error
        self.last_error = error
        if others_work and not self.is_failing:
            if news:
                event(log, "relay.full", relay=self._relay, fault=fault, error=error)
            return
        if self.failing_since is None:
            self.failing_since = self._clock()
            news = True
        if news or not 0 <= self._clock() - self._told_at < TOLD_AGAIN_SECONDS:
            self._told_at = self._clock()
            seconds = round(self._told_at - self.failing_since)
            event(
                log,
                "relay.failing",
                level=logging.WARNING,
                relay=self._relay,
                fault=fault,
                error=error,
                seconds=seconds,
            )
        self._needs_decision = while_open

    def next_delay_seconds(self) -> float:
        """How long to wait before the next probe; doubles with each call until the relay is well."""
        self._strikes += 1
        return float(min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(self._strikes - 1, 10)))

    def opened(self) -> None:
        """A connection was set up, and takes messages."""
        if self.is_failing and not self._needs_decision:
            self._recover()

    def decided(self) -> None:
        """The relay decided about a message."""
        if self.is_failing:
            self._recover()

    def restart_delays(self) -> None:
        """A probe succeeded, or a person wants one now: the next delay is the first one again."""
        self._strikes = 0

    def broke(self, problem: Problem) -> None:
        """A connection that had been of use ended badly: no failure of the relay, but worth a line in the log."""
        is_ordinary = problem.fault in {Fault.SHUT, Fault.DROPPED}
        event(
            log,
            "relay.connection_broken",
            level=logging.DEBUG if is_ordinary else logging.WARNING,
            relay=self._relay,
            fault=problem.fault.value,
            error=str(problem),
        )

    def _recover(self) -> None:
        seconds = round(self._clock() - (self.failing_since or 0.0), 1)
        event(log, "relay.recovered", relay=self._relay, seconds=seconds)
        self.failing_since = None
        self.last_error = None
        self._needs_decision = False
