"""An office for the tests of what operators do, and a press for those of editions and their copies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.delivery.conftest import press  # noqa: F401 - a fixture
from tests.services.office import Office, open_office


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened
