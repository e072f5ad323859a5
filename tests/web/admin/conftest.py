"""The pages of people who log in, for every test of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.web.admin.admin_house import AdminHouse, open_admin


@pytest_asyncio.fixture
async def admin(tmp_path: Path) -> AsyncIterator[AdminHouse]:
    async with open_admin(tmp_path) as opened:
        yield opened
