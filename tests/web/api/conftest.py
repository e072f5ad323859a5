"""An API over a real database for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.services.harness import open_services
from tests.web.api.served import ServedApi


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[ServedApi]:
    async with open_services(tmp_path) as services:
        yield ServedApi(services)
