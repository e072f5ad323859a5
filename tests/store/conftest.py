"""A fresh database for the tests of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.database import new_database

from pressrun.store.database import Database
from pressrun.store.sqlite.location import SqliteFile


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "db"
    new_database(path)
    opened = await Database.open(SqliteFile(path))
    try:
        yield opened
    finally:
        await opened.close()
