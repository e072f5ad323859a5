"""An audience that is taken in slices: everyone who was there at the start, once, whatever happens meanwhile.

A slice has three rows here, and each test does something between two of them.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from tests.delivery.harness import DeliveryHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Unavailable
from pressrun.core.lifecycles import canary
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.editions import audience, lifecycle
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.services.reports import queue_listing
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store import bulk_changes
from pressrun.store.queue import copy_counts
from pressrun.store.transaction import Transaction

SLICE = 3


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", SLICE)


async def begin(harness: DeliveryHarness, readers: int = 8, *, canary_percent: float | None = None) -> int:
    """An edition to some readers that has started, with its first slice taken."""
    await harness.readers(readers)
    edition = await harness.edition(scheduled_at=int(harness.services.now), canary_percent=canary_percent)
    await harness.services.database.write(start, edition, int(harness.services.now))
    return edition


def start(tx: Transaction, edition_id: int, now: int) -> None:
    lifecycle.start(tx, lifecycle.require_edition(tx, edition_id), now)


async def queue_slice(harness: DeliveryHarness) -> bool:
    return await harness.services.database.record(lifecycle.continue_oldest, int(harness.services.now))


async def take_rest(harness: DeliveryHarness) -> None:
    while await queue_slice(harness):
        pass


async def recipients(harness: DeliveryHarness) -> Counter[str]:
    """To whom the edition goes, with how many copies each gets."""
    return Counter(outgoing.rcpt_to for outgoing in await harness.send_all())


async def is_counted(harness: DeliveryHarness, edition: int) -> bool:
    """Whether the kept numbers are those of the rows, and add up to the audience."""
    assert None is await harness.services.database.read(copy_counts.find_difference, edition)
    return sum((await harness.counts(edition)).values()) == (await harness.stored(edition)).audience


async def test_a_slice_is_sent_while_the_next_one_is_still_to_come(harness: DeliveryHarness) -> None:
    edition = await begin(harness)
    assert (3, {"queued": 3}) == ((await harness.stored(edition)).audience, await harness.counts(edition))
    assert 3 == len(await harness.send_all())
    assert "sending" == await harness.state(edition)  # not finished: five readers have no copy yet
    await take_rest(harness)
    assert (8, {"delivered": 3, "queued": 5}) == (
        (await harness.stored(edition)).audience,
        await harness.counts(edition),
    )
    assert 5 == len(await harness.send_all())
    assert ("finished", True) == (await harness.state(edition), await is_counted(harness, edition))


async def test_who_sends_waits_until_all_have_their_copies(harness: DeliveryHarness) -> None:
    await harness.readers(8)
    edition = await harness.edition()
    assert (8, {"queued": 8}) == ((await harness.stored(edition)).audience, await harness.counts(edition))
    assert not await harness.services.database.read(bulk_changes.is_going_on, edition)


async def test_housekeeping_goes_on_with_what_a_dead_process_began(harness: DeliveryHarness) -> None:
    edition = await begin(harness)
    await harness.start()  # after a kill
    await harness.housekeeping.round()
    assert {f"r{number}@reader.example": 1 for number in range(8)} == await recipients(harness)
    assert "finished" == await harness.state(edition)


async def test_who_sends_is_told_so_although_the_rest_has_to_wait(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is committed: an error would have them send it again, and housekeeping goes on."""
    await harness.readers(8)

    async def fail(_: object) -> bool:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as failing:
        failing.setattr(lifecycle, "carry_on", fail)
        edition = await harness.edition()
    await harness.housekeeping.round()
    assert {f"r{number}@reader.example": 1 for number in range(8)} == await recipients(harness)
    assert "finished" == await harness.state(edition)


async def test_two_who_take_it_at_once_take_each_slice_once(harness: DeliveryHarness) -> None:
    edition = await begin(harness, 20)
    await asyncio.gather(*(lifecycle.carry_on(harness.services.context) for _ in range(3)))
    assert (20, {"queued": 20}) == ((await harness.stored(edition)).audience, await harness.counts(edition))


async def test_who_joins_after_the_start_is_not_in_it(harness: DeliveryHarness) -> None:
    """Neither a new reader nor one who had left before and is back."""
    await harness.readers(8)
    await harness.leave("r7@reader.example")
    edition = await harness.edition(scheduled_at=int(harness.services.now))
    await harness.services.database.write(start, edition, int(harness.services.now))
    harness.pass_time(1)
    await harness.services.subscribers.add("news", parse_address("new@reader.example"))
    await harness.change(
        "update subscription set state = 'active', since = ? where state = 'unsubscribed'", harness.services.now
    )
    await take_rest(harness)
    assert {f"r{number}@reader.example": 1 for number in range(7)} == await recipients(harness)


async def test_who_joined_while_the_clock_was_ahead_is_in_it(harness: DeliveryHarness) -> None:
    await harness.readers(8)
    await harness.change("update subscription set since = since + 86400")
    edition = await harness.edition()
    assert {"queued": 8} == await harness.counts(edition)


async def test_who_joined_while_the_clock_was_ahead_and_pauses_before_their_slice_gets_it_afterwards(
    harness: DeliveryHarness,
) -> None:
    await begin(harness)
    await harness.change("update subscription set since = since + 86400")
    link, preferences = PreferenceLink(subscriber_id=8, epoch=0), Preferences(harness.services.context)
    await preferences.pause(link, 3, Origin(source="web"))
    await take_rest(harness)
    await preferences.resume(link, Origin(source="web"))
    assert {f"r{number}@reader.example": 1 for number in range(8)} == await recipients(harness)


@pytest.mark.parametrize(
    "why", ["their turn has passed", "they came too late", "they came back too late", "they read another list"]
)
async def test_nobody_joins_an_audience_by_pausing(harness: DeliveryHarness, why: str) -> None:
    """What they are not due is not queued for the end of their pause, either."""
    await harness.services.make_list("other")
    await harness.change("update list set leaving_note = 0")
    first, second = ([f"r{number}@reader.example" for number in numbers] for numbers in (range(4), range(4, 8)))
    await harness.add_readers(first)
    await harness.services.subscribers.add("other", parse_address("other@reader.example"))
    await harness.add_readers(second)
    if why == "their turn has passed":
        await harness.services.suppressions.add(parse_address(first[1]), "operator")
    edition = await harness.edition(scheduled_at=int(harness.services.now))
    await harness.services.database.write(start, edition, int(harness.services.now))
    expected = {*first, *second}
    match why:
        case "their turn has passed":
            await harness.services.suppressions.remove(parse_address(first[1]))
            expected -= {who := first[1]}
        case "they came too late":
            await harness.services.subscribers.add("news", parse_address(who := "late@reader.example"))
        case "they came back too late":
            harness.pass_time(1)
            number, since = await harness.subscription(who := second[3]), int(harness.services.now)
            await harness.change("update subscription set since = ? where id = ?", since, number)
            expected -= {who}
        case _:
            who = "other@reader.example"
    ((number,),) = await harness.rows("select id from subscriber where address = ?", who)
    link, preferences = PreferenceLink(subscriber_id=number, epoch=0), Preferences(harness.services.context)
    await preferences.pause(link, 3, Origin(source="web"))
    await take_rest(harness)
    await preferences.resume(link, Origin(source="web"))
    assert expected == {*(await recipients(harness))}


async def test_nobody_joins_an_edition_of_which_only_the_destinations_change(harness: DeliveryHarness) -> None:
    edition = await begin(harness)
    await take_rest(harness)
    harness.pass_time(1)
    await harness.services.subscribers.add("news", parse_address("late@reader.example"))
    await harness.change(
        "insert into bulk_change (kind, edition_id, created_at, done_through, last_id)"
        " values ('reassign', ?, ?, 0, 99)",
        edition,
        int(harness.services.now),
    )
    link, preferences = PreferenceLink(subscriber_id=9, epoch=0), Preferences(harness.services.context)
    await preferences.pause(link, 3, Origin(source="web"))
    await preferences.resume(link, Origin(source="web"))
    assert {f"r{number}@reader.example": 1 for number in range(8)} == await recipients(harness)


async def test_who_is_suppressed_and_leaves_before_their_slice_is_not_in_the_audience(harness: DeliveryHarness) -> None:
    edition = await begin(harness)
    await harness.services.suppressions.add(parse_address("r7@reader.example"), "operator")
    await harness.leave("r7@reader.example")
    await take_rest(harness)
    assert {"queued": 7} == await harness.counts(edition)


async def test_who_leaves_before_their_slice_is_in_the_audience_and_gets_nothing(harness: DeliveryHarness) -> None:
    edition = await begin(harness)
    await harness.leave("r7@reader.example")
    await take_rest(harness)
    assert {f"r{number}@reader.example": 1 for number in range(7)} == await recipients(harness)
    assert {"delivered": 7, "cancelled": 1} == await harness.counts(edition)
    assert await is_counted(harness, edition)


async def test_who_leaves_and_comes_back_at_once_gets_their_copy(harness: DeliveryHarness) -> None:
    edition = await begin(harness)
    await harness.change("update list set leaving_note = 1")
    await harness.leave("r7@reader.example")
    ((leaving,),) = await harness.rows("select id from unsubscribe")
    await take_rest(harness)
    undo = UndoUnsubscribe(harness.services.context)
    assert UndoOutcome.RESTORED is (await undo.undo(leaving, Origin(source="web")))[0]
    assert 8 == (await recipients(harness)).total()
    assert await is_counted(harness, edition)


async def test_who_pauses_is_suppressed_or_erased_before_their_slice_gets_nothing(harness: DeliveryHarness) -> None:
    edition = await begin(harness)
    await harness.services.suppressions.add(parse_address("r6@reader.example"), "operator")
    await harness.services.subscribers.erase(parse_address("r7@reader.example"))
    await take_rest(harness)
    assert {f"r{number}@reader.example": 1 for number in range(6)} == await recipients(harness)
    assert ("finished", True) == (await harness.state(edition), await is_counted(harness, edition))


async def test_a_reader_with_another_address_gets_it_there(harness: DeliveryHarness) -> None:
    await begin(harness)
    await harness.change(
        "update subscriber set address = 'x@new.example', address_key = 'x@new.example', domain = 'new.example'"
        " where address = 'r7@reader.example'"
    )
    await take_rest(harness)
    assert 1 == (await recipients(harness))["x@new.example"]


async def test_a_cancelled_edition_takes_nobody_more(harness: DeliveryHarness) -> None:
    edition = await begin(harness)
    await harness.edition_admin.cancel(edition)
    assert not await queue_slice(harness)
    assert ("cancelled", {"cancelled": 3}) == (await harness.state(edition), await harness.counts(edition))
    assert [] == await harness.send_all()


async def test_a_paused_edition_takes_its_audience_and_sends_nothing(harness: DeliveryHarness) -> None:
    edition = await begin(harness)
    await harness.edition_admin.pause(edition)
    await take_rest(harness)
    assert ("paused", {"queued": 8}, []) == (
        await harness.state(edition),
        await harness.counts(edition),
        await harness.send_all(),
    )
    await harness.edition_admin.resume(edition)
    assert 8 == len(await harness.send_all())


async def test_an_audience_of_nobody_is_finished_and_published_by_its_last_slice(harness: DeliveryHarness) -> None:
    addresses = await harness.readers(8)
    for address in addresses:
        await harness.services.suppressions.add(parse_address(address), "operator")
    edition = await harness.edition()
    stored = await harness.stored(edition)
    assert (EditionState.FINISHED, 0, True) == (stored.state, stored.audience, stored.first_claim_at is not None)


async def test_a_list_that_is_removed_ends_it(harness: DeliveryHarness) -> None:
    await begin(harness)
    await harness.services.lists.close_list("news")
    await harness.services.lists.remove_list("news")
    assert not await queue_slice(harness)


# ---------------------------------------------------------------------- cancelling


async def test_cancelling_goes_on_after_a_kill(harness: DeliveryHarness) -> None:
    """Nothing of it is claimed in between."""
    await harness.readers(8)
    edition = await harness.edition()
    await harness.services.database.write(lifecycle.cancel, edition, int(harness.services.now))
    assert ("cancelled", {"cancelled": 3, "queued": 5}) == (await harness.state(edition), await harness.counts(edition))
    await harness.start()
    assert [] == await harness.send_all()
    assert [] == await harness.services.database.read(queue_listing.list_queue, int(harness.services.now))
    await harness.housekeeping.round()
    assert ({"cancelled": 8}, True) == (await harness.counts(edition), await is_counted(harness, edition))


async def test_what_failed_is_sent_again_in_slices(harness: DeliveryHarness) -> None:
    """Those who are left out stand in front of the next slice, and are looked at once."""
    await harness.readers(11)
    edition = await harness.edition()
    await harness.send_all(HandOver(Outcome.REFUSED, Stage.RCPT, Reply(552, "too large", "5.3.4")))
    for number in (0, 1, 5):
        await harness.leave(f"r{number}@reader.example")
    resent = await harness.edition_admin.resend(edition)
    assert (8, 3, EditionState.SENDING) == (resent.queued, resent.left_out, resent.state)
    assert await is_counted(harness, edition)
    assert ({"delivered": 8, "failed": 3}, 11) == (
        (await recipients(harness)).total() and await harness.counts(edition),
        await harness.services.database.read(copy_counts.count_begun, edition),
    )


# ---------------------------------------------------------------------- canaries


@pytest.mark.parametrize(("percent", "copies"), [(1.0, 1), (10.0, 2), (25.0, 5), (50.0, 10)])
async def test_a_canary_has_its_exact_size_over_slices(harness: DeliveryHarness, percent: float, copies: int) -> None:
    edition = await begin(harness, 20, canary_percent=percent)
    sent = await harness.send_all()
    assert "sending" == await harness.state(edition)
    await take_rest(harness)
    sent += await harness.send_all()
    assert (copies, "paused") == (len(sent), await harness.state(edition))
    assert (copies, {"delivered": copies, "queued": 20 - copies}) == (
        (await harness.stored(edition)).canary_copies,
        await harness.counts(edition),
    )
    await harness.edition_admin.resume(edition)
    assert 20 - copies == len(await harness.send_all())


async def test_a_canary_is_drawn_from_each_slice(harness: DeliveryHarness) -> None:
    """Readers who have been there the longest would be most of it otherwise."""
    await begin(harness, 20, canary_percent=50)
    await take_rest(harness)
    assert [(10,)] == await harness.rows("select count(*) from delivery where due_at < ?", int(harness.services.now))


async def test_the_database_draws_as_the_hash_says(harness: DeliveryHarness) -> None:
    """So every engine draws the same readers: those whose numbers come first."""
    await harness.readers(40)
    for module in (audience, lifecycle):
        module.ROWS_AT_ONCE = 100  # type: ignore[attr-defined]  # the fixture puts it back
    edition = await harness.edition(canary_percent=25)
    key = canary.coefficients((await harness.stored(edition)).message_secret)
    rows = await harness.rows("select subscription_id, due_at from delivery")
    first = min(due_at for _, due_at in rows)
    expected = sorted((number for number, _ in rows), key=lambda number: canary.place(key, number))[:10]
    assert set(expected) == {number for number, due_at in rows if due_at == first}


async def test_who_was_drawn_and_left_is_replaced(harness: DeliveryHarness) -> None:
    edition = await begin(harness, 20, canary_percent=10)
    await take_rest(harness)
    drawn = await harness.rows(
        "select subscriber.address from delivery join subscription on subscription.id = subscription_id"
        " join subscriber on subscriber.id = subscriber_id where due_at < ?",
        harness.services.now,
    )
    await harness.leave(drawn[0][0])
    sent = await recipients(harness)
    assert (2, "paused") == (sent.total(), await harness.state(edition))
    assert sent[drawn[1][0]]


def test_each_number_is_drawn_equally_often() -> None:
    """Of a thousand editions, each of which draws 20 of 200 numbers: a hundred times each, give or take four sigma."""
    drawn: Counter[int] = Counter()
    for edition in range(1000):
        key = canary.coefficients(edition.to_bytes(16))
        drawn.update(sorted(range(1, 201), key=lambda number, key=key: canary.place(key, number))[:20])  # type: ignore[misc]
    assert {True} == {62 <= drawn[number] <= 138 for number in range(1, 201)}


# ---------------------------------------------------------------------- what the rows say


async def test_numbers_that_differ_are_mended_and_told(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    edition = await begin(harness, 2)
    await harness.change("update copy_count set queued = 7, delivered = 1")
    harness.pass_time(86400)
    with caplog.at_level("WARNING"):
        await harness.housekeeping.round()
    assert {"queued": 2} == await harness.counts(edition)
    assert ["housekeeping.counts_mended"] == [record.message for record in caplog.records]


async def test_an_edition_ends_only_when_the_rows_agree(harness: DeliveryHarness) -> None:
    """A wrong number loses no copy."""
    edition = await begin(harness, 2)
    await harness.change("update copy_count set queued = 0, delivered = 2")
    finished = await harness.services.database.write(lifecycle.finish_if_done, edition, int(harness.services.now))
    assert ([], "sending") == (finished, await harness.state(edition))
