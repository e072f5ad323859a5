"""A press over a real store, for the tests of the queue and of the mailer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.delivery.pressroom import Pressroom, open_pressroom


@pytest_asyncio.fixture
async def press(tmp_path: Path) -> AsyncIterator[Pressroom]:
    async with open_pressroom(tmp_path) as opened:
        yield opened
