"""What editors do: hand in, preview, test, and press the buttons."""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from tests.delivery.pressroom import GONE, LATER, SITE, TAKEN, Pressroom, identity

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import EditionError, NotFound, PreflightFailed, Refused
from pressrun.core.lifecycles.edition import EditionState
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.editions.build_orders import Manuscript, gather_references, load_build_context
from pressrun.services.editions.edition_preview import SampleCopy, copy_of_edition
from pressrun.services.editions.edition_storage import Samples
from pressrun.services.editions.lifecycle import Resent
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.editions import editions
from pressrun.store.queue.retries import RetryPlace, retry_slice
from pressrun.store.transaction import Transaction

SOFT = HandOver(Outcome.REFUSED, Stage.RCPT, Reply(552, "mailbox is full", "5.2.2"))


async def preview(press: Pressroom, source: str, address: str | None = None) -> SampleCopy:
    manuscript = Manuscript(source=source.encode(), source_name="a.md", assets={})
    return await press.office.database.read(
        lambda tx: copy_of_edition(
            tx,
            Samples(keys=press.office.keys, site=SITE, now=int(press.office.now)),
            manuscript,
            load_build_context(tx, "news", manuscript.parse()),
            OwnLayouts(Path("/nowhere")),
            None if address is None else parse_address(address),
        )
    )


# ---------------------------------------------------------------------- taking


async def test_the_same_content_is_the_same_edition(press: Pressroom) -> None:
    first = await press.edition("Hello")
    with pytest.raises(Refused, match=f"is edition {first} of news already"):
        await press.edition("Hello")
    assert 1 == len(await press.rows("select * from edition"))


async def test_the_same_content_as_a_cancelled_edition_is_told_how_far_that_went(press: Pressroom) -> None:
    """Whoever sends it again sends it to those, too, who have had it."""
    await press.readers(3)
    unseen = await press.edition("One", scheduled_at=int(press.office.now) + 600)
    begun = await press.edition("Two")
    await press.turn()
    copy = press.take()
    assert copy is not None
    press.answer(copy, TAKEN)
    await press.turn()
    for edition in (unseen, begun):
        await press.edition_admin.cancel(edition)
    with pytest.raises(Refused, match=f"edition {unseen} of news already, which was cancelled, so"):
        await press.edition("One")
    with pytest.raises(Refused, match="which was cancelled after 1 copy had gone out, so"):
        await press.edition("Two")


async def test_a_scheduled_edition_that_nobody_has_seen_gives_its_name_up(press: Pressroom) -> None:
    """Cancelled for its time, say, and sent once more."""
    await press.readers(1)
    edition = await press.edition("Hello", scheduled_at=int(press.office.now) + 600)
    await press.edition_admin.cancel(edition)
    again = await press.edition("Hello", again=True)
    assert "boats" == (await press.stored(again)).slug
    await press.edition_admin.cancel(again)
    assert "boats-2" == (await press.stored(await press.edition("Hello", again=True))).slug


async def test_another_text_under_the_subject_of_today_is_seen(press: Pressroom) -> None:
    """A corrected file, say: readers get both. What is cancelled reaches nobody, and the same file is no other text."""

    async def alike(text: str) -> int | None:
        source = f"---\nsubject: Boats\n---\n{text}\n".encode()
        inspected = await press.edition_admin.inspect("news", Manuscript(source=source, source_name="a.md", assets={}))
        return inspected.alike

    await press.readers(1)
    assert await alike("Helo") is None
    edition = await press.edition("Helo", scheduled_at=int(press.office.now) + 90_000)
    assert (edition, None) == (await alike("Hello"), await alike("Helo"))
    press.pass_time(43_201)
    assert await alike("Hello") is None
    edition = await press.edition("Hello?")
    assert edition == await alike("Hello")
    await press.edition_admin.cancel(edition)
    assert await alike("Hello") is None


async def test_again_makes_another_edition_with_a_name_of_its_own(press: Pressroom) -> None:
    numbers = [await press.edition("Hello"), await press.edition("Hello", again=True), await press.edition("Else")]
    assert ["boats", "boats-2", "boats-3"] == [(await press.stored(number)).slug for number in numbers]


async def test_the_same_content_for_another_list_is_another_edition(press: Pressroom) -> None:
    await press.office.make_list("other")
    assert await press.edition("Hello") != await press.edition("Hello", "other")


async def test_editions_that_come_in_together_get_names_of_their_own(press: Pressroom) -> None:
    numbers = await asyncio.gather(*(press.edition(f"Hello {number}") for number in range(4)))
    assert {"boats", "boats-2", "boats-3", "boats-4"} == {(await press.stored(number)).slug for number in numbers}


async def test_the_same_content_that_comes_in_together_is_taken_once(press: Pressroom) -> None:
    outcomes = await asyncio.gather(*(press.edition("Hello") for _ in range(3)), return_exceptions=True)
    assert [1, 2] == [sum(isinstance(outcome, kind) for outcome in outcomes) for kind in (int, Refused)]


async def test_a_list_without_a_postal_address_sends_nothing_until_it_is_told_to(press: Pressroom) -> None:
    await press.readers(1)
    await press.office.lists.set_list("news", {"postal_address": ""})
    with pytest.raises(PreflightFailed, match="postal address"):
        await press.edition()
    assert [] == await press.rows("select * from edition")
    await press.office.lists.set_list("news", {"require_postal_address": "false"})
    assert {"queued": 1} == await press.counts(await press.edition())


async def test_a_field_that_no_member_has_is_told_with_its_line(press: Pressroom) -> None:
    await press.readers(1)
    with pytest.raises(PreflightFailed, match=r"line 5: .*harbour") as caught:
        await press.edition("Hello\n{{ harbour }}")
    assert 65 == caught.value.exit_code


async def test_an_unknown_key_is_told_with_its_line(press: Pressroom) -> None:
    with pytest.raises(EditionError, match="line 3"):
        await press.edition_admin.send(
            "news", Manuscript(source=b"---\nsubject: A\nsubjekt: B\n---\nx", source_name="a.md", assets={})
        )


async def test_an_unknown_or_closed_list_takes_no_edition(press: Pressroom) -> None:
    with pytest.raises(NotFound, match="'else'"):
        await press.edition(name="else")
    await press.office.lists.close_list("news")
    with pytest.raises(Refused, match="is closed"):
        await press.edition()


async def test_an_edition_to_nobody_is_finished_at_once(press: Pressroom) -> None:
    edition = await press.edition()
    assert ("finished", 0) == (await press.state(edition), (await press.stored(edition)).audience)


async def test_an_edition_to_nobody_is_published(press: Pressroom) -> None:
    """A newsletter has editions to show before it has readers."""
    edition = await press.edition()
    list_id = (await press.stored(edition)).list_id
    shown = await press.office.database.read(lambda tx: editions.archived_editions(tx, list_id, limit=5))
    assert [edition] == [archived.id for archived in shown]


async def test_the_audience_is_who_is_active_and_not_suppressed(press: Pressroom) -> None:
    await press.readers(5)
    await press.leave("r0@reader.example")
    await press.office.suppressions.add(parse_address("r1@reader.example"), "hard-bounce")
    await press.change("update subscription set state = 'suspended', suspended_for = 'paused' where id = 3")
    await press.change("update subscription set state = 'pending' where id = 4")
    await press.edition()
    assert ["r4@reader.example"] == [outgoing.rcpt_to for outgoing in await press.send_all()]


# ---------------------------------------------------------------------- time


async def test_a_scheduled_edition_takes_its_audience_at_its_hour(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition(scheduled_at=int(press.office.now) + 600)
    assert ([], "scheduled") == (await press.send_all(), await press.state(edition))
    await press.readers(3)
    press.pass_time(600)
    assert 3 == len(await press.send_all())
    assert ("finished", 3) == (await press.state(edition), (await press.stored(edition)).audience)


@pytest.mark.parametrize(("late", "state"), [(6 * 3600, "finished"), (6 * 3600 + 1, "paused")])
async def test_an_edition_that_is_too_late_waits_for_a_person(press: Pressroom, late: int, state: str) -> None:
    await press.readers(1)
    edition = await press.edition(scheduled_at=int(press.office.now) + 600)
    press.pass_time(600 + late)
    await press.start()
    await press.send_all()
    assert state == await press.state(edition)
    if state == "paused":
        assert "late_grace" in ((await press.stored(edition)).pause_reason or "")
        await press.edition_admin.resume(edition)
        assert 1 == len(await press.send_all())


async def test_a_scheduled_edition_can_be_held_and_goes_on_at_its_hour(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition(scheduled_at=int(press.office.now) + 600)
    await press.edition_admin.pause(edition)
    await press.edition_admin.resume(edition)
    assert ("scheduled", []) == (await press.state(edition), await press.send_all())
    await press.edition_admin.pause(edition)
    press.pass_time(600)
    assert [] == await press.send_all()
    await press.edition_admin.resume(edition)
    assert 1 == len(await press.send_all())


async def test_closing_the_list_cancels_what_is_scheduled_and_paused(press: Pressroom) -> None:
    await press.readers(2)
    scheduled = await press.edition("one", scheduled_at=int(press.office.now) + 600)
    running, paused = await press.edition("two"), await press.edition("three")
    await press.edition_admin.pause(paused)
    await press.office.lists.close_list("news")
    assert ["cancelled"] * 3 == [await press.state(number) for number in (scheduled, running, paused)]
    press.pass_time(600)
    assert [] == await press.send_all()


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
    press: Pressroom, states: str, button: str, after: str | None
) -> None:
    await press.readers(2)
    later = int(press.office.now) + 60 if states == "scheduled" else None
    edition = await press.edition(scheduled_at=later)
    if states == "paused":
        await press.edition_admin.pause(edition)
    elif states == "finished":
        await press.send_all()
    elif states == "cancelled":
        await press.edition_admin.cancel(edition)
    assert states == await press.state(edition)
    if after is None:
        with pytest.raises(Refused, match=f"edition {edition} is {states}"):
            await getattr(press.edition_admin, button)(edition)
        assert states == await press.state(edition)
    else:
        await getattr(press.edition_admin, button)(edition)
        assert after == await press.state(edition)


@pytest.mark.parametrize("button", ["pause", "resume", "cancel", "resend"])
async def test_an_unknown_edition_is_not_found(press: Pressroom, button: str) -> None:
    with pytest.raises(NotFound, match="no such edition: 77"):
        await getattr(press.edition_admin, button)(77)


async def test_cancelling_ends_all_that_is_not_claimed(press: Pressroom) -> None:
    await press.readers(3)
    edition = await press.edition()
    await press.turn()
    taken = press.take()
    assert taken is not None
    await press.dispatcher.drain(0)
    await press.turn()
    await press.edition_admin.cancel(edition)
    assert {"claimed": 1, "cancelled": 2} == await press.counts(edition)
    press.answer(taken, TAKEN)
    await press.turn()
    assert ("cancelled", {"delivered": 1, "cancelled": 2}) == (await press.state(edition), await press.counts(edition))


# ---------------------------------------------------------------------- canary


@pytest.mark.parametrize(("percent", "copies"), [(10.0, 2), (0.1, 1), (100.0, 20), (33.0, 7)])
async def test_a_canary_is_tried_and_then_waits(press: Pressroom, percent: float, copies: int) -> None:
    await press.readers(20)
    edition = await press.edition(canary_percent=percent)
    assert copies == len(await press.send_all())
    if copies == 20:
        assert "finished" == await press.state(edition)
        return
    assert ("paused", copies) == (await press.state(edition), (await press.counts(edition))["delivered"])
    await press.edition_admin.resume(edition)
    assert 20 - copies == len(await press.send_all())
    assert "finished" == await press.state(edition)


async def test_a_canary_copy_counts_once_it_was_tried(press: Pressroom) -> None:
    await press.readers(20)
    edition = await press.edition(canary_percent=10)
    assert 2 == len(await press.send_all(LATER))
    assert ("paused", {"deferred": 2, "queued": 18}) == (await press.state(edition), await press.counts(edition))


async def test_who_leaves_does_not_count_as_a_canary_copy(press: Pressroom) -> None:
    await press.readers(20)
    edition = await press.edition(canary_percent=10)
    for number in range(18):
        await press.leave(f"r{number}@reader.example")
    assert 2 == len(await press.send_all())
    assert ("finished", {"delivered": 2, "cancelled": 18}) == (
        await press.state(edition),
        await press.counts(edition),
    )


async def test_a_canary_that_was_interrupted_goes_on_to_its_number(press: Pressroom) -> None:
    await press.readers(40)
    edition = await press.edition(canary_percent=10)
    await press.turn()
    assert press.take() is not None
    await press.start()
    sent = await press.send_all()
    assert (4, "paused") == (len(sent), await press.state(edition))


# ---------------------------------------------------------------------- again


async def test_failed_copies_go_out_again_under_the_same_message_id(press: Pressroom) -> None:
    await press.readers(3)
    edition = await press.edition()
    failed = {outgoing.rcpt_to: identity(outgoing)[0] for outgoing in await press.send_all(SOFT)}
    await press.leave("r0@reader.example")
    await press.office.suppressions.add(parse_address("r1@reader.example"), "operator")
    press.pass_time(30 * 86400)
    assert Resent(1, 2, EditionState.SENDING) == await press.edition_admin.resend(edition)
    assert "sending" == await press.state(edition)
    (again,) = await press.send_all(LATER)
    assert ("r2@reader.example", failed["r2@reader.example"]) == (again.rcpt_to, identity(again)[0])
    assert {"failed": 2, "deferred": 1} == await press.counts(edition)  # a month later is not too late to try again
    press.pass_time(400)
    await press.send_all()
    assert ("finished", {"failed": 2, "delivered": 1}) == (await press.state(edition), await press.counts(edition))


async def test_nothing_failed_is_nothing_to_do(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition()
    await press.send_all()
    assert Resent(0, 0, EditionState.FINISHED) == await press.edition_admin.resend(edition)
    assert "finished" == await press.state(edition)


async def test_a_closed_list_sends_nothing_again(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition()
    await press.send_all(GONE)
    await press.office.lists.close_list("news")
    with pytest.raises(Refused, match="is closed"):
        await press.edition_admin.resend(edition)
    assert ([], {"failed": 1}) == (await press.send_all(), await press.counts(edition))


async def test_failed_copies_of_a_paused_edition_wait_until_it_is_resumed(press: Pressroom) -> None:
    """And a second time there is nothing left to put back."""
    await press.readers(3)
    edition = await press.edition(canary_percent=40)
    await press.send_all(SOFT)
    assert Resent(1, 0, EditionState.PAUSED) == await press.edition_admin.resend(edition)
    assert Resent(0, 0, EditionState.PAUSED) == await press.edition_admin.resend(edition)
    assert ([], {"queued": 3}) == (await press.send_all(), await press.counts(edition))
    await press.edition_admin.resume(edition)
    assert (3, "finished") == (len(await press.send_all()), await press.state(edition))


async def test_a_canary_that_is_going_out_is_not_sent_again_meanwhile(press: Pressroom) -> None:
    """A copy put back would make room for a reader more than the canary may have."""
    await press.readers(10)
    edition = await press.edition(canary_percent=20)
    await press.turn()
    first, _ = press.take_all()
    press.answer(first, SOFT)
    await press.turn()
    with pytest.raises(Refused, match="Try again when it has paused"):
        await press.edition_admin.resend(edition)
    assert {"queued": 8, "claimed": 1, "failed": 1} == await press.counts(edition)


async def test_a_canary_of_all_readers_is_over_when_it_is_sent_again(press: Pressroom) -> None:
    """It finishes as any edition does, and does not pause for a rest that is not there."""
    await press.readers(2)
    edition = await press.edition(canary_percent=100)
    await press.send_all(SOFT)
    assert "finished" == await press.state(edition)
    assert Resent(2, 0, EditionState.SENDING) == await press.edition_admin.resend(edition)
    assert None is (await press.stored(edition)).canary_copies
    assert (2, "finished") == (len(await press.send_all()), await press.state(edition))


async def test_a_copy_sent_again_waits_for_the_destination_of_where_its_reader_is_now(press: Pressroom) -> None:
    """They may have moved since."""
    await press.readers(1)
    edition = await press.edition()
    await press.send_all(SOFT)
    await press.change(
        "update subscriber set address = 'r@gmail.com', address_key = 'r@gmail.com', domain = 'gmail.com'"
    )
    await press.edition_admin.resend(edition)
    assert [("gmail.com", "gmail")] == await press.rows("select domain, destination from delivery")


@pytest.mark.parametrize(("domain", "count"), [(None, 2), ("reader.example", 2), ("else.example", 0)])
async def test_what_is_deferred_is_tried_again_now(press: Pressroom, domain: str | None, count: int) -> None:
    await press.readers(2)
    await press.edition()
    await press.send_all(LATER)
    assert count == await press.edition_admin.retry(domain)
    assert count == len(await press.send_all())


async def test_what_has_failed_again_since_waits_for_its_turn(press: Pressroom) -> None:
    """It was tried once more, as was asked."""
    await press.readers(2)
    await press.edition()
    await press.send_all(LATER)
    await press.change("update delivery set recorded_at = recorded_at + 60 where id = (select max(id) from delivery)")
    assert 1 == await press.edition_admin.retry(None)


async def test_what_is_deferred_is_tried_again_a_slice_at_a_time(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction changes more than a slice, and every copy is due, whatever it was due at and wherever it waits."""
    monkeypatch.setattr("pressrun.services.editions.edition_admin.ROWS_AT_ONCE", 2)
    slices: list[int] = []

    def count(tx: Transaction, *args: Any) -> tuple[int, RetryPlace | None]:
        answer = retry_slice(tx, *args)
        slices.append(answer[0])
        return answer

    monkeypatch.setattr("pressrun.store.queue.retries.retry_slice", count)
    await press.readers(7)
    edition = await press.edition()
    await press.send_all(LATER)
    await press.change("update delivery set due_at = due_at - 2000 where id % 3 = 0")
    await press.change("update delivery set destination = 'gmail' where id % 2 = 0")
    await press.change("update delivery set domain = 'gmail.com' where id = (select max(id) from delivery)")
    assert 6 == await press.edition_admin.retry("reader.example")
    assert 1 == await press.edition_admin.retry(None)
    assert (2, True) == (max(slices), len(slices) > 4)
    rows = await press.rows("select distinct due_at, state from delivery where edition_id = ?", edition)
    assert [(int(press.office.now), "deferred")] == rows


# ---------------------------------------------------------------------- looking and trying


async def test_a_test_copy_stores_no_edition_and_says_what_it_is(press: Pressroom) -> None:
    await press.readers(1)
    await press.edition_admin.send_test(
        "news",
        Manuscript(
            source=b"---\nsubject: Boats\n---\nHello {{ name | default: friend }}\n", source_name="a.md", assets={}
        ),
        [parse_address("a@else.example"), parse_address("b@else.example")],
    )
    sent = await press.send_all()
    assert ["a@else.example", "b@else.example"] == [outgoing.rcpt_to for outgoing in sent]
    assert {"[Test] Boats"} == {message_from_bytes(outgoing.content)["Subject"] for outgoing in sent}
    assert 2 == len({identity(outgoing)[0] for outgoing in sent})
    assert [] == await press.rows("select * from edition")


async def test_a_test_copy_goes_to_nobody_who_gets_no_mail(press: Pressroom) -> None:
    """A complaint is not forgotten for a test; and nothing goes to the others either, so that it is noticed."""
    await press.office.suppressions.add(parse_address("a@else.example"), "complaint")
    with pytest.raises(Refused, match="is suppressed"):
        await press.edition_admin.send_test(
            "news",
            Manuscript(source=b"---\nsubject: Boats\n---\nHello\n", source_name="a.md", assets={}),
            [parse_address("b@else.example"), parse_address("a@else.example")],
        )
    assert [] == await press.send_all()


async def test_a_preview_is_the_readers_own_and_changes_nothing(press: Pressroom) -> None:
    await press.office.subscribers.add("news", parse_address("ada@reader.example"), name="Ada")
    before = await press.rows("select * from subscriber")
    source = "---\nsubject: Boats for {{ name | default: you }}\n---\nHello\n"
    previews = [await preview(press, source, address) for address in ("ada@reader.example", None)]
    assert ["Boats for Ada", "Boats for you"] == [shown.subject for shown in previews]
    assert before == await press.rows("select * from subscriber")


def test_the_files_that_an_edition_takes_along_are_named() -> None:
    source = b"---\nsubject: A\nattachments: [b.pdf]\n---\n![x](c.png) ![y](https://x.example/d.png) ![z](c.png)\n"
    assert {"b.pdf", "c.png"} == set(gather_references(source, "a.md"))


def test_the_suffix_and_every_file_belong_to_the_content() -> None:
    def digest(source: bytes = b"x", name: str = "a.md", assets: dict[str, bytes] | None = None) -> bytes:
        return Manuscript(source=source, source_name=name, assets=assets or {}).digest

    assert digest() == digest(name="elsewhere/b.MD")
    others = [digest(b"y"), digest(name="a.txt"), digest(assets={"b": b""}), digest(assets={"b": b"c"})]
    assert 5 == len({digest(), *others})
