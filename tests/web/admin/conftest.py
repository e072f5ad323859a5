"""The pages of people who log in, for every test of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.web.admin.admin_harness import AdminHarness, open_admin


@pytest_asyncio.fixture
async def admin(tmp_path: Path) -> AsyncIterator[AdminHarness]:
    async with open_admin(tmp_path) as opened:
        yield opened
