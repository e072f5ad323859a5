"""Rows of copies that count for or against their readers stay until they do so no more."""

from __future__ import annotations

import pytest
from tests.delivery.harness import DeliveryHarness
from tests.services.bounces.test_bounce_handler import FULL, state_of
from tests.services.upkeep.test_retention import ADA, DAY, age, rows_of, send
from tests.settings import change

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.scores import COUNTING
from pressrun.services.settings import BounceSettings


async def test_a_streak_of_bounces_is_as_long_as_it_was(harness: DeliveryHarness) -> None:
    """A reader whose mailbox is full in every edition is suspended at the limit, however far apart those are."""
    await harness.readers(2)
    change(harness.services.settings, bounces=BounceSettings(soft_limit=3))
    for number in range(3):
        assert "active" == (await state_of(harness))[0]
        await send(harness, f"edition {number}", {ADA: FULL})
        await age(harness, 40)
    assert ("suspended", "bounces", None) == await state_of(harness)
    await age(harness, 40)
    assert [(0,)] == await harness.rows("select count(*) from delivery")


async def test_a_success_still_ends_an_older_streak(harness: DeliveryHarness) -> None:
    """It does not go before the bounces that it ended, whichever edition is over first."""
    await harness.readers(2)
    change(harness.services.settings, bounces=BounceSettings(soft_limit=2))
    first = await send(harness, "one", {ADA: FULL})
    await harness.change("update edition set state = 'paused', finished_at = null where id = ?", first)
    await send(harness, "two", {})
    await age(harness, 40)
    # The bounce, the other reader's copy of that edition, and the success that follows the bounce.
    assert [(3,)] == await harness.rows("select count(*) from delivery")
    await send(harness, "three", {ADA: FULL})
    assert "active" == (await state_of(harness))[0]


@pytest.mark.parametrize(("after", "left"), [(0, 1), (1, 0)], ids=["before it", "after it"])
async def test_a_bounce_goes_if_its_reader_was_suspended_and_came_back_since(
    harness: DeliveryHarness, after: int, left: int
) -> None:
    """It counts no more. One from when they were back already does."""
    await harness.readers(1)
    change(harness.services.settings, bounces=BounceSettings(soft_limit=9))
    number = await send(harness, "one", {ADA: FULL})
    ((attempted_at,),) = await harness.rows("select first_attempt_at from delivery")
    await harness.change(
        "insert into suspension (subscriber_id, since, first_edition_id, ended_at) select id, 1, 1, ? from subscriber",
        attempted_at + after,
    )
    await age(harness)
    assert left == await rows_of(harness, number)


@pytest.mark.parametrize("bounce", [bounce for bounce in BounceClass if bounce.kind is not None])
async def test_a_bounce_stays_for_as_long_as_it_counts(harness: DeliveryHarness, bounce: BounceClass) -> None:
    """One that counts against nobody goes with the other rows."""
    await harness.readers(1)
    number = await send(harness, "one", {ADA: FULL})
    await harness.change("update delivery set bounce = ?", bounce.value)
    await age(harness)
    assert int(bounce in COUNTING) == await rows_of(harness, number)


async def test_a_success_before_a_bounce_lets_it_not_go(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    first, second = await send(harness, "one", {}), await send(harness, "two", {ADA: FULL})
    await age(harness)
    assert (0, 1) == (await rows_of(harness, first), await rows_of(harness, second))


async def test_a_success_need_not_wait_for_a_bounce_that_counts_against_nobody(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    first = await send(harness, "one", {ADA: FULL})
    await harness.change("update edition set state = 'paused', finished_at = null where id = ?", first)
    await harness.change("update delivery set bounce = 'policy'")
    second = await send(harness, "two", {})
    await age(harness)
    assert (1, 0) == (await rows_of(harness, first), await rows_of(harness, second))


async def test_a_success_counts_once_no_bounce_is_to_be_expected(harness: DeliveryHarness) -> None:
    """Until then an older bounce stays. The edition keeps the time when the first of its rows went."""
    await harness.readers(2)
    change(harness.services.settings, bounces=BounceSettings(soft_limit=9))
    number = await send(harness, "one", {ADA: FULL})
    harness.pass_time(31 * DAY)
    await send(harness, "two", {})
    await age(harness, 0)
    removed_at = (await harness.stored(number)).copies_removed_at
    assert (1, int(harness.clock())) == (await rows_of(harness, number), removed_at)
    await age(harness, BounceSettings().settle_after_seconds / DAY)
    assert (0, removed_at) == (await rows_of(harness, number), (await harness.stored(number)).copies_removed_at)


async def test_copies_of_all_lists_of_a_reader_make_one_streak(harness: DeliveryHarness) -> None:
    """A success of another list ends it, and stays until the bounces before it are gone."""
    await harness.services.make_list("river")
    await harness.readers(1)
    await harness.readers(1, "river")
    change(harness.services.settings, bounces=BounceSettings(soft_limit=9))
    first = await send(harness, "one", {ADA: FULL})
    await harness.change("update edition set state = 'paused', finished_at = null where id = ?", first)
    second = await send(harness, "two", {}, "river")
    await age(harness, 40)
    assert (1, 1) == (await rows_of(harness, first), await rows_of(harness, second))
    await harness.change("update edition set state = 'finished', finished_at = 1 where id = ?", first)
    await age(harness, 0)
    assert (0, 0) == (await rows_of(harness, first), await rows_of(harness, second))
