"""What becomes of a background loop whose steps fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

import pytest

from pressrun.core.errors import MalformedAddress, Unavailable
from pressrun.services import background
from pressrun.services.background import BackgroundLoop, LoopFault, failing_loops

NOW = 1_800_000_000.0


class Loop(BackgroundLoop):
    """Takes these steps; each may raise. Ends after the last one."""

    name = "steps"
    unavailable = "housekeeping.database_unavailable"

    def __init__(self, steps: Iterable[Callable[[Loop], None]]) -> None:
        super().__init__(lambda: NOW)
        self._steps: Iterator[Callable[[Loop], None]] = iter(steps)
        self.faults: list[LoopFault | None] = []

    async def step(self) -> bool:
        self.faults.append(self.fault)
        taken = next(self._steps, None)
        if taken is None:
            return False
        taken(self)
        return True


def failing(problem: BaseException, subject: str = "mail 17") -> Callable[[Loop], None]:
    def step(loop: Loop) -> None:
        loop.subject = subject
        raise problem

    return step


def well(_: Loop) -> None:
    """Nothing is wrong."""


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the loop wants to pause each time; it does not."""
    durations: list[float] = []
    timeout = asyncio.timeout

    def at_once(seconds: float) -> asyncio.Timeout:
        durations.append(seconds)
        return timeout(0)

    monkeypatch.setattr(asyncio, "timeout", at_once)
    return durations


def told(caplog: pytest.LogCaptureFixture, name: str) -> list[dict[str, object]]:
    return [record.__dict__["fields"] for record in caplog.records if record.message == name]


FAULTS = [
    OSError(28, "No space left on device"),
    RuntimeError("can't start new thread"),
    MemoryError(),
    ValueError("malformed"),
    MalformedAddress("ada@reader.example is no address"),
    AssertionError(),
    TimeoutError(),
    ExceptionGroup("several", [OSError(5, "Input/output error")]),
]


@pytest.mark.parametrize("problem", FAULTS, ids=lambda problem: type(problem).__name__)
async def test_a_loop_goes_on_after_any_error(
    problem: Exception, pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with the loop's name and with what it worked on."""
    loop = Loop([failing(problem), well])
    await loop.run()
    assert (3, None) == (len(loop.faults), loop.fault)
    failures = told(caplog, "loop.failed")
    assert [("steps", "mail 17", 1)] == [
        (failure["loop"], failure["subject"], failure["times"]) for failure in failures
    ]
    assert "reader.example" not in str(failures)


async def test_it_pauses_longer_after_each_failure_up_to_a_limit(pauses: list[float]) -> None:
    await Loop([failing(OSError(5, "Input/output error"))] * 6 + [well, failing(KeyError("x"))]).run()
    assert [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 1.0] == pauses


async def test_a_fault_lasts_until_a_step_does_not_fail(pauses: list[float]) -> None:
    loop = Loop([failing(OSError(28, "No space left on device"))] * 2 + [well])
    await loop.run()
    words = "OSError: No space left on device"
    expected = [None, *(LoopFault(since=NOW, times=times, problem=words) for times in (1, 2)), None]
    assert expected == loop.faults


async def test_the_same_traceback_is_logged_once(pauses: list[float], caplog: pytest.LogCaptureFixture) -> None:
    await Loop([failing(KeyError("x"))] * 3 + [failing(ValueError("y"))]).run()
    lines = [record for record in caplog.records if record.message == "loop.failed"]
    assert [True, False, False, True] == [bool(record.exc_info) for record in lines]


async def test_a_database_that_is_away_has_an_event_of_its_own(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    await Loop([failing(Unavailable("the database is locked"))]).run()
    assert [{"problem": "the database is locked", "times": 1}] == told(caplog, "housekeeping.database_unavailable")
    assert [] == told(caplog, "loop.failed")


async def test_what_is_isolated_stops_nothing_behind_it(pauses: list[float], caplog: pytest.LogCaptureFixture) -> None:
    """The step counts as failed all the same."""
    done = []

    def step(loop: Loop) -> None:
        for number in range(3):
            with loop.isolated(f"item {number}"):
                if number == 1:
                    raise ValueError("malformed")
                done.append(number)

    loop = Loop([step])
    await loop.run()
    assert ([0, 2], [1.0]) == (done, pauses)
    assert ["item 1"] == [failure["subject"] for failure in told(caplog, "loop.failed")]
    assert LoopFault(since=NOW, times=1, problem="ValueError") == loop.faults[1]


async def test_a_database_that_is_away_is_nobodys_own_fault(pauses: list[float]) -> None:
    """What comes behind would wait for it as long."""
    done = []

    def step(loop: Loop) -> None:
        for number in range(2):
            with loop.isolated(f"item {number}"):
                done.append(number)
                raise Unavailable("the database is locked")

    await Loop([step]).run()
    assert [0] == done


async def test_a_loop_that_is_to_end_does_not_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 3600.0)
    monkeypatch.setattr(background, "LONGEST_PAUSE_SECONDS", 3600.0)
    loop = Loop([failing(KeyError("x"))] * 3)
    running = asyncio.create_task(loop.run())
    while loop.fault is None:  # noqa: ASYNC110 - each step lets the loop turn
        await asyncio.sleep(0)
    loop.end_pause()
    await running


async def test_a_step_that_waits_for_long_says_that_it_works(pauses: list[float]) -> None:
    """Otherwise a fault that is gone would be shown for as long as nothing happens."""
    faults: list[LoopFault | None] = []

    def step(loop: Loop) -> None:
        loop.works()
        faults.append(loop.fault)

    await Loop([failing(KeyError("x")), step]).run()
    assert [None] == faults


async def test_cancellation_passes() -> None:
    """While a step waits, and while the loop pauses."""

    class Waiting(Loop):
        async def step(self) -> bool:
            await asyncio.Event().wait()
            return True

    for loop in (Waiting([]), Loop([failing(KeyError("x"))])):
        running = asyncio.create_task(loop.run())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


def test_only_what_fails_for_long_stands_in_the_way() -> None:
    loops = [Loop([]), Loop([]), Loop([])]
    loops[1].fault = LoopFault(since=NOW - 59, times=9, problem="x")
    loops[2].fault = LoopFault(since=NOW - 60, times=9, problem="x")
    assert [("steps", loops[2].fault)] == failing_loops(loops, NOW)
