"""Which copies go along when one reader becomes another, and which make way for them: every condition by itself.

Each test has a giver and a taker, who read the same list, and one edition.
"""

from __future__ import annotations

from functools import partial

import pytest
from tests.delivery.harness import DeliveryHarness
from tests.services.readers.test_copies_that_move import (
    ADA,
    LAST,
    NEW,
    WEB,
    begin,
    choose_at,
    family,
    get_issue,
    link_of,
    move,
    send_rest,
    take_rest,
)

from pressrun.core.addresses.address import parse_address
from pressrun.services.readers.address_changes import AddressChangeOutcome, AddressChanges
from pressrun.store.queue import audiences
from pressrun.store.queue.deliveries import FOR_EVER
from pressrun.store.readers import language_switch, subscriptions
from pressrun.store.transaction import Transaction

__all__ = ["family"]  # a fixture

GIVER, TAKER = 1, 2
BEFORE, PAUSED_AT, AFTER = 100, 200, 300
UNFINISHED = ("queued", "deferred", "claimed")
FINISHED = ("delivered", "failed")


async def with_copies(harness: DeliveryHarness, giver: tuple[str, int | None], taker: tuple[str, int | None]) -> int:
    """An edition of which both have a copy in some state, whose last result was recorded then."""
    await harness.readers(2)
    edition = await harness.edition()
    for number, (state, recorded_at) in ((GIVER, giver), (TAKER, taker)):
        sql = "update delivery set state = ?, recorded_at = ? where subscription_id = ?"
        await harness.change(sql, state, recorded_at, number)
    return edition


async def without_takers_copy(harness: DeliveryHarness, giver: tuple[str, int | None]) -> int:
    edition = await with_copies(harness, giver, ("queued", None))
    await harness.change("delete from delivery where subscription_id = ?", TAKER)
    return edition


async def set_paused(harness: DeliveryHarness, number: int, since: int) -> None:
    sql = "update subscription set state = 'suspended', suspended_for = 'paused', since = ? where id = ?"
    await harness.change(sql, since, number)


async def hand_over(harness: DeliveryHarness) -> list[int]:
    """The editions whose copies went along."""

    def hand(tx: Transaction) -> list[int]:
        giver, taker = (subscriptions.find_subscription_by_id(tx, number) for number in (GIVER, TAKER))
        assert giver is not None
        assert taker is not None
        return subscriptions.hand_copies_over(tx, giver, taker, "elsewhere.example", int(harness.services.now))

    return await harness.services.database.write(hand)


# ---------------------------------------------------------------------- what goes along


@pytest.mark.parametrize("state", UNFINISHED)
async def test_what_is_unfinished_goes_along(harness: DeliveryHarness, state: str) -> None:
    """To the destination of the new address, and nothing is rewritten of what a relay has said."""
    edition = await without_takers_copy(harness, (state, BEFORE))
    await harness.change("insert into destination_domain values ('elsewhere.example', 'elsewhere', 1)")
    assert [edition] == await hand_over(harness)
    columns = "select subscription_id, state, recorded_at, domain, destination from delivery"
    assert [(TAKER, state, BEFORE, "elsewhere.example", "elsewhere")] == await harness.rows(columns)


@pytest.mark.parametrize("state", UNFINISHED)
async def test_what_is_unfinished_goes_along_to_another_language(harness: DeliveryHarness, state: str) -> None:
    await without_takers_copy(harness, (state, BEFORE))

    def move_copies(tx: Transaction) -> int:
        giver, taker = (subscriptions.find_subscription_by_id(tx, number) for number in (GIVER, TAKER))
        assert giver is not None
        assert taker is not None
        return language_switch.move_copies(tx, giver, taker, int(harness.services.now))

    assert 1 == await harness.services.database.write(move_copies)
    assert [(TAKER, state, BEFORE)] == await harness.rows("select subscription_id, state, recorded_at from delivery")


@pytest.mark.parametrize(
    ("state", "recorded_at", "goes_along"),
    [
        ("cancelled", BEFORE, False),  # when they had left, before they came back and paused
        ("cancelled", PAUSED_AT, True),
        ("cancelled", AFTER, True),  # in flight when they paused, and put off
        *((state, AFTER, False) for state in FINISHED),  # in flight when they paused, and gone: it stays theirs
    ],
)
async def test_what_a_pause_has_stopped_goes_along(
    harness: DeliveryHarness, state: str, recorded_at: int, goes_along: bool
) -> None:
    edition = await without_takers_copy(harness, (state, recorded_at))
    await set_paused(harness, GIVER, PAUSED_AT)
    assert ([edition] if goes_along else []) == await hand_over(harness)


async def test_what_was_cancelled_goes_along_with_nobody_who_is_not_paused(harness: DeliveryHarness) -> None:
    await without_takers_copy(harness, ("cancelled", AFTER))
    assert [] == await hand_over(harness)


@pytest.mark.parametrize(("since", "recorded_at"), [(BEFORE, PAUSED_AT), (AFTER, AFTER)])
async def test_what_goes_along_counts_as_stopped_by_the_later_pause(
    harness: DeliveryHarness, since: int, recorded_at: int
) -> None:
    """Of which the end will queue it again."""
    await without_takers_copy(harness, ("cancelled", PAUSED_AT))
    await set_paused(harness, GIVER, PAUSED_AT)
    await set_paused(harness, TAKER, since)
    await hand_over(harness)
    assert [(TAKER, recorded_at)] == await harness.rows("select subscription_id, recorded_at from delivery")


# ---------------------------------------------------------------------- what makes way


@pytest.mark.parametrize("state", UNFINISHED)
async def test_what_was_cancelled_makes_way_for_what_is_unfinished(harness: DeliveryHarness, state: str) -> None:
    edition = await with_copies(harness, (state, None), ("cancelled", AFTER))
    assert [edition] == await hand_over(harness)
    assert [(TAKER, state)] == await harness.rows("select subscription_id, state from delivery")


@pytest.mark.parametrize("state", [*UNFINISHED, *FINISHED])
async def test_no_other_copy_makes_way(harness: DeliveryHarness, state: str) -> None:
    """One that was delivered least of all: the other one would be their second."""
    await with_copies(harness, ("queued", None), (state, AFTER))
    assert [] == await hand_over(harness)
    assert [(state,)] == await harness.rows("select state from delivery where subscription_id = ?", TAKER)


async def test_what_the_takers_pause_has_stopped_does_not_make_way(harness: DeliveryHarness) -> None:
    """It comes back at the end of the pause, also where the one who moves here goes back before that."""
    await with_copies(harness, ("queued", None), ("cancelled", PAUSED_AT))
    await set_paused(harness, TAKER, PAUSED_AT)
    assert [] == await hand_over(harness)
    assert [("cancelled",)] == await harness.rows("select state from delivery where subscription_id = ?", TAKER)


@pytest.mark.parametrize(
    ("state", "recorded_at", "makes_way"),
    [
        ("cancelled", BEFORE, False),
        ("cancelled", PAUSED_AT, True),
        *((state, AFTER, False) for state in FINISHED),
    ],
)
async def test_what_was_cancelled_makes_way_for_what_comes_back_after_a_pause(
    harness: DeliveryHarness, state: str, recorded_at: int, makes_way: bool
) -> None:
    """And for nothing else, or an unsubscribe that is undone would find no copy to bring back."""
    edition = await with_copies(harness, (state, recorded_at), ("cancelled", AFTER))
    give_way = partial(audiences.give_way, giver_id=GIVER, taker_id=TAKER)
    await harness.services.database.write(lambda tx: give_way(tx, stopped_since=PAUSED_AT, own_since=FOR_EVER))
    kept = await harness.rows("select edition_id from delivery where subscription_id = ?", TAKER)
    assert ([] if makes_way else [(edition,)]) == kept


# ---------------------------------------------------------------------- what goes back


async def hand_back(harness: DeliveryHarness, *editions: int) -> set[int]:
    """Those of these editions of which the taker had a copy."""

    def hand(tx: Transaction) -> set[int]:
        return subscriptions.hand_copies_back(tx, editions, GIVER, TAKER, "elsewhere.example")

    return await harness.services.database.write(hand)


@pytest.mark.parametrize(
    ("state", "owner"),
    [*((state, GIVER) for state in (*UNFINISHED, "cancelled")), *((state, TAKER) for state in FINISHED)],
)
async def test_what_may_still_go_out_goes_back(harness: DeliveryHarness, state: str, owner: int) -> None:
    """One that was cancelled, too: the end of a pause or an unsubscribe that is undone queues it again."""
    edition = await without_takers_copy(harness, (state, BEFORE))
    await harness.change("update delivery set subscription_id = ?", TAKER)
    await harness.change("insert into destination_domain values ('elsewhere.example', 'elsewhere', 1)")
    assert {edition} == await hand_back(harness, edition)
    place = ("elsewhere.example", "elsewhere") if owner == GIVER else ("reader.example", "")
    columns = "select subscription_id, state, recorded_at, domain, destination from delivery"
    assert [(owner, state, BEFORE, *place)] == await harness.rows(columns)


@pytest.mark.parametrize("state", UNFINISHED)
async def test_what_goes_back_replaces_what_was_cancelled(harness: DeliveryHarness, state: str) -> None:
    """Of the same edition, and of no other one."""
    edition = await with_copies(harness, ("cancelled", BEFORE), (state, None))
    other = await harness.edition("Hello again")
    sql = "update delivery set state = ? where edition_id = ? and subscription_id = ?"
    await harness.change(sql, "cancelled", other, GIVER)
    await harness.change(sql, "delivered", other, TAKER)
    assert {edition, other} == await hand_back(harness, edition, other)
    copies = await harness.rows("select edition_id, subscription_id, state from delivery order by id")
    assert [(edition, GIVER, state), (other, GIVER, "cancelled"), (other, TAKER, "delivered")] == copies


@pytest.mark.parametrize("state", [*UNFINISHED, *FINISHED])
async def test_nothing_goes_back_to_who_has_a_copy(harness: DeliveryHarness, state: str) -> None:
    edition = await with_copies(harness, (state, None), ("queued", None))
    await hand_back(harness, edition)
    copies = await harness.rows("select subscription_id, state from delivery order by subscription_id")
    assert [(GIVER, state), (TAKER, "queued")] == copies


# ---------------------------------------------------------------------- what the taker has already


async def has_taken_it_to_another_language(harness: DeliveryHarness) -> int:
    """An edition that somebody has taken along to the other language, and they read this one again since."""
    await harness.add_readers([NEW])
    harness.pass_time(10)
    edition = await begin(harness)
    await take_rest(harness)
    await choose_at(harness, NEW, "boletim")
    back = "update subscription set state = 'active', since = ?, moved_to = null where state = 'unsubscribed'"
    await harness.change(back, int(harness.services.now))
    return edition


async def test_who_has_the_edition_in_another_language_does_not_get_it_twice(family: DeliveryHarness) -> None:
    edition = await has_taken_it_to_another_language(family)
    await move(family)
    assert [NEW] == await send_rest(family, edition)


async def test_who_had_only_a_cancelled_copy_in_another_language_gets_it(family: DeliveryHarness) -> None:
    """They have unsubscribed there."""
    edition = await has_taken_it_to_another_language(family)
    await family.services.unsubscribes.unsubscribe(await family.subscription(NEW, "boletim"), WEB)
    await move(family)
    assert [NEW] == await send_rest(family, edition)


async def test_who_had_the_issue_in_another_language_gets_no_copy_that_waits_for_somebody_else(
    family: DeliveryHarness,
) -> None:
    await family.add_readers([NEW], "boletim")
    assert [NEW] == await get_issue(family, "boletim")
    await choose_at(family, NEW, "news")
    edition = await begin(family, issue="may")
    await take_rest(family)
    await move(family)
    assert [] == await send_rest(family, edition)


async def test_who_had_the_issue_at_another_address_gets_no_copy_that_waits_for_somebody_else(
    family: DeliveryHarness,
) -> None:
    """Their former address became that of a reader."""
    await family.services.make_list("other")
    await family.add_readers([NEW], "other")
    await family.add_readers([LAST], "boletim")
    assert [LAST] == await get_issue(family, "boletim")
    changes = AddressChanges(family.services.context)
    await changes.request((await link_of(family, LAST)).subscriber_id, parse_address(NEW), WEB)
    assert AddressChangeOutcome.DONE is (await changes.confirm(1, WEB))[0]
    family.pass_time(1)
    await choose_at(family, NEW, "news")
    edition = await begin(family, issue="may")
    await take_rest(family)
    await changes.request((await link_of(family, ADA)).subscriber_id, parse_address(NEW), WEB)
    assert AddressChangeOutcome.DONE is (await changes.confirm(2, WEB))[0]
    assert [] == await send_rest(family, edition)
