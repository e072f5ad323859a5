"""Which delivery mode to use with a relay: one that it got wrong is not used again for an hour.

  CHUNKING ──misbehaved──► PIPELINING ──misbehaved──► lock step
     ▲                                                    │
     └──── an hour later, or if it was not the mode ◄─────┘

An invalid reply is proof. A connection that stalled, or broke before the relay had decided about anything, only
suggests that the mode is to blame, and so do two in a row that broke with messages in flight. If lock step fails in the
same manner, it was not the mode, and the fastest one is tried again. Open connections keep their mode.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from pressrun.observe.log import event
from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.errors import Problem

REMEMBERED_SECONDS = 3600.0
TIMES_BROKEN_OFF = 2  # once, the relay may just have been restarted

log = logging.getLogger("pressrun.relay")


class Fallback:
    """The fastest mode that one relay can be trusted with; `clock` gives UTC seconds."""

    def __init__(self, relay: str, fastest: DeliveryMode, clock: Callable[[], float]) -> None:
        self._relay = relay
        self._fastest = fastest
        self._clock = clock
        self._mode = fastest
        self._until = 0.0
        self._is_proved = True
        self._error = ""
        self._broken_off = 0
        self._newest_then = 0

    @property
    def mode(self) -> DeliveryMode:
        """The fastest mode that the next connection may use."""
        if self._mode is not self._fastest and not 0 <= self._until - self._clock() <= REMEMBERED_SECONDS:
            self._mode = self._fastest  # an hour has passed, or the clock was set
        return self._mode

    @property
    def note(self) -> str | None:
        """What an operator should know; None while the relay is used as fast as configured."""
        return None if self.mode is self._fastest else f"talked to by {self._mode}, because: {self._error}"

    def protocol_violated(self, mode: DeliveryMode, problem: Problem) -> None:
        """On a connection in this mode, the relay sent an invalid reply."""
        self._step_down(mode, problem, is_proved=True)

    def stalled(self, mode: DeliveryMode, problem: Problem) -> None:
        """A connection in this mode stalled, or broke before the relay had decided about any message."""
        self._step_down(mode, problem, is_proved=False)

    def broke_in_flight(self, mode: DeliveryMode, problem: Problem, number: int, newest: int) -> None:
        """A connection in this mode broke with messages in flight. It was number `number`; the latest is `newest`."""
        if number <= self._newest_then:
            return  # it was open when another broke: a relay that goes away breaks them all
        self._newest_then = newest
        self._broken_off += 1
        if self._broken_off >= TIMES_BROKEN_OFF:
            self._step_down(mode, problem, is_proved=False)

    def ended_well(self) -> None:
        """A connection ended as it should."""
        self._broken_off = 0

    def _step_down(self, mode: DeliveryMode, problem: Problem, *, is_proved: bool) -> None:
        before = self.mode
        if mode is DeliveryMode.LOCK_STEP:
            if not (self._is_proved or is_proved):
                self._mode, self._is_proved = self._fastest, True
            return
        if before.is_simpler_than(mode):  # another connection has reported the same
            return
        self._is_proved = is_proved or (self._is_proved and before is not self._fastest)
        self._mode = mode.simpler
        self._until = self._clock() + REMEMBERED_SECONDS
        self._error = str(problem)
        self._broken_off = 0
        way, fault = self._mode.value, problem.fault.value
        event(log, "relay.fallback", level=logging.WARNING, relay=self._relay, way=way, fault=fault, error=self._error)
