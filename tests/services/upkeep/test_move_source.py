"""The source of a move notes changes, stops, and is marked only by a process that had it to itself all the time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio
from tests.database import execute, select
from tests.engines import new_database

from pressrun.core.errors import BadConfiguration, Refused, Unavailable
from pressrun.services.upkeep import move_source
from pressrun.services.upkeep.move_source import MoveSource
from pressrun.store.database import Database
from pressrun.store.location import check_version
from pressrun.store.table_store import TableStore
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.sessions import Process

T = TypeVar("T")

PROCESS = Process(host="one", pid=1, lock="lock", version="1", config="{}", keys="")


@dataclass
class Service:
    """Records what it is asked."""

    calls: list[str] = field(default_factory=list)
    is_stopped: bool = False

    def follow(self, on_abandoned: Callable[[], Awaitable[None]], /) -> None:
        self.calls.append("follow")

    async def stop(self, on_abandoned: Callable[[], Awaitable[None]], /) -> None:
        self.calls.append("stop")
        self.is_stopped = True

    def keep_stopped(self) -> None:
        if not self.is_stopped:
            raise Refused("goes on already")

    def resume(self) -> None:
        self.calls.append("resume")

    def end(self, place: str, /) -> None:
        self.calls.append(f"end {place}")


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(new_database(tmp_path / "db"))
    yield opened
    await opened.close()


async def begun(database: Database) -> int:
    session = await database.write(sessions.begin, PROCESS, is_alone=True)
    assert isinstance(session, int)
    return session


async def test_a_switch_marks_the_database_and_ends_the_service(database: Database) -> None:
    service = Service()
    source = MoveSource(database, await begun(database), service)
    await source.track_changes()
    await source.stop()
    await source.switch("elsewhere", "m")
    assert service.calls == ["follow", "stop", "end elsewhere"]
    with pytest.raises(BadConfiguration, match="was moved to elsewhere"):
        check_version(database.location)
    assert not await database.with_tables(lambda tables: tables.is_tracking())


async def test_nothing_is_switched_when_another_process_has_begun(database: Database) -> None:
    """The lease ran out in the stop, and what the other one has written since was never copied."""
    service = Service()
    source = MoveSource(database, await begun(database), service)
    await source.stop()
    await begun(database)
    with pytest.raises(Refused, match="another process"):
        await source.switch("elsewhere", "m")
    assert service.calls == ["stop", "follow"], "the command may be gone by now"
    assert check_version(database.location) == database.location.newest_version


async def test_nothing_is_switched_when_the_service_went_on(database: Database) -> None:
    source = MoveSource(database, await begun(database), Service())
    with pytest.raises(Refused, match="goes on already"):
        await source.switch("elsewhere", "m")
    assert check_version(database.location) == database.location.newest_version


class LosingDatabase(Database):
    """Loses its server in the switch: `is_done` says whether the commit was done. Then it is away for some time."""

    is_done: bool
    attempts = 0

    async def with_tables(self, work: Callable[[TableStore], T]) -> T:
        self.attempts += 1
        if self.attempts > 3 or (self.attempts == 1 and self.is_done):
            value = await super().with_tables(work)
            if self.attempts > 3:
                return value
        raise Unavailable("the server is away")


@pytest.mark.parametrize("is_done", [True, False])
async def test_the_service_goes_on_only_when_it_is_known_that_no_switch_was_made(
    database: Database, monkeypatch: pytest.MonkeyPatch, *, is_done: bool
) -> None:
    """Otherwise both databases would be in use, and all that waits would be sent by both."""
    monkeypatch.setattr(move_source, "LOOK_AGAIN_SECONDS", 0.0)
    service, session = Service(), await begun(database)
    losing = await LosingDatabase.open(database.location)
    losing.is_done = is_done
    source = MoveSource(losing, session, service)
    await source.stop()
    switching = asyncio.create_task(source.switch("elsewhere", "m"))
    await asyncio.sleep(0)
    switching.cancel()  # the command ends
    with suppress(asyncio.CancelledError, Unavailable):
        await switching
    await source.resume()
    assert service.calls == ["stop", *(["end elsewhere"] if is_done else ["follow"]), "resume"]
    await losing.close()


async def test_the_keys_of_changed_rows_are_noted_until_the_service_goes_on(database: Database) -> None:
    service = Service()
    source = MoveSource(database, await begun(database), service)
    await source.track_changes()
    await execute(database, "insert into sign_up_hour (hour, number) values (1, 1)")
    await execute(database, "update sign_up_hour set hour = 2")
    await execute(database, "delete from sign_up_hour")
    assert sorted(await select(database, "select hour from move_notes_sign_up_hour")) == [(1,), (1,), (2,), (2,)]
    await source.track_changes()  # of a second command: from the beginning
    assert await select(database, "select hour from move_notes_sign_up_hour") == []
    await source.resume()
    assert not await database.with_tables(lambda tables: tables.is_tracking())
    assert service.calls == ["follow", "follow", "resume"]
