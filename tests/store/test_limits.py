"""The sliding windows of `[limits]`: exact, kept over a restart, and opening again whatever the clock does."""

from __future__ import annotations

import pytest
from tests.database import select

from pressrun.core.quantities import Rate
from pressrun.store import limits
from pressrun.store.database import Database
from pressrun.store.limits import Meter

RATE = Rate(3, 60.0)
NOW = 1_800_000_000.0


async def spend(database: Database, now: float, *, subject: bytes = b"a", scope: str = "x") -> bool:
    return await database.write(limits.spend, [Meter(scope, subject, RATE)], now)


async def test_so_many_and_no_more_in_any_window(database: Database) -> None:
    allowed = [await spend(database, NOW + at) for at in (0, 0, 10, 10, 59.9, 60.1, 60.2, 60.3)]
    assert [True, True, True, False, False, True, True, False] == allowed


async def test_a_full_window_says_when_it_opens(database: Database) -> None:
    for at in (0, 5, 7):
        await spend(database, NOW + at)
    full, empty = Meter("x", b"a", RATE), Meter("x", b"b", RATE)
    assert NOW + 60 == await database.read(limits.opens_at, [empty, full], NOW + 8)
    assert await database.read(limits.opens_at, [empty, full], NOW + 60.1) is None


async def test_subjects_and_scopes_are_counted_apart(database: Database) -> None:
    for _ in range(3):
        await spend(database, NOW)
    allowed = [
        await spend(database, NOW, subject=b"b"),
        await spend(database, NOW, scope="y"),
        await spend(database, NOW),
    ]
    assert [True, True, False] == allowed


@pytest.mark.parametrize("back", [30.0, 59.0, 3600.0, 86400.0 * 365])
async def test_a_clock_that_was_set_back_locks_nobody_out_for_long(database: Database, back: float) -> None:
    for _ in range(3):
        await spend(database, NOW)
    assert await spend(database, NOW - back + 2 * RATE.seconds)


async def test_what_no_window_reaches_is_swept_from_both_ends(database: Database) -> None:
    for at in (0, 100, 300):
        await spend(database, NOW + at)
    await database.write(limits.sweep, "x", RATE, NOW + 120)
    assert [(NOW + 100,)] == await select(database, "select at from limit_event")


async def test_several_at_once_are_counted_as_if_one_came_after_the_other(database: Database) -> None:
    """Also where one of them comes more than once, and in the same moment as before."""
    subjects = [b"a", b"b", b"a", b"a", b"a", b"b"]
    for at in (0, 0, 60.1):
        together = await database.write(limits.spend_each, "x", subjects, RATE, NOW + at)
        assert together == [await spend(database, NOW + at, subject=subject, scope="y") for subject in subjects]
    assert [] == await database.write(limits.spend_each, "x", [], RATE, NOW)
