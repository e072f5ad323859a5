"""The turn after one that met an error: what is to blame holds up no other, and is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from tests.delivery.pressroom import GONE, RELAY, TAKEN, Pressroom

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, MalformedAddress
from pressrun.delivery.queue.jobs import Job
from pressrun.delivery.queue.scheduler import Scheduler
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.mail_results import Consequences
from pressrun.store.queue.deliveries import ClaimedNotice, DeliveryResult
from pressrun.store.transaction import Transaction


async def turns(press: Pressroom, problem: type[Exception] = ValueError) -> None:
    """One that fails, and the careful one after it."""
    with pytest.raises(problem):
        await press.turn()
    await press.turn()


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.__dict__["fields"]["subject"] for record in caplog.records if record.message == "dispatch.fault"]


async def test_a_result_whose_consequences_cannot_be_drawn_is_recorded_all_the_same(
    press: Pressroom, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise no result would ever be recorded again, and all those copies would go out twice."""
    await press.readers(4)
    edition = await press.edition()
    await press.turn()
    taken = press.take_all()
    after, broken = press.dispatcher._hooks.draw_consequences, taken[1].delivery_id

    def judge(tx: Transaction, settlements: Sequence[DeliveryResult], now: int) -> Consequences:
        if broken in [settlement.id for settlement in settlements]:
            raise ValueError("a fault of ours")
        return after(tx, settlements, now)

    press.dispatcher._hooks = replace(press.dispatcher._hooks, draw_consequences=judge)
    for outgoing, result in zip(taken, [TAKEN, GONE, GONE, TAKEN], strict=True):
        press.answer(outgoing, result)
    await turns(press)
    assert {"delivered": 2, "failed": 2} == await press.counts(edition)
    assert [f"delivery {broken}"] == faults(caplog)
    assert 1 == len(await press.rows("select * from suspension"))  # of the other one
    await press.turn()
    assert "finished" == await press.state(edition)


async def test_a_result_that_cannot_be_recorded_waits_and_the_others_do_not(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay's words make no JSON: it is tried again, and never sent again."""
    await press.readers(2)
    edition = await press.edition()
    await press.turn()
    first, second = press.take_all()
    judge = press.dispatcher.broker.intake._delivery_result

    def crooked(*arguments: Any) -> DeliveryResult:
        result = judge(*arguments)
        if result.id == first.delivery_id:
            return DeliveryResult(id=result.id, state=result.state, due_at=result.due_at, relay="\ud800")
        return result

    monkeypatch.setattr(press.dispatcher.broker.intake, "_delivery_result", crooked)
    press.answer(first, TAKEN)
    press.answer(second, TAKEN)
    await turns(press)
    assert {"claimed": 1, "delivered": 1} == await press.counts(edition)
    await turns(press)
    assert ({"claimed": 1, "delivered": 1}, []) == (await press.counts(edition), press.take_all())


async def test_an_edition_that_cannot_be_read_pauses_and_others_go(
    press: Pressroom, caplog: pytest.LogCaptureFixture
) -> None:
    await press.readers(3)
    broken, sound = await press.edition("one"), await press.edition("two")
    await press.change("update edition_content set skeleton = x'00' where edition_id = ?", broken)
    await turns(press)
    assert 3 == len(press.take_all())
    assert ("paused", "sending") == (await press.state(broken), await press.state(sound))
    assert {"queued": 3} == await press.counts(broken)
    assert "dispatch.fault" in str((await press.stored(broken)).pause_reason)
    assert [f"edition {broken}"] == faults(caplog)


async def test_hours_that_cannot_be_read_hold_up_no_other_list(press: Pressroom) -> None:
    await press.office.make_list("other")
    await press.readers(2)
    await press.office.subscribers.add("other", parse_address("ada@reader.example"))
    broken, sound = await press.edition("one"), await press.edition("two", "other")
    await press.change("update list set hours = 'when it suits' where name = 'news'")
    await turns(press, BadInput)
    assert 1 == len(press.take_all())
    assert ("paused", "sending") == (await press.state(broken), await press.state(sound))


async def test_a_notice_that_cannot_be_judged_has_failed_and_others_go(
    press: Pressroom, caplog: pytest.LogCaptureFixture
) -> None:
    """As one whose address is read no more: it must not go, and is kept for a while."""
    addresses = [parse_address(f"r{number}@reader.example") for number in range(3)]
    await press.edition_admin.send_test(
        "news", Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}), addresses
    )
    judge = press.dispatcher._hooks.may_go

    def refuse(tx: Transaction, notice: ClaimedNotice) -> bool:
        if notice.address == "r1@reader.example":
            raise MalformedAddress("no address any more")
        return judge(tx, notice)

    press.dispatcher._hooks = replace(press.dispatcher._hooks, may_go=refuse)
    await turns(press, MalformedAddress)
    assert ["r0@reader.example", "r2@reader.example"] == [outgoing.rcpt_to for outgoing in press.take_all()]
    assert [("claimed",), ("failed",), ("claimed",)] == await press.rows("select state from delivery order by id")
    assert 1 == len(faults(caplog))


async def test_a_row_that_is_lost_during_a_careful_cycle_is_found_by_the_next(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.readers(3)
    await press.edition()
    await press.turn()
    broker, commit, choose, lost = press.dispatcher.broker, press.dispatcher._commit, Scheduler._with_slot, list[Job]()

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
    monkeypatch.setattr(press.dispatcher, "_commit", commit_meanwhile)
    broker.wake_ups.be_careful()
    assert 2 == len(await press.take_after_turn())
    assert [lost[0].row.id] == [outgoing.delivery_id for outgoing in await press.take_after_turn()]
