"""A delivery harness over a real store, for the tests of the queue and of the mailer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.delivery.harness import DeliveryHarness, open_delivery


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    async with open_delivery(tmp_path) as opened:
        yield opened
