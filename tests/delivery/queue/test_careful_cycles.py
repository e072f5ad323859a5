"""The turn after one that met an error: what is to blame holds up no other, and is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from tests.delivery.harness import GONE, RELAY, TAKEN, DeliveryHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, MalformedAddress, Unavailable
from pressrun.delivery.queue.jobs import Job
from pressrun.delivery.queue.scheduler import Scheduler
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.mail_results import Consequences
from pressrun.store.queue.deliveries import ClaimedNotice, DeliveryResult
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.transaction import Transaction


async def turns(harness: DeliveryHarness, problem: type[Exception] = ValueError) -> None:
    """One that fails, and the careful one after it."""
    with pytest.raises(problem):
        await harness.run_cycle()
    await harness.run_cycle()


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.__dict__["fields"]["subject"] for record in caplog.records if record.message == "dispatch.fault"]


async def test_a_result_whose_consequences_cannot_be_drawn_is_recorded_all_the_same(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise no result would ever be recorded again, and all those copies would go out twice."""
    await harness.readers(4)
    edition = await harness.edition()
    await harness.run_cycle()
    taken = harness.all_outgoing()
    after, broken = harness.dispatcher._hooks.draw_consequences, taken[1].delivery_id

    def judge(tx: Transaction, settlements: Sequence[DeliveryResult], now: int) -> Consequences:
        if broken in [settlement.id for settlement in settlements]:
            raise ValueError("a fault of ours")
        return after(tx, settlements, now)

    harness.dispatcher._hooks = replace(harness.dispatcher._hooks, draw_consequences=judge)
    for outgoing, result in zip(taken, [TAKEN, GONE, GONE, TAKEN], strict=True):
        harness.answer(outgoing, result)
    await turns(harness)
    assert {"delivered": 2, "failed": 2} == await harness.counts(edition)
    assert [f"delivery {broken}"] == faults(caplog)
    assert 1 == len(await harness.rows("select * from suspension"))  # of the other one
    await harness.run_cycle()
    assert "finished" == await harness.state(edition)


async def test_a_result_that_cannot_be_recorded_waits_and_the_others_do_not(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay's words make no JSON: it is tried again, and never sent again."""
    await harness.readers(2)
    edition = await harness.edition()
    await harness.run_cycle()
    first, second = harness.all_outgoing()
    judge = harness.dispatcher.broker.intake._delivery_result

    def crooked(*arguments: Any) -> DeliveryResult:
        result = judge(*arguments)
        if result.id == first.delivery_id:
            return DeliveryResult(id=result.id, state=result.state, due_at=result.due_at, relay="\ud800")
        return result

    monkeypatch.setattr(harness.dispatcher.broker.intake, "_delivery_result", crooked)
    harness.answer(first, TAKEN)
    harness.answer(second, TAKEN)
    await turns(harness)
    assert {"claimed": 1, "delivered": 1} == await harness.counts(edition)
    await turns(harness)
    assert ({"claimed": 1, "delivered": 1}, []) == (await harness.counts(edition), harness.all_outgoing())


@pytest.mark.parametrize("stop", ["pause", "cancel"])
async def test_what_a_relay_takes_of_an_edition_that_has_stopped_is_recorded(
    harness: DeliveryHarness, stop: str
) -> None:
    """A careful turn records what its session still holds; a copy that it overlooked would go out again."""
    await harness.readers(2)
    edition = await harness.edition()
    taken = await harness.outgoing_after_cycle()
    await getattr(harness.edition_admin, stop)(edition)
    for outgoing in taken:
        harness.answer(outgoing, TAKEN)
    harness.dispatcher.broker.wake_ups.be_careful()
    await harness.run_cycle()
    assert {"delivered": 2} == await harness.counts(edition)


async def test_an_edition_that_cannot_be_read_pauses_and_others_go(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.readers(3)
    broken, sound = await harness.edition("one"), await harness.edition("two")
    await harness.change("update edition_content set skeleton = x'00' where edition_id = ?", broken)
    await turns(harness)
    assert 3 == len(harness.all_outgoing())
    assert ("paused", "sending") == (await harness.state(broken), await harness.state(sound))
    assert {"queued": 3} == await harness.counts(broken)
    assert "dispatch.fault" in str((await harness.stored(broken)).pause_reason)
    assert [f"edition {broken}"] == faults(caplog)
    recorded = await harness.rows("select object from audit where action = 'edition.pause'")
    assert [(f"edition {broken}",)] == recorded


async def test_an_edition_that_cannot_be_read_pauses_even_if_nobody_can_be_told(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """What broke the edition may have broken the address of the owner, too."""
    await harness.readers(3)
    broken = await harness.edition("one")
    await harness.change("update edition_content set skeleton = x'00' where edition_id = ?", broken)
    await harness.change("update list set owner = 'no address any more'")
    await turns(harness)
    assert "paused" == await harness.state(broken)
    assert [f"edition {broken}", f"the notice about edition {broken}"] == faults(caplog)
    assert [] == await harness.rows("select * from notice")


async def test_hours_that_cannot_be_read_hold_up_no_other_list(harness: DeliveryHarness) -> None:
    await harness.services.make_list("other")
    await harness.readers(2)
    await harness.services.subscribers.add("other", parse_address("ada@reader.example"))
    broken, sound = await harness.edition("one"), await harness.edition("two", "other")
    await harness.change("update list set hours = 'when it suits' where name = 'news'")
    await turns(harness, BadInput)
    assert 1 == len(harness.all_outgoing())
    assert ("paused", "sending") == (await harness.state(broken), await harness.state(sound))


async def test_a_notice_that_cannot_be_judged_has_failed_and_others_go(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """As one whose address is read no more: it must not go, and is kept for a while."""
    addresses = [parse_address(f"r{number}@reader.example") for number in range(3)]
    await harness.edition_admin.send_test(
        "news", Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}), addresses
    )
    judge = harness.dispatcher._hooks.may_go

    def refuse(tx: Transaction, notice: ClaimedNotice) -> bool:
        if notice.address == "r1@reader.example":
            raise MalformedAddress("no address any more")
        return judge(tx, notice)

    harness.dispatcher._hooks = replace(harness.dispatcher._hooks, may_go=refuse)
    await turns(harness, MalformedAddress)
    assert ["r0@reader.example", "r2@reader.example"] == [outgoing.rcpt_to for outgoing in harness.all_outgoing()]
    assert [("claimed",), ("failed",), ("claimed",)] == await harness.rows("select state from delivery order by id")
    assert 1 == len(faults(caplog))


async def test_a_row_that_is_lost_during_a_careful_cycle_is_found_by_the_next(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await harness.readers(3)
    await harness.edition()
    await harness.run_cycle()
    broker, commit, choose, lost = (
        harness.dispatcher.broker,
        harness.dispatcher._commit,
        Scheduler._with_slot,
        list[Job](),
    )

    def lose(scheduler: Scheduler, job: Job, slot: float) -> Job:
        if lost:
            return choose(scheduler, job, slot)
        lost.append(job)
        raise ValueError("a fault of ours")

    async def commit_meanwhile(*arguments: Any) -> Any:
        if not lost:
            with pytest.raises(ValueError, match="of ours"):
                broker.next(RELAY, 1)
        return await commit(*arguments)

    monkeypatch.setattr(Scheduler, "_with_slot", lose)
    monkeypatch.setattr(harness.dispatcher, "_commit", commit_meanwhile)
    broker.wake_ups.be_careful()
    assert 2 == len(await harness.outgoing_after_cycle())
    assert [lost[0].row.id] == [outgoing.delivery_id for outgoing in await harness.outgoing_after_cycle()]


@pytest.mark.only_on("postgresql", "a file forgets nothing")
async def test_what_a_server_has_forgotten_meanwhile_does_not_stay_claimed(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a standby that had not received the last results: their copies wait for a reply that has come long ago. One
    that the journal of this machine still has does not go out again.
    """
    await harness.readers(3)
    edition = await harness.edition()
    await harness.send_all()
    session = harness.owner.session
    await harness.change("update edition set state = 'sending', finished_at = null")
    await harness.change("update delivery set state = 'claimed', claimed_by = ? where id in (1, 3)", session)
    await harness.change("update copy_count set claimed = 2, delivered = 1")
    first_at = int(harness.services.now)
    harness.taken = [JournalEntry(Claim(3, 1, first_at, session), RELAY, 250, "2.0.0")]

    async def refuse(*_: object, **__: object) -> None:
        raise Unavailable("the server is away")

    with monkeypatch.context() as patch:
        patch.setattr(harness.dispatcher, "_record", refuse)
        with pytest.raises(Unavailable):
            await harness.run_cycle()
    assert [1] == [outgoing.delivery_id for outgoing in await harness.send_all()]
    assert ("finished", {"delivered": 3}) == (await harness.state(edition), await harness.counts(edition))
    assert [("delivered",)] * 3 == await harness.rows("select state from delivery")
