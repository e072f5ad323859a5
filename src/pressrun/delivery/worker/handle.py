"""One worker process from the outside: it is started when there is work for it, stopped when it has been idle for
long, and started again when it ends by itself.

The handle holds every row that the process has. When the process ends, the journal says which of them a relay has
accepted; what became of the others is unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from typing import Protocol

from pressrun.core.signing.keys import KeyRing
from pressrun.core.upkeep.lease import Lease
from pressrun.delivery.queue.jobs import NOT_SENT, Job, Result, is_not_journaled
from pressrun.delivery.worker import child
from pressrun.delivery.worker.child import AGAIN_SECONDS, SOON_SECONDS
from pressrun.delivery.worker.frames import (
    Drain,
    Drained,
    Probe,
    Recall,
    Renewed,
    Report,
    Results,
    State,
    pack_setup,
)
from pressrun.delivery.worker.held_rows import LOST, HeldRows
from pressrun.delivery.worker.settings import WorkerSettings
from pressrun.delivery.worker.worker_line import WorkerLine
from pressrun.observe.log import event
from pressrun.runtime.child_process import CANNOT_START
from pressrun.runtime.clock import utc_now
from pressrun.services.background import BackgroundLoop
from pressrun.services.ports import RelayStatus
from pressrun.store.queue.journal import Claim, Journal, JournalEntry

log = logging.getLogger("pressrun.worker")

MODULE = "pressrun.delivery.worker"
SILENT_SECONDS = 30.0  # a process that says nothing for this long is stuck: its heartbeat comes every second
SOON_RESULTS = 100  # a process that gave more results than this, or lived on (child), is started again at once
END_SECONDS = 5.0  # beyond a drain, until a process that does not end is killed
IDLE_SECONDS = 300.0  # a process without work ends after this time, and gives its memory back
STALE_SECONDS = 5.0  # a row that no connection takes for this long goes back: readers leave and editors cancel
# Rows go to a process before its connections ask, so that none waits while the daemon is busy with something else for
# some milliseconds. A kill repeats none of these rows, as no connection has had them. Only a worker whose results keep
# coming gets them: what waits behind slow destinations in one worker could have gone by another. One whose journal
# fails gets none: only its own memory would know which of them relays have accepted.
AHEAD = 128
# After a result. Longer than results wait for others (assignments.PACED_REPORT_SECONDS), and shorter than it takes to
# find that a destination is slow (destinations.SLOW_SECONDS): otherwise the rows that a stuck worker gives back then
# would go straight to it again.
AHEAD_SECONDS = 0.3


class WorkerOwner(Protocol):
    """The part of the daemon that gives the workers their rows."""

    def recorded(self, relay: str, results: Sequence[Result]) -> None:
        """Results of rows have come; the worker no longer has these rows."""

    def changed(self) -> None:
        """A worker may have room for more, or has lost what it had."""

    def ended(self, relay: str, results: Sequence[Result]) -> None:
        """The process ended. For rows with the outcome UNKNOWN, nobody knows whether the relay has accepted them."""


class WorkerHandle(BackgroundLoop):
    """Worker `number`; `run` keeps its process going until `drain`."""

    unavailable = "worker.ended"  # nothing here asks a database

    def __init__(
        self, number: int, settings: WorkerSettings, keys: KeyRing, *, journal: Journal | None, owner: WorkerOwner
    ) -> None:
        super().__init__(utc_now)
        self.name = f"worker {number}"
        self._number = number
        self._settings = settings
        self._keys = keys
        self._journal = journal
        self._owner = owner
        self._line: WorkerLine | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._statuses: dict[str, RelayStatus] = {}
        self._capacities: dict[str, int] = {}
        self._held = HeldRows()
        self._stale_timer: asyncio.TimerHandle | None = None
        self._used_at = 0.0
        self._result_at: dict[str, float] = {}
        self._is_journaling = True
        self._results = 0  # in this life of the process
        self._ends = 0  # processes in a row that did not live long
        self._failing_since: float | None = None
        self._is_retiring = False
        self._lease: Lease | None = None
        self._wanted = asyncio.Event()
        self._drain = asyncio.Event()
        self._drained = asyncio.Event()
        self._over = asyncio.Event()

    # ------------------------------------------------------------------ what the owner asks

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def is_up(self) -> bool:
        """Whether there is a process, or there will be one by itself."""
        return self._wanted.is_set()

    @property
    def failing_since(self) -> float | None:
        """Since when the process has been ending again and again, in UTC seconds."""
        return self._failing_since

    def status(self, relay: str) -> RelayStatus | None:
        """The state of a relay as this process sees it; None while that is unknown."""
        return self._statuses.get(relay)

    def capacity(self, relay: str) -> int:
        """How many mails may be in flight to a relay."""
        return self._capacities.get(relay, 0)

    def room(self, relay: str) -> int:
        """How many more rows the process should have for a relay."""
        capacity = self.capacity(relay)
        if capacity == 0 or self._line is None or not self._line.is_open or self._is_retiring or self._drain.is_set():
            return 0
        if self._delivers(relay):
            capacity += AHEAD if self._is_journaling else 0
        elif self.is_stuck(relay):  # a row would wait behind those that its connections wait for
            capacity = min(capacity, self._statuses[relay].connections)
        return capacity - self._held.number(relay)

    def is_stuck(self, relay: str) -> bool:
        """Whether all connections to a relay are open, and none has brought a result for a while."""
        status = self._statuses.get(relay)
        most = next(
            (relay_settings.connections for relay_settings in self._settings.relays if relay_settings.name == relay), 0
        )
        return status is not None and 0 < most <= status.connections and not self._delivers(relay)

    def _delivers(self, relay: str) -> bool:
        return time.monotonic() - self._result_at.get(relay, 0.0) < AHEAD_SECONDS

    def count(self, relay: str, destination: str) -> int:
        """How many rows for a destination the process has."""
        return self._held.count(relay, destination)

    @property
    def has_rows(self) -> bool:
        return bool(self._held)

    def start(self) -> None:
        """There is work for the process."""
        self._wanted.set()

    def assign(self, relay: str, jobs: Sequence[Job]) -> list[Result]:
        """Give the process these rows. Rows that cannot be sent to it have failed: their results are returned."""
        assert self._line is not None  # there was room
        failed = self._line.send_jobs(relay, jobs)
        not_sent = {result.id for result in failed}
        for job in jobs:
            if job.row.id not in not_sent:
                self._held.add(relay, job)
        self._used_at = time.monotonic()
        if self._stale_timer is None and self._held:
            self._stale_timer = asyncio.get_running_loop().call_later(STALE_SECONDS, self._recall_stale)
        return failed

    def recall(self) -> None:
        """Have the process give back the rows that no connection has."""
        if self._line is not None:
            self._line.send(Recall())

    def probe_relays(self) -> None:
        """Have the process try its failing relays now; one that is not up yet tries them by itself."""
        if self._line is not None:
            self._line.send(Probe())

    def renew(self, lease: Lease) -> None:
        """Have the process stop by itself when this lease runs out."""
        self._lease = lease
        if self._line is not None:
            self._line.send(Renewed(lease.asked.boot, lease.asked.wall))

    def change(self, settings: WorkerSettings) -> None:
        """Use these settings from now on, and the current keys of the key ring."""
        self._settings = settings
        self._learn(self._capacities)
        if self._line is not None:
            self._line.send(pack_setup(settings, self._keys))

    async def drain(self, seconds: float) -> None:
        """Have the process finish what is in flight, and end it."""
        self._drain.set()
        self._wanted.set()
        self.end_pause()
        if (line := self._line) is not None:
            line.send(Drain(seconds))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds + END_SECONDS):
                    await self._drained.wait()
            line.close()
        await self._over.wait()

    # ------------------------------------------------------------------ the process

    async def run(self) -> None:
        """Start the process when it is needed, and again when it ends, until the drain."""
        try:
            await super().run()
        finally:
            self._drained.set()  # a process that ended in the middle of the drain says nothing
            self._over.set()

    async def step(self) -> bool:
        """One life of the process, and the pause before the next."""
        await self._wanted.wait()
        if self._drain.is_set():
            return False
        self._results, started_at = 0, time.monotonic()
        await self._live()
        if self._drain.is_set():
            return False
        if self._is_retiring:
            self._wanted.clear()
            self._is_retiring = False
            self._owner.changed()  # there may be work again
            return True
        is_able = time.monotonic() - started_at >= SOON_SECONDS or self._results >= SOON_RESULTS
        self._ends = 1 if is_able else self._ends + 1
        await child.pause(self._ends, AGAIN_SECONDS, self._drain)
        return True

    async def _live(self) -> None:
        """From the start of the process until nothing is left of it."""
        self._give_up_held()  # nothing, unless that failed when the last process ended
        try:
            process, line = await self._start()
        except CANNOT_START as problem:
            self._end(f"it cannot be started: {child.reason(problem)}")
            return
        self.works()
        is_stuck = False
        try:
            await line.silence(SILENT_SECONDS)
            is_stuck = line.is_open
        finally:
            line.close()
            await child.see_off(process)
            self._end(
                f"it said nothing for {SILENT_SECONDS:g} s" if is_stuck else f"it ended with {process.returncode}"
            )

    async def _start(self) -> tuple[asyncio.subprocess.Process, WorkerLine]:
        arguments = () if self._journal is None else (self._journal.fileno(), self._number)
        descriptors = () if self._journal is None else (self._journal.fileno(),)
        process, line = await child.start(MODULE, lambda _: WorkerLine(self._hear), *arguments, descriptors=descriptors)
        self._line, self._process = line, process
        self._used_at = time.monotonic()
        line.send(pack_setup(self._settings, self._keys))
        if self._lease is not None:
            self.renew(self._lease)
        if self._drain.is_set():
            line.close()
        return process, line

    def _retire(self, line: WorkerLine) -> None:
        """Let an idle process end."""
        self._is_retiring = True
        line.send(Drain(0.0))

    def _end(self, why: str) -> None:
        """Nothing is left of the process. Relays may or may not have accepted what it had in flight."""
        self._line = self._process = None
        self._capacities.clear()
        self._statuses.clear()
        is_meant = self._drain.is_set() or self._is_retiring
        if not is_meant:
            self._failing_since = self._failing_since or utc_now()
        lost = self._give_up_held()
        if lost or not is_meant:
            event(log, "worker.ended", level=logging.ERROR, reason=why, unknown=lost)
        self._owner.changed()

    def _give_up_held(self) -> int:
        """Give a result for every row that the process had; returns how many of them are unknown."""
        results = self._held.give_up(self._entries())
        for relay, last in results.items():
            self._owner.ended(relay, last)
        return sum(result.outcome is LOST for last in results.values() for result in last)

    def _entries(self) -> dict[Claim, JournalEntry]:
        """What the process journaled: it may have ended before it could report it."""
        try:
            return self._journal.entries() if self._journal and self.has_rows else {}
        except Exception as problem:  # noqa: BLE001 - logged; without them more is repeated, and nothing lost
            event(log, "worker.not_journaled", level=logging.WARNING, problem=str(problem))
            return {}

    def _recall_stale(self) -> None:
        """Have the process give back rows that it has had for a long time and that no connection has taken."""
        self._stale_timer = None
        stale = self._held.still_held()
        if self._line is not None and stale:
            self._line.send(Recall(stale))
        if self._held:
            self._stale_timer = asyncio.get_running_loop().call_later(STALE_SECONDS, self._recall_stale)

    # ------------------------------------------------------------------ what it reports

    def _hear(self, report: Report) -> None:
        match report:
            case Results(relay=relay, results=results):
                self._results += len(results)
                for result in results:
                    self._held.remove(relay, result.id)
                self._used_at = time.monotonic()
                if any(result.outcome != NOT_SENT for result in results):
                    self._result_at[relay] = self._used_at
                if any(result.is_journaled for result in results):
                    self._is_journaling = True
                elif any(is_not_journaled(result) for result in results):
                    self._is_journaling = False
                self._owner.recorded(relay, results)
            case State(statuses=statuses, capacities=capacities):
                self._failing_since = None
                self._statuses = {status.name: status for status in statuses}
                self._learn(capacities)
                self._owner.changed()
                if self._line and not self.has_rows and time.monotonic() - self._used_at > IDLE_SECONDS:
                    self._retire(self._line)
            case Drained():
                self._drained.set()
                if self._is_retiring and self._line is not None:
                    self._line.close()

    def _learn(self, capacities: dict[str, int]) -> None:
        """How many mails each relay of the settings can have in flight; rows for one that accepts none come back."""
        self._capacities = {relay.name: capacities.get(relay.name, 0) for relay in self._settings.relays}
        held = self._held.ids_by_relay()
        stuck = [number for relay, numbers in held.items() if not self.capacity(relay) for number in numbers]
        if stuck and self._line is not None:
            self._line.send(Recall(stuck))
