"""Work that goes on in the background for as long as the daemon runs, whatever a step of it meets.

A loop says what one step is; here stands what becomes of a step that fails. It is logged with the loop's name and with
what it worked on, the loop pauses, longer after each failure in a row, and goes on. So no fault of a disk, of a limit
of the machine, or of our own ends the daemon. A loop ends when it says so, or when it is cancelled.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar

from pressrun.core.errors import Unavailable
from pressrun.observe.log import event
from pressrun.services.ports import Clock, Entropy

log = logging.getLogger("pressrun.daemon")

FIRST_PAUSE_SECONDS = 1.0  # after one failure; twice as long after each further one in a row,
LONGEST_PAUSE_SECONDS = 10.0  # up to this: what waits goes on so late at most once the fault is gone
LEAST_WAIT, MOST_WAIT = 0.02, 0.15  # seconds
FAILING_SECONDS = 60.0  # a loop that fails for so long is shown by /readyz, and logged once more


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopFault:
    """Why a loop fails now: since when (UTC seconds), how many times in a row, and the last error."""

    since: float
    times: int
    problem: str


class Signal:
    """Connects whoever has news with whoever waits for it, though neither knows the other: a Waker with listeners."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    def connect(self, listener: Callable[[], None]) -> None:
        """Call this, too, each time the signal is given."""
        self._listeners.append(listener)

    def __call__(self) -> None:
        for listener in self._listeners:
            listener()


class BackgroundLoop(ABC):
    """One loop: `run` it as a task. `fault` is set from a step that fails to the next one that does not.

    `subject` is what a step works on, such as `mail 17`, for the log; never an address.
    """

    name: str
    unavailable: ClassVar[str]  # the event that says that the database, or a helper, was not there for a step

    def __init__(self, clock: Clock) -> None:
        self.subject = ""
        self.fault: LoopFault | None = None
        self._loop_clock = clock
        self._isolated: Exception | None = None
        self._pause_over = asyncio.Event()

    @abstractmethod
    async def step(self) -> bool:
        """Do what there is to do, or wait until there is something; False when there will never be any more."""

    async def run(self) -> None:
        """Take step after step, until there is nothing more to do or the task is cancelled."""
        goes_on = True
        while goes_on:
            self.subject, self._isolated = "", None
            try:
                goes_on = await self.step()
            except Exception as problem:  # noqa: BLE001 - the edge of every loop
                self._log(problem)
                self._isolated = problem
            if self._isolated is None:
                self.works()
            else:
                self._failed(self._isolated)
                await self._pause()

    @property
    def has_failed(self) -> bool:
        """Whether something that was isolated has failed in this step."""
        return self._isolated is not None

    @contextmanager
    def isolated(self, subject: str) -> Iterator[None]:
        """What fails inside concerns this subject alone: it is logged, the step goes on, and counts as failed.

        Unavailable passes: what comes behind would fare no better.
        """
        self.subject = subject
        try:
            yield
        except Unavailable:
            raise
        except Exception as problem:  # noqa: BLE001 - told, and counted at the end of the step
            self._log(problem)
            self._isolated = problem
        self.subject = ""

    def end_pause(self) -> None:
        """Take the next step now, and pause no more: the loop is to end."""
        self._pause_over.set()

    def _log(self, problem: Exception) -> None:
        times = 1 if self.fault is None else self.fault.times + 1
        if isinstance(problem, Unavailable):
            event(log, self.unavailable, level=logging.WARNING, problem=str(problem), times=times)
        else:
            event(
                log,
                "loop.failed",
                level=logging.ERROR,
                error=self.fault is None or self.fault.problem != _words(problem),  # the same traceback once
                loop=self.name,
                subject=self.subject,
                problem=_words(problem),
                times=times,
            )

    def _failed(self, problem: Exception) -> None:
        before = self.fault
        since, times = (self._loop_clock(), 1) if before is None else (before.since, before.times + 1)
        self.fault = LoopFault(since=since, times=times, problem=_words(problem))

    def works(self) -> None:
        """Nothing fails any more: said by a step that goes on to wait for long."""
        if self.fault is not None and self._isolated is None:
            event(log, "loop.recovered", loop=self.name, times=self.fault.times)
            self.fault = None

    async def _pause(self) -> None:
        times = 1 if self.fault is None else self.fault.times
        seconds = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(times - 1, 16))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._pause_over.wait()


def failing_loops(loops: Sequence[BackgroundLoop], now: float) -> list[tuple[str, LoopFault]]:
    """The loops that have failed for FAILING_SECONDS, by name."""
    faults = [(loop.name, loop.fault) for loop in loops]
    return [(name, fault) for name, fault in faults if fault is not None and now - fault.since >= FAILING_SECONDS]


def _words(problem: Exception) -> str:
    """The error in a few words, which hold no address: those of the system, or of ours where a helper is away."""
    if isinstance(problem, Unavailable):
        return str(problem)
    kind = type(problem).__name__
    return f"{kind}: {problem.strerror}" if isinstance(problem, OSError) and problem.strerror else kind


def draw_wait(entropy: Entropy) -> float:
    """A random delay in seconds before a request is carried out.

    The work for a request takes time that depends on whom it is about. Done at once, it would delay the next request,
    and a sender of both could read that off a stopwatch.
    """
    return LEAST_WAIT + int.from_bytes(entropy(4), "big") / 2**32 * (MOST_WAIT - LEAST_WAIT)
