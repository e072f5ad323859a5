"""All worker processes together, as the queue sees them: which worker gets which row.

The first worker starts with the first row, the others when many rows wait. The rows of each destination are spread
over all workers. A row that may be a poison message goes to a worker that has nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter, deque
from collections.abc import Mapping, Sequence

from pressrun.core.signing.keys import KeyRing
from pressrun.core.upkeep.lease import Lease
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result, Supply
from pressrun.delivery.worker.handle import WorkerHandle
from pressrun.delivery.worker.held_rows import LOST
from pressrun.delivery.worker.poison import PoisonMessages
from pressrun.delivery.worker.settings import WorkerSettings
from pressrun.services.background import BackgroundLoop
from pressrun.services.ports import RelayStatus
from pressrun.store.queue.journal import Journal

log = logging.getLogger("pressrun.worker")

# Rows that wait: a process sends fewer in less time than another one takes to start. More than are claimed at a time
# (delivery.queue.dispatcher.BATCH) may never wait.
MANY = 128
AT_MOST = 8  # processes: with more, mail goes out no faster than one daemon can claim and record it
POISON = "WorkerEnded"  # the fault of a row that processes had when they ended again and again


def count_workers(wanted: int = 0) -> int:
    """How many processes there are: as many as wanted, by default one for each processor."""
    return min(wanted or len(os.sched_getaffinity(0)), AT_MOST)


class Workers:
    """Gives rows to `count` processes and records their results, as services.ports.RelayPool promises; used on the
    event loop. Raises BadConfiguration and NoKey for settings that no worker could work with.
    """

    def __init__(
        self, settings: WorkerSettings, keys: KeyRing, supply: Supply, journal: Journal | None, *, count: int
    ) -> None:
        settings.check()
        self._settings = settings
        self._supply = supply
        self._workers = [
            WorkerHandle(number, settings.share(number, count), keys, journal=journal, owner=self)
            for number in range(count)
        ]
        self._first = 0
        self._poison = PoisonMessages()
        self._suspected: deque[tuple[str, Job]] = deque()
        self._isolating: WorkerHandle | None = None  # has a suspected row, or is to have one, and nothing else

    @property
    def loops(self) -> Sequence[BackgroundLoop]:
        """What has to run in the background: one loop for each process."""
        return self._workers

    @property
    def _names(self) -> list[str]:
        """The relays of the settings; results may still come for others, which a reload took away."""
        return [relay.name for relay in self._settings.relays]

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    # ------------------------------------------------------------------ what the queue asks

    def wake(self) -> None:
        """There is something to send; the relays take turns at being served first."""
        names = self._names
        self._first += 1
        for index in range(len(names)):
            self._assign(names[(self._first + index) % len(names)])

    def statuses(self) -> list[RelayStatus]:
        return [self._status(name) for name in self._names]

    def capacity(self, relay: str | None = None) -> int:
        names = self._names if relay is None else [relay]
        return sum(worker.capacity(name) for worker in self._workers for name in names)

    def recall(self) -> None:
        """Give back what no connection has."""
        for worker in self._workers:
            worker.recall()

    def probe_relays(self) -> None:
        """Have every process try its failing relays now."""
        for worker in self._workers:
            worker.probe_relays()

    def renew(self, lease: Lease) -> None:
        """Have the processes stop by themselves when this lease runs out, whatever becomes of this one."""
        for worker in self._workers:
            worker.renew(lease)

    def change(self, settings: WorkerSettings) -> None:
        """Continue with other settings or, raising BadConfiguration, with the present ones."""
        settings.check()
        self._settings = settings
        self.adopt()

    def adopt(self) -> None:
        """Make links with the keys of the ring as it is now."""
        for number, worker in enumerate(self._workers):
            worker.change(self._settings.share(number, len(self._workers)))

    async def drain(self, seconds: float) -> None:
        """Have all processes finish what is in flight, and end them."""
        self._give_back_suspected()
        await asyncio.gather(*(worker.drain(seconds) for worker in self._workers))

    # ------------------------------------------------------------------ what the workers report

    def recorded(self, relay: str, results: Sequence[Result]) -> None:
        for result in results:
            if result.outcome != NOT_SENT:
                self._poison.clear(result.id)
        self._supply.record(relay, results)
        if self._isolating is None and relay in self._names:
            self._assign(relay)
        else:
            self.wake()

    def changed(self) -> None:
        self.wake()

    def ended(self, relay: str, results: Sequence[Result]) -> None:
        self._poison.add(result.id for result in results if result.outcome is LOST)
        self._supply.record(relay, results)

    # ------------------------------------------------------------------ who gets what

    def _assign(self, relay: str) -> None:
        """Give the workers as many rows for a relay as they should have."""
        self._isolate()
        self._start(relay)
        rooms = {worker: room for worker in self._workers if (room := self._room(worker, relay)) > 0}
        while rooms:
            most = sum(rooms.values())
            try:
                jobs = self._supply.next(relay, most)
            except Exception:  # this is no fault of the workers, which go on with what they have
                log.exception("relay.claim_error", extra={"fields": {"relay": relay}})
                return
            for worker, share in self._spread(relay, rooms, jobs).items():
                self._give(worker, relay, share)
            if len(jobs) < most:
                return
            rooms = {worker: room for worker in rooms if (room := self._room(worker, relay)) > 0}

    def _room(self, worker: WorkerHandle, relay: str) -> int:
        return 0 if worker is self._isolating else worker.room(relay)

    def _start(self, relay: str) -> None:
        """Start the first process with the first row, and all others if there are many, or the first is stuck."""
        if all(worker.is_up for worker in self._workers):
            return
        waiting, first = self._supply.waiting(relay), self._workers[0]
        if waiting:
            first.start()
        if waiting > MANY or (waiting and first.is_stuck(relay)):
            for worker in self._workers:
                worker.start()

    def _spread(
        self, relay: str, rooms: Mapping[WorkerHandle, int], jobs: Sequence[Job]
    ) -> dict[WorkerHandle, list[Job]]:
        """Spread the rows of each destination over the workers: one that turns out to be slow holds connections for
        long, and none of the workers must have all of its connections held.
        """
        shares: dict[WorkerHandle, list[Job]] = {worker: [] for worker in rooms}
        added: Counter[tuple[WorkerHandle, str]] = Counter()
        for job in jobs:
            if not self._may_go(relay, job):
                continue
            name = job.destination
            able = [worker for worker, room in rooms.items() if len(shares[worker]) < room]
            worker = (
                min(able, key=lambda handle: handle.count(relay, name) + added[handle, name])
                if len(able) > 1
                else able[0]
            )
            added[worker, name] += 1
            shares[worker].append(job)
        return shares

    def _give(self, worker: WorkerHandle, relay: str, jobs: Sequence[Job]) -> None:
        failed = worker.assign(relay, jobs) if jobs else []
        if failed:
            self._supply.record(relay, failed)

    def _may_go(self, relay: str, job: Job) -> bool:
        """Whether a row may go with others."""
        number = job.row.id
        if self._poison.is_poison(number):
            self._supply.record(relay, [Result(number, CompositionFailed(POISON))])
            return False
        if self._poison.is_suspected(number):
            self._suspected.append((relay, job))
            return False
        return True

    def _isolate(self) -> None:
        """Give a suspected row to a worker once that has nothing else."""
        worker = self._isolating
        if worker is not None and not worker.has_rows and not self._suspected:
            self._isolating = worker = None
        if not self._suspected:
            return
        if worker is None:
            worker = self._isolating = next((handle for handle in self._workers if handle.is_up), self._workers[0])
        if worker.has_rows:
            return
        relay, job = self._suspected[0]
        if worker.room(relay) > 0:
            self._suspected.popleft()
            self._give(worker, relay, [job])
        else:
            self._give_back_suspected()

    def _give_back_suspected(self) -> None:
        while self._suspected:
            relay, job = self._suspected.popleft()
            self._supply.record(relay, [Result(job.row.id, NOT_SENT)])
        self._isolating = None

    def _status(self, relay: str) -> RelayStatus:
        """The state of a relay as all processes see it: it fails if one says so and none has a connection to it."""
        statuses = [status for worker in self._workers if (status := worker.status(relay)) is not None]
        connections = sum(status.connections for status in statuses)
        failing = [status for status in statuses if status.failing_since is not None]
        if failing and not connections:
            return min(failing, key=lambda status: status.failing_since or 0.0)
        ends = [since for worker in self._workers if (since := worker.failing_since) is not None]
        if ends and not statuses:
            why = "the worker process has ended"
            return RelayStatus(name=relay, connections=0, failing_since=min(ends), last_error=why)
        note = next((status.last_error for status in statuses if status.last_error), None)
        return RelayStatus(name=relay, connections=connections, failing_since=None, last_error=note)
