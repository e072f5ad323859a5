"""What a start says about others that used its database, and that it names no value."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.engines import new_database

from pressrun.core.errors import NotPermitted
from pressrun.daemon import serve
from pressrun.daemon.serve import CLOCK_SECONDS, log_differences, opened_journal
from pressrun.runtime.clock import utc_now
from pressrun.store.database import Database
from pressrun.store.queue.journal import Journal
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.sessions import Process

OURS = Process(host="one.example", pid=7, lock="boot:1:2", version="1.0", config='{"a": "1", "b": "2"}', keys="0:00")
SAME = replace(OURS, host="two.example")
OTHER = replace(SAME, config='{"a": "1", "b": "3", "later": "4"}')


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(new_database(tmp_path / "db"))
    yield opened
    await opened.close()


async def said(
    database: Database, caplog: pytest.LogCaptureFixture, *before: Process
) -> list[tuple[str, dict[str, object]]]:
    """What a start of ours says after these."""
    for process in before:
        await database.write(sessions.begin, process, is_alone=True)
    session = await database.write(sessions.begin, OURS, is_alone=True)
    assert isinstance(session, int)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="pressrun"):
        await log_differences(database, session, OURS)
    assert {logging.WARNING} >= {record.levelno for record in caplog.records}
    return [(record.message, vars(record)["fields"]) for record in caplog.records]


async def test_other_settings_on_another_machine_are_named(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert [("config.differs", {"keys": ["b"], "host": "two.example"})] == await said(database, caplog, OTHER)


@pytest.mark.parametrize(
    "before",
    [[], [SAME], [replace(OTHER, host="one.example")], [OTHER, SAME], [OTHER, OURS]],
    ids=["the first", "alike", "of this machine", "an earlier one", "known"],
)
async def test_a_start_says_nothing_of(
    database: Database, caplog: pytest.LogCaptureFixture, before: list[Process]
) -> None:
    """Settings that were changed here, and what another start has said already."""
    assert [] == await said(database, caplog, *before)


@pytest.mark.parametrize("seconds", [-3600.0, CLOCK_SECONDS + 1, CLOCK_SECONDS / 2])
async def test_a_clock_that_differs_from_that_of_the_database_is_named(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(serve, "utc_now", lambda: utc_now() + seconds)
    events = await said(database, caplog)
    expected = abs(seconds) >= CLOCK_SECONDS
    assert ["daemon.clock_differs"] * expected == [name for name, _ in events]
    assert all(fields["seconds"] == pytest.approx(seconds, abs=0.9) for _, fields in events)


async def test_a_start_is_refused_a_journal_that_it_may_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What relays accepted before a kill would go out again. Without a file, there is nothing to know."""

    def refuse(*_: object) -> Journal:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Journal, "open", refuse)
    with pytest.raises(NotPermitted, match="handovers cannot be opened by the owner of the data"):
        async with opened_journal(tmp_path / "handovers", 1):
            pass
