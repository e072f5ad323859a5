"""A claimed row is always in somebody's hands: an error at any call between its claim and its record loses none.

Each case makes one call fail, the nth time that it is made, while an edition and a notice go out, some copies are
refused or put off, and the edition is paused, resumed and followed by a canary. Afterwards nothing is claimed, every
reader has had the mail once, and no restart was needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from tests.delivery.direct import DirectWorker
from tests.delivery.harness import GONE, LATER, RELAY, TAKEN, UNSENT, DeliveryHarness

from pressrun.core.addresses.address import parse_address
from pressrun.delivery.mailer.mailer import Mailer
from pressrun.delivery.queue import claims, dispatcher, intake, recording
from pressrun.delivery.queue.broker import Broker
from pressrun.delivery.queue.claimed_rows import ClaimedRows
from pressrun.delivery.queue.destination_queues import DestinationQueues
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.queue.intake import ResultIntake, RowsInFlight
from pressrun.delivery.queue.pacing import Pacer
from pressrun.delivery.queue.relay_shares import RelayShares
from pressrun.delivery.queue.results import PendingResults
from pressrun.delivery.queue.scheduler import Scheduler
from pressrun.delivery.queue.throttle import Throttle
from pressrun.delivery.queue.wakeups import WakeUps
from pressrun.services.editions import advance, lifecycle
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.mails.notice_composer import NoticeComposer
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import HandOver, Outgoing
from pressrun.store.queue import deliveries

READERS = 12

pytestmark = pytest.mark.slow_on_postgresql  # what fails is a call of ours, on any engine

# Where a row comes by, from its claim to its record: the calls that can fail there.
CALLS: list[tuple[Any, str]] = [
    # a cycle of the dispatcher
    *(
        (Dispatcher, name)
        for name in (
            *("_learn_slow", "_least_work", "_record", "_apply_throttle", "_advance", "_claim"),
            *("_commit", "_plan", "_room"),
        )
    ),
    *((dispatcher, name) for name in ("log_claims", "log_changes", "log_faults", "log_consequences")),
    *((WakeUps, name) for name in ("begin", "plan", "plan_advance", "plan_next", "record", "claim", "advance")),
    # the transactions
    *((dispatcher, name) for name in ("record", "advance", "claim")),
    (recording, "record_sent"),
    (lifecycle, "finish_if_done"),
    (advance, "_pause_after_canary"),
    *((claims, name) for name in ("held_until", "load_compiled")),
    *(
        (deliveries, name)
        for name in ("record_results", "release", "claim_copies", "claim_notices", "waiting_destinations")
    ),
    # what is ready
    *(
        (Scheduler, name)
        for name in (
            *("follow", "remove_stale", "learn_slow", "eager", "pace_snapshot"),
            *("push", "push_front", "next", "_with_slot", "is_short_of", "learn", "return_unsent"),
            *("_choose", "_count_handed_out"),
        )
    ),
    *((ClaimedRows, name) for name in ("copies_by_queue", "full_relays", "remove_editions", "editions")),
    (RelayShares, "pop_passed_over"),
    *((DestinationQueues, name) for name in ("push", "push_front", "pop", "remove_stale", "remove_editions")),
    *((Pacer, name) for name in ("spend", "slots", "next_at", "claimable", "snapshot", "follow")),
    *((Throttle, name) for name in ("pop_changed", "rooms", "hand_out", "give_back", "after_delivered", "opens_at")),
    # the broker
    *(
        (ResultIntake, name)
        for name in (
            *("_learn", "_keep_result", "_keep", "_take_back", "_wake_up_for", "_delivery_result", "_makes_room"),
            "record_late",
        )
    ),
    *((Broker, name) for name in ("_next", "_call_at", "accept", "hold_back", "offer", "idle")),
    (RowsInFlight, "remove"),
    (intake, "failed_copy"),
    (intake, "delivery_result_of"),
    *((PendingResults, name) for name in ("add", "release", "count", "pop")),
    # the worker
    (DirectWorker, "wake"),
    (NoticeComposer, "sent"),
    (Mailer, "_compose"),
]
TIMES = (1, 2, 5)
# The calls that are made less often than five times while all that goes out.
RARE = {
    "ClaimedRows.remove_editions": 4,
    "DestinationQueues.push_front": 2,
    "DestinationQueues.remove_editions": 4,
    "NoticeComposer.sent": 1,
    "ResultIntake._take_back": 2,
    "Scheduler.push_front": 2,
    "Scheduler.return_unsent": 2,
    "WakeUps.claim": 1,
    "intake.failed_copy": 1,
}
_UNFINISHED = """select 1 from delivery where state not in ('delivered', 'failed', 'cancelled')
    union all select 1 from edition where state not in ('finished', 'paused') limit 1"""
CASES = [
    pytest.param(owner, name, nth, id=f"{call}-{nth}")
    for owner, name in CALLS
    for call in [f"{owner.__name__.rpartition('.')[2]}.{name}"]
    for nth in TIMES
    if nth <= RARE.get(call, nth)
]


@dataclass(slots=True)
class Fault:
    """Makes one call fail, the nth time; `seen` counts the calls."""

    nth: int
    seen: int = 0

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*arguments: Any, **more: Any) -> Any:
            self.seen += 1
            if self.seen == self.nth:
                raise RuntimeError("a fault of ours")
            return call(*arguments, **more)

        return failing


class Room:
    """Turns, and connections that answer at once; what fails is what a loop or a pool would have caught."""

    def __init__(self, harness: DeliveryHarness) -> None:
        self.harness = harness
        self.taken: Counter[str] = Counter()
        self.answered: dict[str, list[HandOver]] = {}

    async def run_cycle(self) -> None:
        try:
            await self.harness.run_cycle()
        except RuntimeError:
            self.harness.pass_time(1)  # as the loop pauses

    async def act(self, action: Callable[[], Any]) -> None:
        """What an operator does, who would do it again."""
        try:
            await action()
        except RuntimeError:
            await action()

    def all_outgoing(self) -> list[Outgoing]:
        taken: list[Outgoing] = []
        for _ in range(3 * READERS):
            try:
                outgoing = self.harness.next_outgoing()
            except RuntimeError:  # the pool catches it, and asks again when it is woken
                continue
            if outgoing is None:
                break
            taken.append(outgoing)
        return taken

    def answer(self, outgoing: Outgoing, result: HandOver) -> None:
        if result is TAKEN:
            self.taken[outgoing.rcpt_to] += 1
        try:
            self.harness.worker.record(RELAY, [RecipientOutcome(outgoing, result, 0.0)])
        except RuntimeError as problem:
            raise AssertionError("the answer did not reach the queue") from problem

    async def send_all(self, answers: dict[str, list[HandOver]], rounds: int = 30) -> None:
        for _ in range(rounds):
            if await self.is_over():
                return
            await self.run_cycle()
            for outgoing in self.all_outgoing():
                left = answers.get(outgoing.rcpt_to)
                self.answer(outgoing, left.pop(0) if left else TAKEN)
            self.harness.pass_time(400)  # past the first retry

    async def is_over(self) -> bool:
        return await self.harness.rows(_UNFINISHED) == []

    async def is_lost(self) -> list[tuple[Any, ...]]:
        held = self.harness.dispatcher.broker.held()
        rows = await self.harness.rows("select id from delivery where state = 'claimed'")
        return [row for row in rows if row[0] not in held]


@pytest.mark.parametrize(("owner", "name", "nth"), CASES)
async def test_an_error_anywhere_loses_no_row(
    harness: DeliveryHarness, owner: Any, name: str, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = await harness.readers(READERS)
    first = await harness.edition("first")
    canary = await harness.edition("second", canary_percent=20)
    await harness.edition_admin.send_test(
        "news",
        Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}),
        [parse_address("eve@reader.example")],
    )
    fault, room = Fault(nth), Room(harness)
    monkeypatch.setattr(owner, name, fault.wrap(getattr(owner, name)))
    answers = {
        addresses[0]: [GONE, GONE],
        addresses[1]: [LATER, UNSENT, LATER],
        addresses[2]: [UNSENT],
        addresses[3]: [LATER],
    }
    await room.run_cycle()
    await room.act(partial(harness.edition_admin.pause, first))
    await room.send_all(answers, 3)
    await room.act(partial(harness.edition_admin.resume, first))
    await room.send_all(answers)
    for edition in (first, canary):
        if await harness.state(edition) == "paused":
            await room.act(partial(harness.edition_admin.resume, edition))
    await room.send_all(answers)
    assert fault.seen >= nth, "this call is not made so often: it belongs into RARE, or nowhere"
    assert [] == await room.is_lost()
    assert [] == await harness.rows(
        "select state from delivery where state not in ('delivered', 'failed', 'cancelled')"
    )
    assert ["finished", "finished"] == [await harness.state(edition) for edition in (first, canary)]
    assert max(room.taken.values()) <= 2  # one of each edition
    assert 2 * READERS + 1 == sum(room.taken.values()) + 2
