"""The harness of every test of logging in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.services.log_ins.log_in_harness import LogInHarness, open_log_ins


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[LogInHarness]:
    async with open_log_ins(tmp_path) as opened:
        yield opened
