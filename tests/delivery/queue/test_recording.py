"""What is recorded of copies that a relay took: each with the words for it, and none that is claimed no more."""

from __future__ import annotations

from functools import partial

import pytest
from tests.delivery.harness import RELAY, DeliveryHarness

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.delivery.queue.jobs import Result
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.queue import copy_pages, deliveries
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.transaction import Transaction

WORDS = ["ok", "", '{"a": [1]}', "null", "17", '"', "\\u0000", "é\u2028😀", "x" * 500, "ok"]


def _records(tx: Transaction, edition: int) -> dict[int, tuple[object, ...]]:
    copies = [copy for state in DeliveryState for copy in copy_pages.copies_in_state(tx, edition, state)]
    records = {str(copy.address): (copy.code, copy.enhanced, copy.reply, copy.kind) for copy in copies}
    return dict(enumerate(records[address] for address in sorted(records)))


async def test_copies_taken_together_keep_their_own_words(harness: DeliveryHarness) -> None:
    await harness.readers(len(WORDS))
    edition = await harness.edition()
    await harness.run_cycle()
    taken = sorted(harness.all_outgoing(), key=lambda outgoing: outgoing.rcpt_to)
    answers = []
    for place, (outgoing, words) in enumerate(zip(taken, WORDS, strict=True)):
        reply = Reply(250 + place % 2, words, "2.0.0" if place % 3 else "")
        answers.append(Result(outgoing.delivery_id, HandOver(Outcome.DELIVERED, Stage.CONTENT, reply)))
    harness.dispatcher.broker.record(RELAY, answers)
    await harness.run_cycle()
    records = await harness.services.database.read(_records, edition)
    assert records == {
        place: (250 + place % 2, "2.0.0" if place % 3 else None, words, None) for place, words in enumerate(WORDS)
    }


@pytest.mark.parametrize("reply", ["late", None])
async def test_what_is_claimed_no_more_is_left_alone(harness: DeliveryHarness, reply: str | None) -> None:
    """A notification may be quicker than the relay's answer, and a journal may be old."""
    await harness.readers(2)
    edition = await harness.edition()
    await harness.run_cycle()
    first, second = (outgoing.delivery_id for outgoing in harness.all_outgoing())

    def settle(tx: Transaction) -> None:
        for number, state, words in (
            (first, DeliveryState.FAILED, "gone"),
            (first, DeliveryState.DELIVERED, reply),
            (second, DeliveryState.DELIVERED, reply),
            (second, DeliveryState.DELIVERED, "again"),
        ):
            result = DeliveryResult(id=number, state=state, due_at=1, relay=RELAY, code=250, reply=words)
            deliveries.record_results(tx, harness.owner.session, [result], 1)

    await harness.services.database.write(settle)
    records = await harness.services.database.read(_records, edition)
    assert [record[2] for record in records.values()] == ["gone", reply]


@pytest.mark.parametrize("is_handed_over", [True, False])
async def test_nor_is_it_withheld_from_a_reader_who_may_not_be_mailed_any_more(
    harness: DeliveryHarness, is_handed_over: bool
) -> None:
    """The notification that came first may have suspended them."""
    await harness.readers(1)
    edition = await harness.edition()
    [outgoing] = await harness.outgoing_after_cycle()
    await harness.change("update subscription set state = 'suspended', suspended_for = 'bounces'")

    def settle(tx: Transaction) -> None:
        number, session = outgoing.delivery_id, harness.owner.session
        for state in (DeliveryState.FAILED, DeliveryState.DEFERRED)[: 1 + is_handed_over]:
            result = DeliveryResult(id=number, state=state, due_at=1, relay=RELAY, code=550, edition_id=edition)
            deliveries.record_results(tx, session, [result], 1)
        deliveries.release(tx, session, [number], 1)

    await harness.services.database.write(settle)
    assert {"failed": 1} == await harness.counts(edition)
    assert [("failed",)] == await harness.rows("select state from delivery where edition_id = ?", edition)


@pytest.mark.parametrize(("reader", "state"), [("active", "queued"), ("unsubscribed", "cancelled")])
async def test_what_is_given_back_leaves_others_in_flight(harness: DeliveryHarness, reader: str, state: str) -> None:
    """It is due at once, also if the clock was set back since it was claimed."""
    await harness.readers(2)
    edition = await harness.edition()
    first, _ = await harness.outgoing_after_cycle()
    await harness.change("update subscription set state = ?", reader)
    earlier = int(harness.services.now) - 100
    release = partial(deliveries.release, session=harness.owner.session, ids=[first.delivery_id], now=earlier)
    await harness.services.database.write(release)
    assert {state: 1, "claimed": 1} == await harness.counts(edition)
    assert [(earlier,)] == await harness.rows("select due_at from delivery where id = ?", first.delivery_id)
