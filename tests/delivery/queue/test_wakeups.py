"""When the dispatcher's loop takes its next turn: at once, a moment later, or when nothing happens for long."""

from __future__ import annotations

import asyncio
import time

import pytest

from pressrun.delivery.queue.claimed_rows import LowWater
from pressrun.delivery.queue.wakeups import WakeUps, Work

NOW = 1000.0
LONG = 30.0


def looked() -> WakeUps:
    """One whose loop has just looked."""
    wake_ups = WakeUps()
    assert Work.ADVANCE is wake_ups.begin(NOW, Work.RECORD)  # the first turn of all looks
    return wake_ups


async def slept(wake_ups: WakeUps, *seconds: float) -> float:
    """How long after it was asked for turns within these seconds the loop takes one."""
    began = time.perf_counter()
    for wait in seconds:
        wake_ups.record_within(wait, NOW)
    async with asyncio.timeout(LONG):
        await wake_ups.sleep(NOW, None)
    return time.perf_counter() - began


async def test_what_may_wait_is_recorded_a_moment_later() -> None:
    """Whatever comes until then goes along, and puts it off no further."""
    assert 0.04 <= await slept(looked(), 0.05, LONG) < 2.0


@pytest.mark.parametrize("hurry", [WakeUps.record, WakeUps.advance])
async def test_what_cannot_wait_takes_it_along(hurry: object) -> None:
    wake_ups = looked()
    wake_ups.record_within(LONG, NOW)
    assert callable(hurry)
    hurry(wake_ups)
    assert await slept(wake_ups) < 2.0


async def test_a_turn_leaves_no_other_one_behind() -> None:
    """What has been recorded is no reason for the next one."""
    wake_ups = looked()
    wake_ups.record_within(0.02, NOW)
    wake_ups.begin(NOW, Work.RECORD)
    await asyncio.sleep(0.05)
    assert 0.08 <= await slept(wake_ups, 0.1) < 2.0


async def test_recording_alone_does_not_look() -> None:
    wake_ups = looked()
    await slept(wake_ups, 0.001)
    assert Work.RECORD is wake_ups.begin(NOW, Work.RECORD)


async def test_a_turn_that_looks_is_the_last_for_what_goes_meanwhile() -> None:
    """It claims more itself; one that only records leaves that to the next one."""
    wake_ups = looked()
    wake_ups.plan(low_water=LowWater(rows=200))
    assert Work.RECORD is wake_ups.begin(NOW, Work.RECORD)
    assert wake_ups.low_water == LowWater(rows=200)
    assert Work.CLAIM is wake_ups.begin(NOW, Work.CLAIM)
    assert wake_ups.low_water == LowWater()
