"""What editors do: hand in, preview, test, and press the buttons."""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from tests.database import execute_in
from tests.delivery.harness import GONE, LATER, SITE, TAKEN, DeliveryHarness, identity

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import EditionError, NotFound, PreflightFailed, Refused
from pressrun.core.lifecycles.edition import EditionState
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.editions import edition_admin, lifecycle
from pressrun.services.editions.build_orders import Manuscript, gather_references, load_build_context
from pressrun.services.editions.edition_preview import SampleCopy, copy_of_edition
from pressrun.services.editions.edition_storage import Samples
from pressrun.services.editions.lifecycle import Resent
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.editions import editions
from pressrun.store.queue.retries import RetryPlace, retry_slice
from pressrun.store.transaction import Transaction

SOFT = HandOver(Outcome.REFUSED, Stage.RCPT, Reply(552, "mailbox is full", "5.2.2"))


async def preview(harness: DeliveryHarness, source: str, address: str | None = None) -> SampleCopy:
    manuscript = Manuscript(source=source.encode(), source_name="a.md", assets={})
    return await harness.services.database.read(
        lambda tx: copy_of_edition(
            tx,
            Samples(keys=harness.services.keys, site=SITE, now=int(harness.services.now)),
            manuscript,
            load_build_context(tx, "news", manuscript.parse()),
            OwnLayouts(Path("/nowhere")),
            None if address is None else parse_address(address),
        )
    )


# ---------------------------------------------------------------------- taking


async def test_the_same_content_is_the_same_edition(harness: DeliveryHarness) -> None:
    first = await harness.edition("Hello")
    with pytest.raises(Refused, match=f"is edition {first} of news already"):
        await harness.edition("Hello")
    assert 1 == len(await harness.rows("select * from edition"))


async def test_the_same_content_as_a_cancelled_edition_is_told_how_far_that_went(harness: DeliveryHarness) -> None:
    """Whoever sends it again sends it to those, too, who have had it."""
    await harness.readers(3)
    unseen = await harness.edition("One", scheduled_at=int(harness.services.now) + 600)
    begun = await harness.edition("Two")
    await harness.run_cycle()
    copy = harness.next_outgoing()
    assert copy is not None
    harness.answer(copy, TAKEN)
    await harness.run_cycle()
    for edition in (unseen, begun):
        await harness.edition_admin.cancel(edition)
    with pytest.raises(Refused, match=f"edition {unseen} of news already, which was cancelled, so"):
        await harness.edition("One")
    with pytest.raises(Refused, match="which was cancelled after 1 copy had gone out, so"):
        await harness.edition("Two")


async def test_a_scheduled_edition_that_nobody_has_seen_gives_its_name_up(harness: DeliveryHarness) -> None:
    """Cancelled for its time, say, and sent once more."""
    await harness.readers(1)
    edition = await harness.edition("Hello", scheduled_at=int(harness.services.now) + 600)
    await harness.edition_admin.cancel(edition)
    again = await harness.edition("Hello", again=True)
    assert "boats" == (await harness.stored(again)).slug
    await harness.edition_admin.cancel(again)
    assert "boats-2" == (await harness.stored(await harness.edition("Hello", again=True))).slug


async def test_another_text_under_the_subject_of_today_is_seen(harness: DeliveryHarness) -> None:
    """A corrected file, say: readers get both. What is cancelled reaches nobody, and the same file is no other text."""

    async def alike(text: str) -> int | None:
        source = f"---\nsubject: Boats\n---\n{text}\n".encode()
        inspected = await harness.edition_admin.inspect(
            "news", Manuscript(source=source, source_name="a.md", assets={})
        )
        return inspected.alike

    await harness.readers(1)
    assert await alike("Helo") is None
    edition = await harness.edition("Helo", scheduled_at=int(harness.services.now) + 90_000)
    assert (edition, None) == (await alike("Hello"), await alike("Helo"))
    harness.pass_time(43_201)
    assert await alike("Hello") is None
    edition = await harness.edition("Hello?")
    assert edition == await alike("Hello")
    await harness.edition_admin.cancel(edition)
    assert await alike("Hello") is None


async def test_again_makes_another_edition_with_a_name_of_its_own(harness: DeliveryHarness) -> None:
    numbers = [
        await harness.edition("Hello"),
        await harness.edition("Hello", again=True),
        await harness.edition("Else"),
    ]
    assert ["boats", "boats-2", "boats-3"] == [(await harness.stored(number)).slug for number in numbers]


async def test_the_same_content_for_another_list_is_another_edition(harness: DeliveryHarness) -> None:
    await harness.services.make_list("other")
    assert await harness.edition("Hello") != await harness.edition("Hello", "other")


async def test_editions_that_come_in_together_get_names_of_their_own(harness: DeliveryHarness) -> None:
    numbers = await asyncio.gather(*(harness.edition(f"Hello {number}") for number in range(4)))
    assert {"boats", "boats-2", "boats-3", "boats-4"} == {(await harness.stored(number)).slug for number in numbers}


async def test_the_same_content_that_comes_in_together_is_taken_once(harness: DeliveryHarness) -> None:
    outcomes = await asyncio.gather(*(harness.edition("Hello") for _ in range(3)), return_exceptions=True)
    assert [1, 2] == [sum(isinstance(outcome, kind) for outcome in outcomes) for kind in (int, Refused)]


async def test_a_list_without_a_postal_address_sends_nothing_until_it_is_told_to(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    await harness.services.lists.set_list("news", {"postal_address": ""})
    with pytest.raises(PreflightFailed, match="postal address"):
        await harness.edition()
    assert [] == await harness.rows("select * from edition")
    await harness.services.lists.set_list("news", {"require_postal_address": "false"})
    assert {"queued": 1} == await harness.counts(await harness.edition())


async def test_a_field_that_no_member_has_is_told_with_its_line(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    with pytest.raises(PreflightFailed, match=r"line 5: .*harbour") as caught:
        await harness.edition("Hello\n{{ harbour }}")
    assert 65 == caught.value.exit_code


async def test_an_unknown_key_is_told_with_its_line(harness: DeliveryHarness) -> None:
    with pytest.raises(EditionError, match="line 3"):
        await harness.edition_admin.send(
            "news", Manuscript(source=b"---\nsubject: A\nsubjekt: B\n---\nx", source_name="a.md", assets={})
        )


async def test_an_unknown_or_closed_list_takes_no_edition(harness: DeliveryHarness) -> None:
    with pytest.raises(NotFound, match="'else'"):
        await harness.edition(name="else")
    await harness.services.lists.close_list("news")
    with pytest.raises(Refused, match="is closed"):
        await harness.edition()


async def test_an_edition_to_nobody_is_finished_at_once(harness: DeliveryHarness) -> None:
    edition = await harness.edition()
    assert ("finished", 0) == (await harness.state(edition), (await harness.stored(edition)).audience)


async def test_an_edition_to_nobody_is_published(harness: DeliveryHarness) -> None:
    """A newsletter has editions to show before it has readers."""
    edition = await harness.edition()
    list_id = (await harness.stored(edition)).list_id
    shown = await harness.services.database.read(lambda tx: editions.archived_editions(tx, list_id, limit=5))
    assert [edition] == [archived.id for archived in shown]


async def test_the_audience_is_who_is_active_and_not_suppressed(harness: DeliveryHarness) -> None:
    await harness.readers(5)
    await harness.leave("r0@reader.example")
    await harness.services.suppressions.add(parse_address("r1@reader.example"), "hard-bounce")
    await harness.change("update subscription set state = 'suspended', suspended_for = 'paused' where id = 3")
    await harness.change("update subscription set state = 'pending' where id = 4")
    await harness.edition()
    assert ["r4@reader.example"] == [outgoing.rcpt_to for outgoing in await harness.send_all()]


# ---------------------------------------------------------------------- time


async def test_a_scheduled_edition_takes_its_audience_at_its_hour(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition(scheduled_at=int(harness.services.now) + 600)
    assert ([], "scheduled") == (await harness.send_all(), await harness.state(edition))
    await harness.readers(3)
    harness.pass_time(600)
    assert 3 == len(await harness.send_all())
    assert ("finished", 3) == (await harness.state(edition), (await harness.stored(edition)).audience)


@pytest.mark.parametrize(("late", "state"), [(6 * 3600, "finished"), (6 * 3600 + 1, "paused")])
async def test_an_edition_that_is_too_late_waits_for_a_person(harness: DeliveryHarness, late: int, state: str) -> None:
    await harness.readers(1)
    edition = await harness.edition(scheduled_at=int(harness.services.now) + 600)
    harness.pass_time(600 + late)
    await harness.start()
    await harness.send_all()
    assert state == await harness.state(edition)
    if state == "paused":
        assert "late_grace" in ((await harness.stored(edition)).pause_reason or "")
        await harness.edition_admin.resume(edition)
        assert 1 == len(await harness.send_all())


async def test_a_scheduled_edition_can_be_held_and_goes_on_at_its_hour(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition(scheduled_at=int(harness.services.now) + 600)
    await harness.edition_admin.pause(edition)
    await harness.edition_admin.resume(edition)
    assert ("scheduled", []) == (await harness.state(edition), await harness.send_all())
    await harness.edition_admin.pause(edition)
    harness.pass_time(600)
    assert [] == await harness.send_all()
    await harness.edition_admin.resume(edition)
    assert 1 == len(await harness.send_all())


async def test_closing_the_list_cancels_what_is_scheduled_and_paused(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    scheduled = await harness.edition("one", scheduled_at=int(harness.services.now) + 600)
    running, paused = await harness.edition("two"), await harness.edition("three")
    await harness.edition_admin.pause(paused)
    await harness.services.lists.close_list("news")
    assert ["cancelled"] * 3 == [await harness.state(number) for number in (scheduled, running, paused)]
    harness.pass_time(600)
    assert [] == await harness.send_all()


# ---------------------------------------------------------------------- buttons


@pytest.mark.parametrize(
    ("states", "button", "after"),
    [
        ("sending", "pause", "paused"),
        ("sending", "resume", None),
        ("sending", "cancel", "cancelled"),
        ("scheduled", "pause", "paused"),
        ("scheduled", "cancel", "cancelled"),
        ("scheduled", "resume", None),
        ("scheduled", "resend", None),
        ("paused", "resume", "sending"),
        ("paused", "cancel", "cancelled"),
        ("paused", "pause", None),
        ("finished", "pause", None),
        ("finished", "resume", None),
        ("finished", "cancel", None),
        ("cancelled", "pause", None),
        ("cancelled", "resume", None),
        ("cancelled", "cancel", None),
        ("cancelled", "resend", None),
    ],
)
async def test_what_each_button_does_in_each_state(
    harness: DeliveryHarness, states: str, button: str, after: str | None
) -> None:
    await harness.readers(2)
    later = int(harness.services.now) + 60 if states == "scheduled" else None
    edition = await harness.edition(scheduled_at=later)
    if states == "paused":
        await harness.edition_admin.pause(edition)
    elif states == "finished":
        await harness.send_all()
    elif states == "cancelled":
        await harness.edition_admin.cancel(edition)
    assert states == await harness.state(edition)
    if after is None:
        with pytest.raises(Refused, match=f"edition {edition} is (already )?{states}"):
            await getattr(harness.edition_admin, button)(edition)
        assert states == await harness.state(edition)
    else:
        await getattr(harness.edition_admin, button)(edition)
        assert after == await harness.state(edition)


@pytest.mark.parametrize("button", ["pause", "resume", "cancel", "resend"])
async def test_an_unknown_edition_is_not_found(harness: DeliveryHarness, button: str) -> None:
    with pytest.raises(NotFound, match="no such edition: 77"):
        await getattr(harness.edition_admin, button)(77)


async def test_cancelling_ends_all_that_is_not_claimed(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    await harness.run_cycle()
    taken = harness.next_outgoing()
    assert taken is not None
    await harness.dispatcher.drain(0)
    await harness.run_cycle()
    await harness.edition_admin.cancel(edition)
    assert {"claimed": 1, "cancelled": 2} == await harness.counts(edition)
    harness.answer(taken, TAKEN)
    await harness.run_cycle()
    assert ("cancelled", {"delivered": 1, "cancelled": 2}) == (
        await harness.state(edition),
        await harness.counts(edition),
    )


async def test_cancelling_ends_nothing_of_another_edition(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    cancelled, other = [await harness.edition(text) for text in ("one", "two")]
    await harness.edition_admin.cancel(cancelled)
    assert 2 == len(await harness.send_all())
    assert [{"cancelled": 2}, {"delivered": 2}] == [await harness.counts(number) for number in (cancelled, other)]


# ---------------------------------------------------------------------- canary


@pytest.mark.parametrize(("percent", "copies"), [(10.0, 2), (0.1, 1), (100.0, 20), (33.0, 7)])
async def test_a_canary_is_tried_and_then_waits(harness: DeliveryHarness, percent: float, copies: int) -> None:
    await harness.readers(20)
    edition = await harness.edition(canary_percent=percent)
    assert copies == len(await harness.send_all())
    if copies == 20:
        assert "finished" == await harness.state(edition)
        return
    assert ("paused", copies) == (await harness.state(edition), (await harness.counts(edition))["delivered"])
    await harness.edition_admin.resume(edition)
    assert 20 - copies == len(await harness.send_all())
    assert "finished" == await harness.state(edition)


async def test_a_canary_copy_counts_once_it_was_tried(harness: DeliveryHarness) -> None:
    await harness.readers(20)
    edition = await harness.edition(canary_percent=10)
    assert 2 == len(await harness.send_all(LATER))
    assert ("paused", {"deferred": 2, "queued": 18}) == (await harness.state(edition), await harness.counts(edition))


async def test_who_leaves_does_not_count_as_a_canary_copy(harness: DeliveryHarness) -> None:
    await harness.readers(20)
    edition = await harness.edition(canary_percent=10)
    for number in range(18):
        await harness.leave(f"r{number}@reader.example")
    assert 2 == len(await harness.send_all())
    assert ("finished", {"delivered": 2, "cancelled": 18}) == (
        await harness.state(edition),
        await harness.counts(edition),
    )


async def test_a_canary_that_was_interrupted_goes_on_to_its_number(harness: DeliveryHarness) -> None:
    await harness.readers(40)
    edition = await harness.edition(canary_percent=10)
    await harness.run_cycle()
    assert harness.next_outgoing() is not None
    await harness.start()
    sent = await harness.send_all()
    assert (4, "paused") == (len(sent), await harness.state(edition))


# ---------------------------------------------------------------------- again


async def test_failed_copies_go_out_again_under_the_same_message_id(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    failed = {outgoing.rcpt_to: identity(outgoing)[0] for outgoing in await harness.send_all(SOFT)}
    await harness.leave("r0@reader.example")
    await harness.services.suppressions.add(parse_address("r1@reader.example"), "operator")
    harness.pass_time(30 * 86400)
    assert Resent(1, 2, EditionState.SENDING) == await harness.edition_admin.resend(edition)
    assert "sending" == await harness.state(edition)
    (again,) = await harness.send_all(LATER)
    assert ("r2@reader.example", failed["r2@reader.example"]) == (again.rcpt_to, identity(again)[0])
    assert {"failed": 2, "deferred": 1} == await harness.counts(edition)  # a month later is not too late to try again
    harness.pass_time(400)
    await harness.send_all()
    assert ("finished", {"failed": 2, "delivered": 1}) == (await harness.state(edition), await harness.counts(edition))


async def test_copies_that_fail_again_meanwhile_take_nobodys_place(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reader has one more copy, also those whose turn comes with a later slice."""
    await harness.readers(4)
    edition = await harness.edition()
    await harness.send_all(SOFT)
    again = lifecycle.resend_failed

    def resend(tx: Transaction, *args: Any) -> Resent:
        execute_in(tx, "update delivery set state = 'failed', due_at = 1 where state = 'queued'")
        return again(tx, *args)

    monkeypatch.setattr(lifecycle, "resend_failed", resend)
    monkeypatch.setattr(edition_admin, "ROWS_AT_ONCE", 2)
    assert Resent(4, 0, EditionState.SENDING) == await harness.edition_admin.resend(edition)
    assert [(3,), (4,)] == await harness.rows("select id from delivery where state = 'queued' order by id")


async def test_nothing_failed_is_nothing_to_do(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.send_all()
    assert Resent(0, 0, EditionState.FINISHED) == await harness.edition_admin.resend(edition)
    assert "finished" == await harness.state(edition)


async def test_a_closed_list_sends_nothing_again(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.send_all(GONE)
    await harness.services.lists.close_list("news")
    with pytest.raises(Refused, match="is closed"):
        await harness.edition_admin.resend(edition)
    assert ([], {"failed": 1}) == (await harness.send_all(), await harness.counts(edition))


async def test_failed_copies_of_a_paused_edition_wait_until_it_is_resumed(harness: DeliveryHarness) -> None:
    """And a second time there is nothing left to put back."""
    await harness.readers(3)
    edition = await harness.edition(canary_percent=40)
    await harness.send_all(SOFT)
    assert Resent(1, 0, EditionState.PAUSED) == await harness.edition_admin.resend(edition)
    assert Resent(0, 0, EditionState.PAUSED) == await harness.edition_admin.resend(edition)
    assert ([], {"queued": 3}) == (await harness.send_all(), await harness.counts(edition))
    await harness.edition_admin.resume(edition)
    assert (3, "finished") == (len(await harness.send_all()), await harness.state(edition))


async def test_a_canary_that_is_going_out_is_not_sent_again_meanwhile(harness: DeliveryHarness) -> None:
    """A copy put back would make room for a reader more than the canary may have."""
    await harness.readers(10)
    edition = await harness.edition(canary_percent=20)
    await harness.run_cycle()
    first, _ = harness.all_outgoing()
    harness.answer(first, SOFT)
    await harness.run_cycle()
    with pytest.raises(Refused, match="Try again when it has paused"):
        await harness.edition_admin.resend(edition)
    assert {"queued": 8, "claimed": 1, "failed": 1} == await harness.counts(edition)


async def test_a_canary_of_all_readers_is_over_when_it_is_sent_again(harness: DeliveryHarness) -> None:
    """It finishes as any edition does, and does not pause for a rest that is not there."""
    await harness.readers(2)
    edition = await harness.edition(canary_percent=100)
    await harness.send_all(SOFT)
    assert "finished" == await harness.state(edition)
    assert Resent(2, 0, EditionState.SENDING) == await harness.edition_admin.resend(edition)
    assert None is (await harness.stored(edition)).canary_copies
    assert (2, "finished") == (len(await harness.send_all()), await harness.state(edition))


async def test_a_copy_sent_again_waits_for_the_destination_of_where_its_reader_is_now(harness: DeliveryHarness) -> None:
    """They may have moved since."""
    await harness.readers(1)
    edition = await harness.edition()
    await harness.send_all(SOFT)
    await harness.change(
        "update subscriber set address = 'r@gmail.com', address_key = 'r@gmail.com', domain = 'gmail.com'"
    )
    await harness.edition_admin.resend(edition)
    assert [("gmail.com", "gmail")] == await harness.rows("select domain, destination from delivery")


@pytest.mark.parametrize(("domain", "count"), [(None, 2), ("reader.example", 2), ("else.example", 0)])
async def test_what_is_deferred_is_tried_again_now(harness: DeliveryHarness, domain: str | None, count: int) -> None:
    await harness.readers(2)
    await harness.edition()
    await harness.send_all(LATER)
    assert count == await harness.edition_admin.retry(domain)
    assert count == len(await harness.send_all())


async def test_what_is_deferred_of_a_paused_edition_goes_once_it_is_resumed(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    edition = await harness.edition()
    await harness.send_all(LATER)
    await harness.edition_admin.pause(edition)
    assert 2 == await harness.edition_admin.retry(None)
    await harness.edition_admin.resume(edition)
    assert 2 == len(await harness.send_all())


@pytest.mark.parametrize(("domain", "count"), [(None, 5), ("else.example", 1)])
async def test_deferred_notices_are_tried_again_now(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, domain: str | None, count: int
) -> None:
    """A slice at a time, also where all are due at one moment; not the one that has failed again since."""
    monkeypatch.setattr("pressrun.services.editions.edition_admin.ROWS_AT_ONCE", 2)
    for address in ["ada@else.example", *(f"r{number}@reader.example" for number in range(5))]:
        applicant = Applicant(parse_address(address), Origin(source="web"))
        await harness.services.sign_ups.request(["news"], applicant, network=None)
    await harness.send_all(LATER)
    await harness.change("update delivery set due_at = (select max(due_at) from delivery)")
    await harness.change("update delivery set recorded_at = recorded_at + 60 where id = (select max(id) from delivery)")
    assert count == await harness.edition_admin.retry(domain)
    assert count == len(await harness.send_all())


async def test_what_has_failed_again_since_waits_for_its_turn(harness: DeliveryHarness) -> None:
    """It was tried once more, as was asked."""
    await harness.readers(2)
    await harness.edition()
    await harness.send_all(LATER)
    await harness.change("update delivery set recorded_at = recorded_at + 60 where id = (select max(id) from delivery)")
    assert 1 == await harness.edition_admin.retry(None)


async def test_what_is_deferred_is_tried_again_a_slice_at_a_time(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction changes more than a slice, and every copy is due, whatever it was due at and wherever it waits."""
    monkeypatch.setattr("pressrun.services.editions.edition_admin.ROWS_AT_ONCE", 2)
    slices: list[int] = []

    def count(tx: Transaction, *args: Any) -> tuple[int, RetryPlace | None]:
        answer = retry_slice(tx, *args)
        slices.append(answer[0])
        return answer

    monkeypatch.setattr("pressrun.store.queue.retries.retry_slice", count)
    await harness.readers(7)
    edition = await harness.edition()
    await harness.send_all(LATER)
    await harness.change("update delivery set due_at = (select max(due_at) from delivery) - 2000 * (id % 3 / 2)")
    await harness.change("update delivery set destination = 'gmail' where id % 2 = 0")
    await harness.change("update delivery set domain = 'gmail.com' where id = (select max(id) from delivery)")
    assert 6 == await harness.edition_admin.retry("reader.example")
    assert 1 == await harness.edition_admin.retry(None)
    assert (2, True) == (max(slices), len(slices) > 4)
    rows = await harness.rows("select distinct due_at, state from delivery where edition_id = ?", edition)
    assert [(int(harness.services.now), "deferred")] == rows


# ---------------------------------------------------------------------- looking and trying


async def test_a_test_copy_stores_no_edition_and_says_what_it_is(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    await harness.edition_admin.send_test(
        "news",
        Manuscript(
            source=b"---\nsubject: Boats\n---\nHello {{ name | default: friend }}\n", source_name="a.md", assets={}
        ),
        [parse_address("a@else.example"), parse_address("b@else.example")],
    )
    sent = await harness.send_all()
    assert ["a@else.example", "b@else.example"] == [outgoing.rcpt_to for outgoing in sent]
    assert {"[Test] Boats"} == {message_from_bytes(outgoing.content)["Subject"] for outgoing in sent}
    assert 2 == len({identity(outgoing)[0] for outgoing in sent})
    assert [] == await harness.rows("select * from edition")


async def test_a_test_copy_goes_to_nobody_who_gets_no_mail(harness: DeliveryHarness) -> None:
    """A complaint is not forgotten for a test; and nothing goes to the others either, so that it is noticed."""
    await harness.services.suppressions.add(parse_address("a@else.example"), "complaint")
    with pytest.raises(Refused, match="is suppressed"):
        await harness.edition_admin.send_test(
            "news",
            Manuscript(source=b"---\nsubject: Boats\n---\nHello\n", source_name="a.md", assets={}),
            [parse_address("b@else.example"), parse_address("a@else.example")],
        )
    assert [] == await harness.send_all()


async def test_a_preview_is_the_readers_own_and_changes_nothing(harness: DeliveryHarness) -> None:
    await harness.services.subscribers.add("news", parse_address("ada@reader.example"), name="Ada")
    before = await harness.rows("select * from subscriber")
    source = "---\nsubject: Boats for {{ name | default: you }}\n---\nHello\n"
    previews = [await preview(harness, source, address) for address in ("ada@reader.example", None)]
    assert ["Boats for Ada", "Boats for you"] == [shown.subject for shown in previews]
    assert before == await harness.rows("select * from subscriber")


def test_the_files_that_an_edition_takes_along_are_named() -> None:
    source = b"---\nsubject: A\nattachments: [b.pdf]\n---\n![x](c.png) ![y](https://x.example/d.png) ![z](c.png)\n"
    assert {"b.pdf", "c.png"} == set(gather_references(source, "a.md"))


def test_the_suffix_and_every_file_belong_to_the_content() -> None:
    def digest(source: bytes = b"x", name: str = "a.md", assets: dict[str, bytes] | None = None) -> bytes:
        return Manuscript(source=source, source_name=name, assets=assets or {}).digest

    assert digest() == digest(name="elsewhere/b.MD")
    others = [digest(b"y"), digest(name="a.txt"), digest(assets={"b": b""}), digest(assets={"b": b"c"})]
    assert 5 == len({digest(), *others})
