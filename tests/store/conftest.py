"""A fresh database for the tests of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.engines import new_database

from pressrun.store.database import Database


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(new_database(tmp_path / "db"))
    try:
        yield opened
    finally:
        await opened.close()
