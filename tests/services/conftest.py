"""An office for the tests of what operators do, and a press for those of editions and their copies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.services.office import Office, open_office
from tests.services.pressroom import Pressroom, open_pressroom


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def press(tmp_path: Path) -> AsyncIterator[Pressroom]:
    async with open_pressroom(tmp_path) as opened:
        yield opened
