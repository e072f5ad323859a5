"""Every loop of the daemon with every fault of the machine, at every call where it can occur.

A call fails a few times in a row, then the fault is gone. The loop lives, the log says what failed, what the loop is
there for is done, nothing is lost, and nothing is sent twice.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.database import select
from tests.delivery.harness import DeliveryHarness, open_delivery
from tests.delivery.worker.conftest import WorkerRig
from tests.inbound.mailroom import ADA, Mailroom, mail, open_mailroom

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.chain import NO_ROWS
from pressrun.daemon.health.watchdog import Watchdog
from pressrun.delivery.worker import child, handle
from pressrun.runtime.systemd import Notifier
from pressrun.sandbox.mail_parser import SandboxedParser
from pressrun.services import background
from pressrun.services.background import BackgroundLoop
from pressrun.services.incoming import mail_processing
from pressrun.services.readers import web_requests
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant, SignUps
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.upkeep import housekeeping
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.store.database import Database
from pressrun.store.upkeep import key_files
from pressrun.store.upkeep.datadir import DataDir

TIMES = 3
WEB = Origin(source="web")
FAULTS: dict[str, Callable[[], Exception]] = {
    **{
        name: partial(lambda code: OSError(code, os.strerror(code)), getattr(errno, name))
        for name in ("EMFILE", "ENOSPC", "EROFS", "EIO")
    },
    "thread": lambda: RuntimeError("can't start new thread"),
}


class Refusals:
    """Makes a call fail TIMES times; `left` counts down."""

    def __init__(self, fault: str) -> None:
        self.left = TIMES
        self._fault = FAULTS[fault]

    def wrap(self, call: Any) -> Any:
        def sometimes(*arguments: Any, **more: Any) -> Any:
            if self.left:
                self.left -= 1
                raise self._fault()
            return call(*arguments, **more)

        return sometimes


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Poll: the loops signal nothing."""
    async with asyncio.timeout(30):
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(*loops: BackgroundLoop) -> AsyncIterator[None]:
    """Runs loops, which must not end."""
    tasks = [asyncio.create_task(loop.run()) for loop in loops]
    try:
        yield
        assert [] == [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are short."""
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(housekeeping, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(web_requests, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(web_requests, "draw_wait", lambda _: 0.0)
    monkeypatch.setattr(mail_processing, "_RETRY_SECONDS", 0.001)
    monkeypatch.setattr(mail_processing, "draw_wait", lambda _: 0.0)
    monkeypatch.setattr("pressrun.sandbox.helper._START_AGAIN_SECONDS", (0.001,))
    for module in (child, handle):
        monkeypatch.setattr(module, "AGAIN_SECONDS", (0.001,))


def cases(*calls: tuple[Any, str], thread: tuple[tuple[Any, str], ...] = ()) -> list[Any]:
    """Each call with each fault of disk and descriptors; calls in `thread` also without a thread to run in."""
    faults = [(owner, name, fault) for owner, name in calls for fault in FAULTS if fault != "thread"]
    faults += [(owner, name, "thread") for owner, name in thread]
    return [
        pytest.param(owner, name, fault, id=f"{getattr(owner, '__name__', owner)}.{name}-{fault}")
        for owner, name, fault in faults
    ]


DATABASE = tuple((Database, name) for name in ("read", "record"))
START = ((socket, "socketpair"), (asyncio, "create_subprocess_exec"))


@contextmanager
def refused(owner: Any, name: str, fault: str) -> Iterator[Refusals]:
    refusals = Refusals(fault)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, refusals.wrap(getattr(owner, name)))
        yield refusals


HOUSEKEEPING = cases(
    *((os, name) for name in ("open", "fdopen", "fsync")),
    (Path, "replace"),
    (key_files, "keep_head"),
    *DATABASE,
    (Database, "write"),
    (Database, "checkpoint"),
    thread=((ThreadPoolExecutor, "submit"), (asyncio, "to_thread")),
)


@pytest.mark.parametrize(("owner", "name", "fault"), HOUSEKEEPING)
async def test_housekeeping(tmp_path: Path, owner: Any, name: str, fault: str) -> None:
    """The head of the chain of evidence is kept in the end."""
    async with open_delivery(tmp_path) as room:
        data = DataDir(room.services.path)
        await room.services.sign_ups.request(["news"], Applicant(parse_address(ADA), WEB), network=None)

        async def keep(chain: str, head: Any) -> None:
            await asyncio.to_thread(key_files.keep_head, data, chain, head)

        keeping = Housekeeping(replace(room.services.context, clock=time.time), keep)
        with refused(owner, name, fault) as refusals:
            async with running(keeping):

                async def is_kept() -> bool:
                    return refusals.left == 0 and key_files.load_consent_head(data) != NO_ROWS and keeping.fault is None

                await until(is_kept)


REQUESTS = cases(*DATABASE, (SignUps, "sign_up"), thread=((SignUps, "sign_up"),))


@pytest.mark.parametrize(("owner", "name", "fault"), REQUESTS)
async def test_requests(tmp_path: Path, owner: Any, name: str, fault: str) -> None:
    """Each requester gets one mail."""
    async with open_delivery(tmp_path) as room:
        desk = room.services.context
        loop = WebRequests(desk, sign_ups=room.services.sign_ups)
        for number in range(3):
            await loop.sign_up(["news"], Applicant(parse_address(f"r{number}@reader.example"), WEB), network=None)
        with refused(owner, name, fault) as refusals:
            async with running(loop):

                async def is_through() -> bool:
                    return (
                        refusals.left == 0
                        and loop.fault is None
                        and not await room.rows("select 1 from pending_request")
                    )

                await until(is_through)
        expected = [(f"r{number}@reader.example",) for number in range(3)]
        assert expected == await room.rows("select address from notice order by id")


INBOUND = cases(*DATABASE, *START, thread=((asyncio, "create_subprocess_exec"),))


@pytest.mark.parametrize(("owner", "name", "fault"), INBOUND)
async def test_inbound_mail(tmp_path: Path, owner: Any, name: str, fault: str) -> None:
    """An accepted mail is processed once, and never marked as failed for a fault of the machine."""
    reader = SandboxedParser()
    async with open_mailroom(tmp_path, reader=reader) as room:
        await room.make_list()
        await room.accept(mail("help"), "news-request")
        with refused(owner, name, fault) as refusals:
            async with running(*room.processing.loops):

                async def is_done() -> bool:
                    is_well = refusals.left == 0 and not any(loop.fault for loop in room.processing.loops)
                    return is_well and await states(room) == ["done"]

                await until(is_done)
        assert 1 == len(await room.outgoing())
        await reader.close()


async def states(room: Mailroom) -> list[str]:
    return [state for (state,) in await select(room.database, "select state from inbound order by id")]


SENDING = cases(
    (Database, "record"),
    (Database, "write"),
    *START,
    thread=((asyncio, "create_subprocess_exec"), (Database, "write")),
)


@pytest.mark.parametrize(("owner", "name", "fault"), SENDING)
async def test_dispatcher_and_workers(rig: WorkerRig, owner: Any, name: str, fault: str) -> None:
    """Every subscriber gets the edition once, and no copy stays claimed."""
    addresses = await rig.room.readers(30)
    edition = await rig.room.edition()
    rig.dispatcher.connect(rig.workers)
    # A server could forget what does not wait for its disk, so there the dispatcher only writes.
    is_met = name != "record" or rig.room.services.database.location.records_survive_kills
    with refused(owner, name, fault) as refusals:
        async with running(rig.dispatcher, *rig.workers.loops):

            async def is_through() -> bool:
                return (
                    (refusals.left == 0 or not is_met) and await rig.is_over(edition) and rig.dispatcher.fault is None
                )

            await until(is_through)
    assert {"delivered": 30} == await rig.room.counts(edition)
    assert Counter(addresses) == Counter(address for address, _ in rig.mailbox.received)


@pytest.mark.parametrize(("owner", "name", "fault"), cases((Notifier, "watchdog"), thread=((Notifier, "watchdog"),)))
async def test_pulse(harness: DeliveryHarness, owner: Any, name: str, fault: str) -> None:
    pulse = Watchdog(harness.dispatcher, Notifier({}), 0.002, lambda: [harness.dispatcher])
    with refused(owner, name, fault) as refusals:
        async with running(pulse):

            async def is_well() -> bool:
                return refusals.left == 0 and pulse.fault is None

            await until(is_well)
