"""When a worker process dies, whatever the moment: which row is to blame, and who must not pay for it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from math import inf
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.delivery.worker import fragile
from tests.delivery.worker.conftest import WorkerRig, open_mailbox, relay_at, settings_for

from pressrun.delivery.queue.jobs import Result, claim_of
from pressrun.delivery.queue.scheduler import RelayTerms
from pressrun.delivery.worker import handle
from pressrun.delivery.worker.frames import State
from pressrun.delivery.worker.poison import POISON_AFTER
from pressrun.delivery.worker.worker_line import EDITIONS_AT_MOST
from pressrun.delivery.worker.workers import POISON, Workers
from pressrun.smtp.handover import Outcome
from pressrun.store.queue.journal import Journal, JournalEntry

ROOT = Path(__file__).parents[3]


async def test_a_copy_that_ends_the_worker_is_put_off(rig: WorkerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some ends that it alone is to blame for. The others get their copies, and no second one for it."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(handle, "MODULE", fragile.__name__)
    monkeypatch.setattr(handle, "AGAIN_SECONDS", (0.01,))
    unknown = Counter[int]()
    record = rig.dispatcher.broker.record

    def counting(relay: str, results: Sequence[Result]) -> None:
        outcomes = [(result.id, result.outcome) for result in results]
        unknown.update([number for number, outcome in outcomes if getattr(outcome, "outcome", None) is Outcome.UNKNOWN])
        record(relay, results)

    monkeypatch.setattr(rig.dispatcher.broker, "record", counting)
    edition = await rig.send(10)
    await rig.start()
    await rig.until(lambda: _is_put_off(rig))
    assert {"deferred": 1, "delivered": 9} == await rig.room.counts(edition)
    [[words, address]] = await rig.room.rows(
        "select reply, address from delivery join subscription on subscription.id = subscription_id"
        " join subscriber on subscriber.id = subscriber_id where delivery.state = 'deferred'"
    )
    assert (f"the mail could not be composed: {POISON}", fragile.POISON) == (words, address)
    [(poisoned, most)] = unknown.most_common(1)
    assert (POISON_AFTER, {poisoned}) == (most, {blamed for blamed, ends in unknown.items() if ends > 2})
    assert max(Counter(address for address, _ in rig.mailbox.received).values()) <= 3


async def _is_put_off(rig: WorkerRig) -> bool:
    """Nothing is left but that; what waits for its next attempt gets it, and no more time passes than it takes."""
    waiting = await rig.room.rows("select state, reply, due_at from delivery where state <> 'delivered'")
    if any(state != "deferred" for state, _, _ in waiting):
        return False
    others = [due_at for _, reply, due_at in waiting if not reply.endswith(POISON)]
    if not others:
        return True
    rig.room.pass_time(max(0.0, max(others) - rig.room.clock()))
    rig.dispatcher.wake()
    return False


def _in_hand(rig: WorkerRig) -> int:
    return rig.in_hand


async def test_nobody_goes_without_a_copy_for_being_near(rig: WorkerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies that were in hand at several kills go alone, one after the other, and then all is as before."""
    monkeypatch.setattr(handle, "AGAIN_SECONDS", (0.01,))
    monkeypatch.setattr(handle, "AHEAD_SECONDS", inf)
    await rig.start()
    edition = await rig.send(6)
    rig.mailbox.open.clear()
    for _ in range(2):
        await rig.until(lambda: rig.in_hand == 6)
        first = rig.pid
        os.kill(first, signal.SIGKILL)
        await rig.until(lambda: rig.other_pid(first))  # noqa: B023 - called before the next turn
        rig.room.pass_time(3600)
        rig.dispatcher.wake()
    rig.mailbox.arrived.clear()
    await rig.mailbox.arrived.wait()
    assert 1 == rig.in_hand
    rig.mailbox.open.set()
    await rig.until(lambda: rig.is_over(edition))
    assert {"delivered": 6} == await rig.room.counts(edition)


async def test_what_it_noted_is_delivered_though_it_could_not_say_so(rig: WorkerRig) -> None:
    """The relay had taken it: it is not sent again, nor suspected of anything."""
    await rig.start()
    edition = await rig.send(2)
    rig.mailbox.open.clear()
    await rig.until(lambda: rig.in_hand == 2)
    first, other = rig.worker._held._jobs["primary"].values()
    journal = rig.worker._journal
    assert journal is not None
    journal.append([JournalEntry(claim_of(first), "primary", 250, "2.0.0")])
    os.kill(rig.pid, signal.SIGKILL)
    await rig.until(lambda: rig.in_hand == 0)
    await rig.until(lambda: _counts(rig, edition, {"delivered": 1, "deferred": 1}))
    assert {other.row.id} == rig.workers._poison._ends.keys()
    [[code, enhanced]] = await rig.room.rows("select code, enhanced from delivery where state = 'delivered'")
    assert (250, "2.0.0") == (code, enhanced)


async def _counts(rig: WorkerRig, edition: int, counts: dict[str, int]) -> bool:
    return await rig.room.counts(edition) == counts


async def test_more_editions_at_once_than_plates_are_kept(rig: WorkerRig) -> None:
    """Copies that go together may need more of them than the worker keeps; none is forgotten too early."""
    editions = EDITIONS_AT_MOST + 8
    rig.workers.change(settings_for(relay_at(rig.mailbox.port, connections=30)))
    await rig.room.readers(1)
    for number in range(editions):
        await rig.room.edition(text=f"number {number}")
    await rig.start()
    first = rig.pid
    await rig.until(lambda: len(rig.mailbox.received) == editions)
    assert first == rig.pid


async def test_a_relay_that_a_reload_took_away_is_asked_for_no_more(rig: WorkerRig) -> None:
    """Though the worker has not said so yet, and what it said before is still on its way."""
    async with open_mailbox() as second:
        rig.room.relays = {"primary": (), "second": ()}
        rig.dispatcher = await rig.room.start()
        both = settings_for(relay_at(rig.mailbox.port), relay_at(second.port, name="second"))
        rig.workers = Workers(both, rig.room.services.keys, rig.dispatcher.broker, None, count=1)
        await rig.start()
        await rig.until(lambda: rig.workers.capacity("second") > 0)
        stale = State([], {"primary": 3, "second": 3})
        rig.dispatcher.reload(rig.room.settings, {"primary": RelayTerms()})
        rig.workers.change(replace(both, relays=both.relays[:1]))
        rig.worker._hear(stale)
        assert {"primary"} == set(rig.worker._capacities)
        edition = await rig.send(20)
        await rig.until(lambda: rig.is_over(edition))
        assert [20, 0] == [len(rig.mailbox.received), len(second.received)]


async def test_a_worker_that_dies_in_the_drain_is_not_waited_for(rig: WorkerRig) -> None:
    await rig.start()
    rig.mailbox.open.clear()
    await rig.send(20)
    await rig.mailbox.arrived.wait()
    stopping = asyncio.create_task(rig.stop(600))
    await asyncio.sleep(0.1)
    os.kill(rig.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        await stopping


async def test_a_drain_while_it_starts_and_another_one(rig: WorkerRig) -> None:
    """Whoever drains twice waits for the same end."""
    rig.begin()
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await asyncio.gather(rig.workers.drain(5), rig.workers.drain(5))
        await rig.stop()
    assert [] == rig.workers.pids


async def test_what_nobody_could_hear_stays_in_the_queue(rig: WorkerRig) -> None:
    """Rows whose turn comes while the process is dying are not given to it."""
    await rig.start()
    line = rig.worker._line
    assert line is not None
    os.kill(rig.pid, signal.SIGSTOP)  # so that it takes its time
    line.close()
    edition = await rig.send(5)
    await asyncio.sleep(0.05)
    rig.workers.wake()
    await rig.until(lambda: rig.is_over(edition))
    assert {"delivered": 5} == await rig.room.counts(edition)
    assert 0 == rig.room.outcomes["unknown"]


async def test_without_a_journal_no_row_goes_ahead_of_the_connections(
    rig: WorkerRig, journal: Journal, journal_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be handed over, and a kill of the daemon would repeat it: the queue could not hold it back."""
    with journal_path.open("rb") as readable:
        os.dup2(readable.fileno(), journal.fileno())
    rooms, find_room = list[int](), handle.WorkerHandle.room

    def room(worker: handle.WorkerHandle, relay: str) -> int:
        rooms.append(find_room(worker, relay))
        return rooms[-1]

    monkeypatch.setattr(handle.WorkerHandle, "room", room)
    await rig.start()
    edition = await rig.send(60)
    await rig.until(lambda: rig.is_over(edition))
    assert 3 == max(rooms)
