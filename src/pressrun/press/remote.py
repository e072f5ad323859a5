"""The press in a process of its own, from the outside: the port that the dispatcher knows.

Rows are taken from the queue as far as the connections of the press can carry them, and a little ahead. A press that
ends by itself is started again; whether relays had taken what was on its way is not known then, and told so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import cast

from pressrun.core.keys import KeyRing
from pressrun.observe.log import event
from pressrun.press.frames import (
    Answers,
    Copies,
    CopyWork,
    Drain,
    Drained,
    Forget,
    Notice,
    Order,
    Report,
    State,
    encode_frame,
    pack_plate,
    pack_setup,
    reports,
)
from pressrun.press.settings import PressSettings
from pressrun.services.composing import EditionPlate
from pressrun.services.jobs import Answer
from pressrun.services.ports import Queue, RelayStatus
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.store.deliveries import ClaimedNotice

log = logging.getLogger("pressrun.press")

MODULE = "pressrun.press"
SILENT_SECONDS = 30.0  # a process that says nothing for so long is stuck: it says how it does twice a second
AGAIN_SECONDS = (0.2, 1.0, 5.0, 30.0)  # before a press that ended is started again: the next one each time it ends soon
SOON_SECONDS = 60.0
GRACE_SECONDS = 1.0  # for a process to end by itself when its socket is closed
END_SECONDS = 5.0  # beyond a drain, until a press that does not end is killed
PLATES_AT_MOST = 16  # that the process keeps; an edition that goes on after that has its plate told again
_LOST = HandOver(Outcome.UNKNOWN, Stage.CONTENT)


class RemotePress:
    """Hands rows to the press process and takes its answers, as services.ports.RelayPool promises.

    Raises BadConfiguration for settings that it could not work with. `run` keeps the process going until `drain`.
    """

    def __init__(self, settings: PressSettings, keys: KeyRing, queue: Queue) -> None:
        settings.check()
        self._settings = settings
        self._keys = keys
        self._queue = queue
        self._line: _Line | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._statuses: dict[str, RelayStatus] = {}
        self._capacities: dict[str, int] = {}
        self._held: dict[str, set[int]] = {}  # the ids of the rows that each relay has
        self._plates: dict[int, EditionPlate] = {}
        self._first = 0
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

    def change(self, settings: PressSettings) -> None:
        """Go on under other settings or, raising BadConfiguration, under the present ones."""
        settings.check()
        self._settings = settings
        self.adopt()

    def adopt(self) -> None:
        """Make links with the keys of the ring as it is now."""
        if self._line is not None:
            self._line.say(pack_setup(self._settings, self._keys))

    async def drain(self, seconds: float) -> None:
        """Have the process finish what is in flight, and end it."""
        self._drain.set()
        if self._line is not None:
            self._line.say(Drain(seconds))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds + END_SECONDS):
                    await self._drained.wait()
            self._line.close()
        await self._over.wait()

    # ------------------------------------------------------------------ the process

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return None if self._process is None else self._process.pid

    async def run(self) -> None:
        """Start the process, and again when it ends, until the drain."""
        ends = 0
        try:
            while not self._drain.is_set():
                started_at = time.monotonic()
                await self._live()
                if self._drain.is_set():
                    break
                ends = 1 if time.monotonic() - started_at >= SOON_SECONDS else ends + 1
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_SECONDS[min(ends, len(AGAIN_SECONDS)) - 1]):
                        await self._drain.wait()
        finally:
            self._over.set()

    async def _live(self) -> None:
        """One life of the process, from its start until nothing is left of it."""
        try:
            process, line = await self._start()
        except OSError as problem:
            self._end(f"it cannot be started: {problem.strerror}")
            return
        try:
            await line.silence(SILENT_SECONDS)
        finally:
            line.close()
            await _see_off(process)
            self._end(f"it ended with {process.returncode}")

    async def _start(self) -> tuple[asyncio.subprocess.Process, _Line]:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    MODULE,
                    str(theirs.fileno()),
                    str(os.getpid()),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                )
        except OSError:
            ours.close()
            raise
        ours.setblocking(False)
        _, line = await asyncio.get_running_loop().connect_accepted_socket(lambda: _Line(self._heard), ours)
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
        lost = sum(map(len, self._held.values()))
        if not self._drain.is_set():
            self._failing_since = self._failing_since or time.time()
        if lost or not self._drain.is_set():
            event(log, "press.ended", level=logging.ERROR, reason=why, unknown=lost)
        for relay, held in self._held.items():
            for number in [*held]:
                self._settle(relay, Answer(number, _LOST))

    # ------------------------------------------------------------------ what is said

    def _hand_over(self, relay: str) -> None:
        """Give the press as many rows for a relay as it can carry, and a few ahead."""
        line, capacity = self._line, self._capacities.get(relay, 0)
        if line is None or capacity == 0 or self._drain.is_set():
            return
        held = self._held.setdefault(relay, set())
        copies: list[CopyWork] = []
        for _ in range(capacity + self._settings.ahead(relay) - len(held)):
            job = self._queue.take(relay)
            if job is None:
                break
            held.add(job.row.id)
            if isinstance(job.row, ClaimedNotice):
                line.say(Notice(relay, job.row, job.claimed_at, job.list))
            else:
                assert job.plate is not None  # that of the edition whose copy it is
                self._tell_plate(line, job.plate)
                copies.append(CopyWork(job.row, job.claimed_at, job.plate.edition_id, job.most))
        if copies:
            line.say(Copies(relay, copies))

    def _tell_plate(self, line: _Line, plate: EditionPlate) -> None:
        if self._plates.get(plate.edition_id) is plate:
            return
        if len(self._plates) >= PLATES_AT_MOST:
            line.say(Forget([*self._plates]))
            self._plates.clear()
        line.say(pack_plate(plate))
        self._plates[plate.edition_id] = plate

    def _heard(self, report: Report) -> None:
        match report:
            case Answers(relay=relay, answers=answers, unmade=unmade):
                for answer in answers:
                    self._settle(relay, answer)
                for one in unmade:
                    self._held[relay].discard(one.id)
                    self._queue.not_made(relay, one)
                self._hand_over(relay)
            case State(statuses=statuses, capacities=capacities):
                self._failing_since = None
                self._statuses = {status.name: status for status in statuses}
                self._capacities = capacities
                self.wake()
            case Drained():
                self._drained.set()

    def _settle(self, relay: str, answer: Answer) -> None:
        self._held[relay].discard(answer.id)
        try:
            self._queue.settle(relay, answer)
        except Exception:
            log.exception("relay.settle_error", extra={"fields": {"relay": relay, "delivery": answer.id}})


async def _see_off(process: asyncio.subprocess.Process) -> None:
    """Whoever is alive and well ends by itself when the socket is closed."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_SECONDS):
            await process.wait()
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


class _Line(asyncio.Protocol):
    """Our end of the socket."""

    def __init__(self, heard: Callable[[Report], None]) -> None:
        self._heard = heard
        self._reports = reports()
        self._transport: asyncio.Transport | None = None
        self._heard_at = time.monotonic()
        self._closed = asyncio.Event()

    async def silence(self, seconds: float) -> None:
        """Until the process has closed its end, or has said nothing for so long."""
        while not self._closed.is_set() and time.monotonic() < self._heard_at + seconds:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds / 4):
                    await self._closed.wait()

    def say(self, order: Order) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode_frame(order))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._heard_at = time.monotonic()
        for report in self._reports.read(data):
            self._heard(report)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the process tells why
        self._closed.set()
