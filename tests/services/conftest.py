"""The services for the tests of what operators do, and a harness for those of editions and their copies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.delivery.conftest import harness  # noqa: F401 - a fixture
from tests.services.harness import ServiceHarness, open_services


@pytest_asyncio.fixture
async def services(tmp_path: Path) -> AsyncIterator[ServiceHarness]:
    async with open_services(tmp_path) as opened:
        yield opened
