"""The service stops behind a gate and goes on when the command that moves the database is gone, or takes too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.engines import new_data_dir

from pressrun.core.errors import BadConfiguration, Refused, Unavailable
from pressrun.daemon import service_stop
from pressrun.daemon.service_stop import ServiceStop
from pressrun.services.upkeep.move_source import MoveSource
from pressrun.store.database import Database
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.preparing import prepare


class Owner:
    session = 7

    def may_hand_out(self) -> bool:
        return True

    def end_set_back(self) -> None:
        raise AssertionError


class Dispatcher:
    """Has one copy in flight, until it was woken twice."""

    def __init__(self) -> None:
        self.broker = self
        self.calls: list[str] = []

    def held(self) -> bool:
        return self.calls.count("wake") < 2

    def suspend(self) -> None:
        self.calls.append("suspend")

    def wake(self) -> None:
        self.calls.append("wake")


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return new_data_dir(tmp_path / "data")[0]


@pytest_asyncio.fixture
async def database(data: DataDir) -> AsyncIterator[Database]:
    opened = await Database.open(data.database)
    yield opened
    await opened.close()


class MoveCommand:
    """The command that moves the database, as far as the daemon sees it: whoever holds the lock."""

    def __init__(self, data: DataDir) -> None:
        self._lock: DataLock | None = DataLock.acquire_for_move(data)

    def end(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


@pytest.fixture
def command(data: DataDir) -> Iterator[MoveCommand]:
    """It is running, and ends at the latest after the test."""
    running = MoveCommand(data)
    yield running
    running.end()


def build(data: DataDir, database: Database) -> tuple[ServiceStop, Database, list[str]]:
    ends: list[str] = []
    stop = ServiceStop(Owner(), database, data)
    dispatcher: Any = Dispatcher()
    stop.connect(dispatcher, 5.0, lambda: ends.append("end"))
    return stop, stop.database, ends


def resuming(stop: ServiceStop) -> tuple[Callable[[], Awaitable[None]], asyncio.Event]:
    """What lets the service go on, and an event that says so."""
    gone = asyncio.Event()

    async def resume() -> None:
        stop.resume()
        gone.set()

    return resume, gone


async def never() -> None:
    raise AssertionError("the command is there")


async def test_nobody_uses_the_database_while_it_is_stopped(
    data: DataDir, database: Database, command: MoveCommand
) -> None:
    stop, gated, _ = build(data, database)
    await gated.write(lambda _: None)
    await stop.stop(never)
    assert not stop.may_hand_out()
    for use in (gated.write, gated.read, gated.record, gated.share):
        with pytest.raises(Unavailable, match="is being moved"):
            await use(lambda _: None)
    await database.write(lambda _: None)  # for the lease, and for the move itself
    stop.resume()
    assert stop.may_hand_out()
    await gated.write(lambda _: None)


async def test_it_goes_on_when_the_command_is_gone(data: DataDir, database: Database, command: MoveCommand) -> None:
    stop, gated, _ = build(data, database)
    resume, gone = resuming(stop)
    await stop.stop(resume)
    command.end()
    await asyncio.wait_for(gone.wait(), 20)
    await gated.write(lambda _: None)
    with pytest.raises(Refused, match="goes on already"):
        stop.keep_stopped()


async def test_it_goes_on_when_the_command_is_gone_and_the_switch_fails(
    data: DataDir, database: Database, command: MoveCommand
) -> None:
    stop, gated, _ = build(data, database)
    await stop.stop(never)
    source = MoveSource(database, 0, stop)  # of another session, so that the database is not marked
    command.end()
    with pytest.raises(Refused, match="another process"):
        await source.switch("elsewhere", "m")
    async with asyncio.timeout(20):
        while not stop.may_hand_out():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
    await gated.write(lambda _: None)


async def test_it_goes_on_even_if_nobody_could_look_at_the_command_for_a_while(
    data: DataDir, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is gone. Without a free descriptor the daemon cannot know, and must not stay stopped for that."""
    answers: list[Exception | bool] = [Unavailable("too many open files"), OSError(), False]

    def look(_: DataDir) -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(service_stop, "is_moving", look)
    stop, gated, _ = build(data, database)
    resume, gone = resuming(stop)
    await stop.stop(resume)
    await asyncio.wait_for(gone.wait(), 20)
    await gated.write(lambda _: None)


async def test_a_command_that_was_killed_while_it_copied_leaves_nothing(
    data: DataDir, database: Database, command: MoveCommand
) -> None:
    """Neither notes, which would grow with each change, nor a copy of all readers, which no erasure would reach."""
    stop, gated, _ = build(data, database)
    draft = data.root / ".pressrun.sqlite3.moving"
    draft.touch()
    prepare(data)
    assert draft.exists()  # while it runs
    resume, gone = resuming(stop)
    stop.follow(resume)
    with pytest.raises(Refused, match="has not been stopped"):
        stop.keep_stopped()
    await gated.write(lambda _: None)
    command.end()
    await asyncio.wait_for(gone.wait(), 20)
    async with asyncio.timeout(20):
        while draft.exists():  # noqa: ASYNC110 - a thread deletes it
            await asyncio.sleep(0)
    draft.touch()
    prepare(data)
    assert not draft.exists()


async def test_a_command_that_has_given_up_is_not_followed(
    data: DataDir, database: Database, command: MoveCommand
) -> None:
    stop, _, _ = build(data, database)
    stop.follow(never)
    stop.resume()
    command.end()
    await asyncio.sleep(2 * service_stop.POLL_SECONDS)


async def test_it_goes_on_after_a_while_although_the_command_is_there(
    data: DataDir, database: Database, command: MoveCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that hangs cannot switch any more."""
    monkeypatch.setattr(service_stop, "LONGEST_STOP_SECONDS", 0.0)
    stop, _, _ = build(data, database)
    resume, gone = resuming(stop)
    await stop.stop(resume)
    await asyncio.wait_for(gone.wait(), 20)
    with pytest.raises(Refused):
        stop.keep_stopped()


async def test_after_the_switch_it_ends_and_never_goes_on(
    data: DataDir, database: Database, command: MoveCommand
) -> None:
    stop, gated, ends = build(data, database)
    stop.require_here()
    await stop.stop(never)
    stop.keep_stopped()
    stop.end("postgresql://db.example/pressrun")
    stop.resume()
    assert ends == ["end"]
    with pytest.raises(Unavailable, match=r"was moved to postgresql://db\.example/pressrun"):
        await gated.read(lambda _: None)
    with pytest.raises(BadConfiguration, match="was moved to"):
        stop.require_here()
