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
TIMES_BROKEN_OFF = 2  # once, a relay may have been started anew

log = logging.getLogger("pressrun.relay")


class Fallback:
    """The fastest way that one relay is fit for; `clock` gives UTC seconds."""

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
        """No faster than so the next connection may go."""
        if self._mode is not self._fastest and not 0 <= self._until - self._clock() <= REMEMBERED_SECONDS:
            self._mode = self._fastest  # an hour is over, or the clock was set
        return self._mode

    @property
    def note(self) -> str | None:
        """What an operator should know; None while the relay is talked to as fast as agreed."""
        return None if self.mode is self._fastest else f"talked to by {self._mode}, because: {self._error}"

    def protocol_violated(self, mode: DeliveryMode, problem: Problem) -> None:
        """On a connection that went this way the relay said what makes no sense."""
        self._step_down(mode, problem, is_proved=True)

    def stalled(self, mode: DeliveryMode, problem: Problem) -> None:
        """Such a connection stalled, or broke before the relay had decided about any message."""
        self._step_down(mode, problem, is_proved=False)

    def broke_in_flight(self, mode: DeliveryMode, problem: Problem, number: int, newest: int) -> None:
        """Such a connection broke with messages in flight; it was opened as that number, `newest` by now."""
        if number <= self._newest_then:
            return  # it stood when another broke: one relay that goes away breaks them all
        self._newest_then = newest
        self._broken_off += 1
        if self._broken_off >= TIMES_BROKEN_OFF:
            self._step_down(mode, problem, is_proved=False)

    def ended_well(self) -> None:
        """A connection came to a good end."""
        self._broken_off = 0

    def _step_down(self, mode: DeliveryMode, problem: Problem, *, is_proved: bool) -> None:
        before = self.mode
        if mode is DeliveryMode.LOCK_STEP:
            if not (self._is_proved or is_proved):
                self._mode, self._is_proved = self._fastest, True
            return
        if before.is_simpler_than(mode):  # another connection told the same
            return
        self._is_proved = is_proved or (self._is_proved and before is not self._fastest)
        self._mode = mode.simpler
        self._until = self._clock() + REMEMBERED_SECONDS
        self._error = str(problem)
        self._broken_off = 0
        way, fault = self._mode.value, problem.fault.value
        event(log, "relay.fallback", level=logging.WARNING, relay=self._relay, way=way, fault=fault, error=self._error)
