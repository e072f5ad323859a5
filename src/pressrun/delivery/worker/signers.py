"""The processes that sign, from the outside: as many as there are processors, started by the press process.

A thread that signs takes the interpreter's lock from the loop before and after each signature. While no process is able
to sign, as in the first moments or after kills, threads do it all the same: no mail waits for a process to come up, and
what one leaves undone at its end others sign.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from pressrun.delivery.mailer.signatures import BATCHES_AT_MOST, Digests, Hands, OnSigned, Threads
from pressrun.delivery.worker import child
from pressrun.delivery.worker.child import AGAIN_SECONDS, SOON_SECONDS
from pressrun.delivery.worker.signer import Answer, Batch, Keys
from pressrun.message.signatures.dkim import SigningKey
from pressrun.observe.log import event
from pressrun.runtime.frames import FrameReader as Frames
from pressrun.runtime.frames import encode_frame as pack
from pressrun.services.background import BackgroundLoop

log = logging.getLogger("pressrun.worker")

MODULE = "pressrun.delivery.worker.signer"
AT_MOST = 4  # sign more than one loop can make and hand over
SILENT_SECONDS = 30.0  # with work in hand, of which each batch takes milliseconds: then a process is stuck

Work: TypeAlias = tuple[Digests, OnSigned]


def signing_hands() -> Hands:
    """Processes where there are several processors; on one they would only stand in line with the loop."""
    processors = len(os.sched_getaffinity(0))
    return SignerProcesses(min(processors, AT_MOST)) if processors > 1 else Threads()


class SignerProcesses:
    """So many processes, as delivery.mailer.signatures.Hands promises; they run while there are keys."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._threads = Threads()
        self._signers: list[_Signer] = []
        self._lives: set[asyncio.Task[None]] = set()  # of processes that are not over yet

    def use(self, keys: Sequence[SigningKey]) -> None:
        self._threads.use(keys)
        for signer in self._signers:
            signer.use(keys)
        if not keys:
            self._dismiss()
        elif not self._signers:
            self._signers = [_Signer(keys, self.sign) for _ in range(self._count)]
            for number, signer in enumerate(self._signers):
                life = asyncio.get_running_loop().create_task(signer.run(), name=f"signer {number}")
                self._lives.add(life)
                life.add_done_callback(self._lives.discard)

    def has_room(self) -> bool:
        lines = self._lines()
        return any(len(line.held) < BATCHES_AT_MOST for line in lines) if lines else self._threads.has_room()

    def sign(self, digests: Digests, done: OnSigned) -> None:
        lines = self._lines()
        if lines:
            min(lines, key=lambda line: len(line.held)).sign(digests, done)
        else:
            self._threads.sign(digests, done)

    async def close(self) -> None:
        self._dismiss()
        await asyncio.gather(*self._lives, self._threads.close())

    @property
    def pids(self) -> list[int]:
        """The processes that are able to sign."""
        return [line.pid for line in self._lines()]

    def _lines(self) -> list[_Line]:
        """To processes that are able to sign."""
        return [signer.line for signer in self._signers if signer.line is not None and signer.line.is_able]

    def _dismiss(self) -> None:
        for signer in self._signers:
            signer.end()
        self._signers = []


class _Signer(BackgroundLoop):
    """One process, started again when it ends; what it had in hand then is given to `undone`."""

    name = "signer"
    unavailable = "press.signer_ended"  # nothing here asks a database

    def __init__(self, keys: Sequence[SigningKey], undone: Callable[[Digests, OnSigned], None]) -> None:
        super().__init__(time.time)
        self._keys = keys
        self._undone = undone
        self._ends = 0  # of processes that did not live long, in a row
        self._over = asyncio.Event()
        self.line: _Line | None = None

    def use(self, keys: Sequence[SigningKey]) -> None:
        """Sign with these from now on; what is in hand is dropped."""
        self._keys = keys
        if self.line is not None:
            self.line.use(keys)

    def end(self) -> None:
        """End the process; what is in hand is dropped."""
        self._over.set()
        self.end_pause()
        if self.line is not None:
            self.line.close()

    async def step(self) -> bool:
        """One life of the process, and the pause before the next."""
        if self._over.is_set():
            return False
        started_at = time.monotonic()
        why = await self._live()
        if self._over.is_set():
            return False
        event(log, "press.signer_ended", level=logging.ERROR, reason=why)
        self._ends = 1 if time.monotonic() - started_at >= SOON_SECONDS else self._ends + 1
        await child.pause(self._ends, AGAIN_SECONDS, self._over)
        return True

    async def _live(self) -> str:
        """One life of the process, from its start until nothing is left of it; why it ended."""
        try:
            process, line = await self._start()
        except child.CANNOT_START as problem:
            return f"it cannot be started: {child.reason(problem)}"
        self.works()
        try:
            await line.silence(SILENT_SECONDS)
            is_stuck = line.is_open
        finally:
            self.line = None
            line.close()
            if not self._over.is_set():
                for digests, done in line.undone():
                    self._undone(digests, done)
            await child.see_off(process)
        return f"it said nothing for {SILENT_SECONDS:g} s" if is_stuck else f"it ended with {process.returncode}"

    async def _start(self) -> tuple[asyncio.subprocess.Process, _Line]:
        process, line = await child.start(MODULE, _Line)
        self.line = line
        line.use(self._keys)
        if self._over.is_set():
            line.close()
        return process, line


class _Line(child.Line):
    """Our end of the socket to one process. `held` is what it has in hand, in order; None is what nobody waits for."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self.pid = pid
        self.held: deque[Work | None] = deque()
        self._unheard_keys = 0  # while there are any it may not be up yet
        self._answers = Frames(msgspec.msgpack.Decoder(Answer))

    @property
    def is_awaited(self) -> bool:
        return bool(self.held)

    @property
    def is_able(self) -> bool:
        """Whether the process has the keys, and can be given work."""
        return self._unheard_keys == 0 and self.is_open

    def use(self, keys: Sequence[SigningKey]) -> None:
        self.held = deque([None] * len(self.held))
        self._unheard_keys = len(self.held) + 1
        self._give(None, Keys([key.pem for key in keys]))

    def sign(self, digests: Digests, done: OnSigned) -> None:
        self._give((digests, done), Batch(digests))

    def undone(self) -> Iterator[Work]:
        """What it has in hand and somebody waits for."""
        return (work for work in self.held if work is not None)

    def heard(self, data: bytes) -> None:
        for answer in self._answers.read(data):
            work = self.held.popleft()
            if self._unheard_keys:
                self._unheard_keys -= 1
            if work is not None:
                _, done = work
                done(answer)

    def _give(self, work: Work | None, order: Keys | Batch) -> None:
        if not self.held:
            self.expect()
        self.held.append(work)
        self.write(pack(order))
