"""Worker processes over a real queue, and a relay that answers as the test says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_asyncio
from aiosmtpd.smtp import SMTP
from tests.delivery.harness import SITE, DeliveryHarness, open_delivery

from pressrun.core.quantities import Rate
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.delivery.worker.handle import WorkerHandle
from pressrun.delivery.worker.settings import WorkerSettings
from pressrun.delivery.worker.workers import Workers
from pressrun.observe.settings import LogSettings
from pressrun.services.settings import DeliverySettings, TokenSettings
from pressrun.store.queue.journal import Journal

LOOK_SECONDS = 0.01  # between two looks at another process


@dataclass(slots=True)
class Mailbox:
    """A relay: all that it took, and what it says to the next content; while `open` is not set it says nothing."""

    received: list[tuple[str, bytes]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    reply: str = "250 2.0.0 taken"
    port: int = 0

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.arrived.set()
        await self.open.wait()
        self.received.append((envelope.rcpt_tos[0], envelope.content))
        return self.reply


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    mailbox.open.set()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox), "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    yield mailbox
    mailbox.open.set()
    server.close()


@dataclass(slots=True, kw_only=True)
class WorkerRig:
    """A queue, its worker, and a relay."""

    room: DeliveryHarness
    mailbox: Mailbox
    settings: WorkerSettings
    dispatcher: Dispatcher
    workers: Workers
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The worker process that runs now."""
        [pid] = self.workers.pids
        return pid

    @property
    def worker(self) -> WorkerHandle:
        """The only worker."""
        [worker] = self.workers._workers
        return worker

    @property
    def in_hand(self) -> int:
        """How many rows the worker has."""
        return sum(map(len, self.worker._held.ids_by_relay().values()))

    async def start(self) -> None:
        self.begin()
        self.worker.start()
        await self.until(lambda: self.workers.capacity() > 0)

    def begin(self) -> None:
        """Start the loops alone: the process comes with the first row."""
        self.dispatcher.connect(self.workers)
        self.tasks += [asyncio.create_task(loop.run()) for loop in (self.dispatcher, *self.workers.loops)]

    def other_pid(self, first: int) -> bool:
        """Whether another process than the first is there."""
        return bool(self.workers.pids) and self.workers.pids != [first]

    async def stop(self, seconds: float = 5.0) -> None:
        await self.dispatcher.drain(seconds)
        await asyncio.gather(*self.tasks)
        self.tasks.clear()

    async def until(self, is_so: Callable[[], bool | Awaitable[bool]]) -> None:
        """Wait until this is so. The worker is another process, so we look again and again, and let the clock go on,
        since each time slot is later than the one before.
        """
        async with asyncio.timeout(30):
            while True:
                value = is_so()
                if value if isinstance(value, bool) else await value:
                    return
                await asyncio.sleep(LOOK_SECONDS)
                self.room.pass_time(LOOK_SECONDS)

    async def is_over(self, edition: int) -> bool:
        return await self.room.state(edition) == "finished"

    async def send(self, readers: int, **changes: Any) -> int:
        """An edition to so many readers of the list."""
        await self.room.readers(readers)
        edition = await self.room.edition(**changes)
        self.dispatcher.wake()
        return edition


def relay_at(port: int, **changes: Any) -> RelaySettings:
    keys: dict[str, Any] = {"name": "primary", "host": "127.0.0.1", "port": port, "connections": 3, **changes}
    return RelaySettings(**keys)


def settings_for(*relays: RelaySettings, **changes: Any) -> WorkerSettings:
    keys: dict[str, Any] = {
        "site": SITE,
        "relays": relays,
        "delivery": DeliverySettings(rates=(Rate(100_000, 1.0),)),
        "tokens": TokenSettings(),
        "dkim": (),
        "log": LogSettings(),
        **changes,
    }
    return WorkerSettings(**keys)


@pytest_asyncio.fixture
async def rig(tmp_path: Path, journal: Journal) -> AsyncIterator[WorkerRig]:
    """Not started yet."""
    async with open_mailbox() as mailbox, open_delivery(tmp_path) as room:
        room.services.now = time.time()
        settings = settings_for(relay_at(mailbox.port))
        dispatcher = await room.start()
        workers = Workers(settings, room.services.keys, dispatcher.broker, journal, count=1)
        opened = WorkerRig(room=room, mailbox=mailbox, settings=settings, dispatcher=dispatcher, workers=workers)
        yield opened
        if opened.tasks:
            await opened.stop()
