"""What the tests of relay share: the compiled sink, and pools that are drained whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from tests.smtp.script import Still

from pressrun.delivery.relay.pool import Pool
from pressrun.delivery.relay.settings import RelaySettings, RelayTimeouts
from pressrun.services.ports import Feed

MakePool = Callable[..., Pool]


@pytest.fixture
async def make_pool() -> AsyncIterator[MakePool]:
    """`make_pool(feed, port, connections=3, timeouts={"mail_seconds": 0.1})`: other keys are those of RelaySettings.

    `window` is how many messages each connection has in flight with CHUNKING, whatever the line.
    """
    pools: list[Pool] = []

    def make(feed: Feed, port: int, *, timeouts: dict[str, float] | None = None, window: int = 1, **keys: Any) -> Pool:
        all_keys: dict[str, Any] = {"name": "primary", "host": "127.0.0.1", "connections": 2, **keys}
        settings = RelaySettings(port=port, timeouts=RelayTimeouts(**(timeouts or {})), **all_keys)
        pool = Pool(settings, feed, helo_name="client.example", changed=lambda: None, clock=lambda: 1000.0)
        pool._window = Still(window)
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        await pool.drain(5.0)
        assert pool.is_empty
    left = [task for task in asyncio.all_tasks() if task.get_name().startswith("relay ")]
    assert [] == left


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes of a failing relay come after hundredths of a second."""
    monkeypatch.setattr("pressrun.delivery.relay.health.FIRST_DELAY_SECONDS", 0.02)
