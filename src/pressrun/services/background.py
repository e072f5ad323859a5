"""Loops that run in the background for as long as the daemon does, whatever goes wrong.

Each loop defines its step. A step that fails is logged with the name of the loop and what it worked on; the loop
pauses, longer after each failure in a row, and continues. So a fault of the disk, a limit of the machine or a bug does
not end the daemon. A loop ends when its step says so, or when it is cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import ClassVar

from msgspec import Struct

from pressrun.core.errors import Unavailable
from pressrun.observe.log import event
from pressrun.services.ports import Clock, Entropy

log = logging.getLogger("pressrun.daemon")

FIRST_PAUSE_SECONDS = 1.0  # after one failure, and twice as long after each further one in a row,
LONGEST_PAUSE_SECONDS = 10.0  # up to this, so that work resumes soon after the fault is gone
LEAST_WAIT, MOST_WAIT = 0.02, 0.15  # seconds
FAILING_SECONDS = 60.0  # a loop that has failed for this long is shown by /readyz, and logged once more


class LoopFault(Struct, frozen=True, kw_only=True):
    """A loop that is failing: since when (UTC seconds), how many times in a row, and the last error."""

    since: float
    times: int
    problem: str


class Signal:
    """A Waker with listeners: connects two parts that do not know each other."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    def connect(self, listener: Callable[[], None]) -> None:
        """Call this, too, at each signal."""
        self._listeners.append(listener)

    def __call__(self) -> None:
        for listener in self._listeners:
            listener()


class BackgroundLoop(ABC):
    """One loop, whose `run` is a task. `fault` is set from a failed step to the next one that succeeds.

    `subject` is what a step works on, such as `mail 17`, for the log; it is never an address.
    """

    name: str
    unavailable: ClassVar[str]  # the event for a step that found the database, or a helper, unavailable

    def __init__(self, clock: Clock) -> None:
        self.subject = ""
        self.fault: LoopFault | None = None
        self._loop_clock = clock
        self._isolated: Exception | None = None
        self._pause_over = asyncio.Event()

    @abstractmethod
    async def step(self) -> bool:
        """Do the work there is, or wait for some; False when there will be no more."""

    async def run(self) -> None:
        """Repeat the step until there is no more work or the task is cancelled."""
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
        """Whether an isolated part of this step has failed."""
        return self._isolated is not None

    @contextmanager
    def isolated(self, subject: str) -> Iterator[None]:
        """Isolate a failure inside to this subject: it is logged, and the step continues but counts as failed.

        Unavailable is raised, because the rest of the step would meet it, too.
        """
        self.subject = subject
        try:
            yield
        except Unavailable:
            raise
        except Exception as problem:  # noqa: BLE001 - logged, and counted at the end of the step
            self._log(problem)
            self._isolated = problem
        self.subject = ""

    def end_pause(self) -> None:
        """Start the next step now and do not pause again, because the loop is to end."""
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
                exc_info=self.fault is None or self.fault.problem != _words(problem),  # the same traceback only once
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
        """Clear the fault now, for a step that goes on to wait for long."""
        if self.fault is not None and self._isolated is None:
            event(log, "loop.recovered", loop=self.name, times=self.fault.times)
            self.fault = None

    async def _pause(self) -> None:
        times = 1 if self.fault is None else self.fault.times
        seconds = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(times - 1, 16))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._pause_over.wait()


def until_next(seconds: float) -> float:
    """How long to wait until the clock is next at a multiple of `seconds`. Loops that wake up together cost a
    process at rest less than loops that wake up one after the other.
    """
    left = seconds - time.monotonic() % seconds
    return left if left > seconds / 10 else left + seconds  # a timer may fire early


def failing_loops(loops: Sequence[BackgroundLoop], now: float) -> list[tuple[str, LoopFault]]:
    """The loops that have been failing for FAILING_SECONDS, by name."""
    faults = [(loop.name, loop.fault) for loop in loops]
    return [(name, fault) for name, fault in faults if fault is not None and now - fault.since >= FAILING_SECONDS]


def _words(problem: Exception) -> str:
    """The error in a few words without an address: the system's, or ours for an unavailable helper."""
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
