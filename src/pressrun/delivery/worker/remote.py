"""The press in a process of its own, from the outside: the port that the dispatcher knows.

Rows are taken from the queue as far as the connections of the press can carry them, and a little ahead. A press that
ends by itself is started again; whether relays had taken what was on its way is not known then, and told so. A row
that was in its hands at several ends goes to it alone, so that the next end tells whether it is to blame.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence

from pressrun.core.keys import KeyRing
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result, Supply, claim_of
from pressrun.delivery.worker import child
from pressrun.delivery.worker.child import AGAIN_SECONDS, SOON_SECONDS
from pressrun.delivery.worker.frames import (
    Answers,
    Copies,
    CopyWork,
    Drain,
    Drained,
    Forget,
    Notice,
    Order,
    Recall,
    Report,
    State,
    encode_frame,
    pack_plate,
    pack_setup,
    reports,
)
from pressrun.delivery.worker.settings import PressSettings
from pressrun.delivery.worker.suspects import Suspects
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop
from pressrun.services.mails.composing import CompiledEdition
from pressrun.services.ports import RelayStatus
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.deliveries import ClaimedNotice
from pressrun.store.journal import Claim, Journal, Taken

log = logging.getLogger("pressrun.worker")

MODULE = "pressrun.delivery.worker"
SILENT_SECONDS = 30.0  # a process that says nothing for so long is stuck: it says how it does twice a second
SOON_ANSWERS = 100  # on rows: whoever gave more than so many, or lived on (child), is started again at once
END_SECONDS = 5.0  # beyond a drain, until a press that does not end is killed
PLATES_AT_MOST = 16  # that the process keeps; an edition that goes on after that has its plate told again
GUILTY = "PressEnded"  # the fault of a row with which it ended again and again
_LOST = HandOver(Outcome.UNKNOWN, Stage.CONTENT)


class RemotePress(BackgroundLoop):
    """Hands rows to the press process and takes its answers, as services.ports.RelayPool promises.

    Raises BadConfiguration for settings that it could not work with. `run` keeps the process going until `drain`.
    """

    name = "press"
    unavailable = "press.ended"  # nothing here asks a database

    def __init__(self, settings: PressSettings, keys: KeyRing, queue: Supply, journal: Journal | None) -> None:
        settings.check()
        super().__init__(time.time)
        self._settings = settings
        self._keys = keys
        self._queue = queue
        self._journal = journal
        self._line: _Line | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._statuses: dict[str, RelayStatus] = {}
        self._capacities: dict[str, int] = {}
        self._held: dict[str, dict[int, Job]] = {}  # the rows that each relay has, by their ids
        self._plates: dict[int, CompiledEdition] = {}
        self._suspects = Suspects()
        self._alone: tuple[str, Job] | None = None  # goes, or went, while the press has nothing else; others wait
        self._first = 0
        self._answers = 0  # in this life of the process
        self._ends = 0  # of processes that did not live long, in a row
        self._failing_since: float | None = None
        self._drain = asyncio.Event()
        self._drained = asyncio.Event()
        self._over = asyncio.Event()

    # ------------------------------------------------------------------ what the dispatcher asks

    def wake(self) -> None:
        """There is something to take; the relays take turns in being asked first."""
        names = [*self._capacities]
        if names:
            self._first = (self._first + 1) % len(names)
            for name in names[self._first :] + names[: self._first]:
                self._hand_over(name)

    def statuses(self) -> list[RelayStatus]:
        since, why = self._failing_since, "the process that hands over mail has ended"
        known = self._statuses if since is None else {}
        return [
            known.get(one.name)
            or RelayStatus(name=one.name, connections=0, failing_since=since, last_error=None if since is None else why)
            for one in self._settings.relays
        ]

    def capacity(self, relay: str | None = None) -> int:
        return sum(self._capacities.values()) if relay is None else self._capacities.get(relay, 0)

    def recall(self) -> None:
        """Give back what no connection has."""
        if self._line is not None:
            self._line.say(Recall())

    def change(self, settings: PressSettings) -> None:
        """Go on under other settings or, raising BadConfiguration, under the present ones."""
        settings.check()
        self._settings = settings
        self._know(self._capacities)
        self.adopt()

    def adopt(self) -> None:
        """Make links with the keys of the ring as it is now."""
        if self._line is not None:
            self._line.say(pack_setup(self._settings, self._keys))

    async def drain(self, seconds: float) -> None:
        """Have the process finish what is in flight, and end it."""
        self._drain.set()
        self.end_pause()
        if (line := self._line) is not None:
            line.say(Drain(seconds))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds + END_SECONDS):
                    await self._drained.wait()
            line.close()
        await self._over.wait()

    # ------------------------------------------------------------------ the process

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return None if self._process is None else self._process.pid

    async def run(self) -> None:
        """Start the process, and again when it ends, until the drain."""
        try:
            await super().run()
        finally:
            self._drained.set()  # by whom, if not by a process that ended in the middle of it
            self._over.set()

    async def step(self) -> bool:
        """One life of the process, and the pause before the next."""
        if self._drain.is_set():
            return False
        started_at, self._answers = time.monotonic(), 0
        await self._live()
        if self._drain.is_set():
            return False
        is_able = time.monotonic() - started_at >= SOON_SECONDS or self._answers >= SOON_ANSWERS
        self._ends = 1 if is_able else self._ends + 1
        await child.pause(self._ends, AGAIN_SECONDS, self._drain)
        return True

    async def _live(self) -> None:
        """From the start of the process until nothing is left of it."""
        self._give_up_held()  # nothing, unless that failed at the end of the last one
        try:
            process, line = await self._start()
        except child.CANNOT_START as problem:
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

    async def _start(self) -> tuple[asyncio.subprocess.Process, _Line]:
        journal = () if self._journal is None else (self._journal.fileno(),)
        process, line = await child.start(MODULE, lambda _: _Line(self._heard), *journal)
        self._line, self._process = line, process
        line.say(pack_setup(self._settings, self._keys))
        if self._drain.is_set():
            line.close()
        return process, line

    def _end(self, why: str) -> None:
        """Nothing is left of the process: what it had on its way may have been taken or not."""
        self._line = self._process = None
        self._capacities.clear()
        self._plates.clear()
        if not self._drain.is_set():
            self._failing_since = self._failing_since or time.time()
        lost = self._give_up_held()
        if lost or not self._drain.is_set():
            event(log, "press.ended", level=logging.ERROR, reason=why, unknown=lost)
        self._keep_back()

    def _give_up_held(self) -> int:
        """Answer for all that the process had; returns of how much nobody knows what became of it."""
        noted = self._noted()
        answers = {
            relay: [_last_answer(job, noted.get(claim_of(job))) for job in held.values()]
            for relay, held in self._held.items()
        }
        lost = [answer.id for last in answers.values() for answer in last if answer.outcome is _LOST]
        self._suspects.add(lost)
        for relay, last in answers.items():
            self._settle(relay, last)
        return len(lost)

    def _noted(self) -> dict[Claim, Taken]:
        """What the process noted as taken: it may have ended before it could say so."""
        try:
            return self._journal.entries() if self._journal and any(self._held.values()) else {}
        except Exception as problem:  # noqa: BLE001 - told; without it more is repeated, and nothing lost
            event(log, "press.not_noted", level=logging.WARNING, problem=str(problem))
            return {}

    # ------------------------------------------------------------------ what is said

    def _hand_over(self, relay: str) -> None:
        """Give the press as many rows for a relay as it can carry, and a few ahead."""
        line, capacity = self._line, self._capacities.get(relay, 0)
        if line is None or not line.is_open or capacity == 0 or self._drain.is_set():
            return
        held = self._held.setdefault(relay, {})
        most = capacity + self._settings.ahead(relay)
        copies: list[CopyWork] = []
        while self._alone is None and len(held) < most:
            wanted = 1 if self._suspects else most - len(held)  # nothing is taken behind a row that must go alone
            try:
                jobs = self._queue.next(relay, wanted)
            except Exception:  # the press has nothing to do with it, and goes on with what it has
                log.exception("relay.take_error", extra={"fields": {"relay": relay}})
                break
            for job in jobs:
                self._take(line, relay, job, copies)
            if len(jobs) < wanted:
                break
        self._say_copies(line, relay, copies)
        self._go_on_alone(line)

    def _take(self, line: _Line, relay: str, job: Job, copies: list[CopyWork]) -> None:
        """Let the press have a row, unless it may have ended one."""
        number = job.row.id
        if self._suspects.is_guilty(number):
            self._queue.record(relay, [Result(number, CompositionFailed(GUILTY))])
        elif self._suspects.holds(number):
            self._alone = relay, job
        else:
            self._held[relay][number] = job
            self._try_to_add(line, relay, job, copies)

    def _try_to_add(self, line: _Line, relay: str, job: Job, copies: list[CopyWork]) -> None:
        """A row that cannot be said, as its edition cannot be read, is put off, and others go."""
        try:
            self._add(line, relay, job, copies)
        except Exception as problem:
            log.exception("press.not_said", extra={"fields": {"relay": relay, "delivery": job.row.id}})
            self._settle(relay, [_failed(job.row.id, problem)])

    def _add(self, line: _Line, relay: str, job: Job, copies: list[CopyWork]) -> None:
        """Say a notice, and that a copy is to be made as soon as `copies` are said."""
        if isinstance(job.row, ClaimedNotice):
            line.say(Notice(relay, job.row, job.claimed_at, job.list, job.logo))
            return
        plate = job.edition
        assert plate is not None  # that of the edition whose copy it is
        if self._plates.get(plate.edition_id) is not plate:
            line.say(pack_plate(plate))
            self._plates[plate.edition_id] = plate
        copies.append(CopyWork(job.row, job.claimed_at, plate.edition_id, job.most))

    def _say_copies(self, line: _Line, relay: str, copies: list[CopyWork]) -> None:
        if copies:
            self._say_each(line, relay, copies)
        if len(self._plates) > PLATES_AT_MOST:  # only now: some of the copies may have needed the oldest
            line.say(Forget([*self._plates]))
            self._plates.clear()

    def _say_each(self, line: _Line, relay: str, copies: list[CopyWork]) -> None:
        """Say copies in one frame; where one of them makes no frame, in one for each, so that it alone is put off."""
        try:
            frames = [encode_frame(Copies(relay, copies))]
        except Exception:
            log.exception("press.not_said", extra={"fields": {"relay": relay, "copies": len(copies)}})
            frames = []
            for one in copies:
                try:
                    frames.append(encode_frame(Copies(relay, [one])))
                except Exception as problem:  # noqa: BLE001 - told by whoever puts it off
                    self._settle(relay, [_failed(one.row.id, problem)])
        for frame in frames:
            line.write(frame)

    # ------------------------------------------------------------------ rows that may have ended it

    def _go_on_alone(self, line: _Line) -> None:
        """Give the press the row that is to go alone, once it has nothing else."""
        if self._alone is None or any(self._held.values()):
            return
        relay, job = self._alone
        self._held.setdefault(relay, {})[job.row.id] = job
        copies: list[CopyWork] = []
        self._try_to_add(line, relay, job, copies)
        self._say_copies(line, relay, copies)

    def _keep_back(self) -> None:
        """Give the queue what was to go alone and did not."""
        if self._alone is not None:
            (relay, job), self._alone = self._alone, None
            self._settle(relay, [Result(job.row.id, NOT_SENT)])

    def _is_over_with(self, relay: str, number: int) -> None:
        """A row is in the hands of the press no more."""
        self._held[relay].pop(number, None)
        if self._alone is not None and self._alone[1].row.id == number:
            self._alone = None

    # ------------------------------------------------------------------ what it says

    def _heard(self, report: Report) -> None:
        match report:
            case Answers(relay=relay, results=results):
                self._answers += len(results)
                was_alone = self._alone is not None
                self._settle(relay, results)
                if was_alone:
                    self.wake()
                else:
                    self._hand_over(relay)
            case State(statuses=statuses, capacities=capacities):
                self._failing_since = None
                self._statuses = {status.name: status for status in statuses}
                self._know(capacities)
                self.wake()
            case Drained():
                self._drained.set()

    def _know(self, capacities: Mapping[str, int]) -> None:
        """How much each relay can carry; one that the settings name no more gets nothing, whatever was said of it."""
        self._capacities = {one.name: capacities.get(one.name, 0) for one in self._settings.relays}
        if self._alone is not None and self._capacities.get(self._alone[0], 0) == 0 and not any(self._held.values()):
            self._keep_back()

    def _settle(self, relay: str, answers: Sequence[Result]) -> None:
        for answer in answers:
            self._is_over_with(relay, answer.id)
            if answer.outcome is not _LOST and getattr(answer.outcome, "outcome", None) is not Outcome.UNSENT:
                self._suspects.clear(answer.id)
        self._queue.record(relay, answers)


def _failed(number: int, problem: Exception) -> Result:
    return Result(number, CompositionFailed(type(problem).__name__))


def _last_answer(job: Job, taken: Taken | None) -> Result:
    """What became of a row that the process had when it ended."""
    if taken is None:
        return Result(job.row.id, _LOST)
    reply = Reply(taken.code, "", taken.enhanced)
    return Result(job.row.id, HandOver(Outcome.DELIVERED, Stage.CONTENT, reply), is_journaled=True)


class _Line(child.Line):
    """Our end of the socket; the process says how it does twice a second."""

    def __init__(self, on_report: Callable[[Report], None]) -> None:
        super().__init__()
        self._on_report = on_report
        self._reports = reports()

    def say(self, order: Order) -> None:
        self.write(encode_frame(order))

    def heard(self, data: bytes) -> None:
        for report in self._reports.read(data):
            self._on_report(report)
