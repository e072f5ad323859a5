"""The watchdog of systemd: a dispatcher that stands still ends the process; a full disk, or a server away, does not."""

from __future__ import annotations

import pytest
from tests.delivery.harness import DeliveryHarness

from pressrun.core.errors import NoRoom, Unavailable
from pressrun.daemon.health.watchdog import Watchdog
from pressrun.runtime.systemd import Notifier
from pressrun.store.database import Database


class Notes(Notifier):
    """Counts the signs of life."""

    def __init__(self) -> None:
        super().__init__({})
        self.signs = 0

    def watchdog(self) -> None:
        self.signs += 1


async def signs_after(problem: Unavailable, harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many signs of life there are once the database refuses everything with this problem."""

    async def refuse(*_: object, **__: object) -> None:
        raise problem

    notes = Notes()
    pulse = Watchdog(harness.dispatcher, notes, 0.002, list)
    for name in ("record", "write"):
        monkeypatch.setattr(Database, name, refuse)
    with pytest.raises(Unavailable):
        await harness.dispatcher.cycle()
    monkeypatch.setattr(pulse, "_last_at", -1e9)
    await pulse.step()
    return notes.signs


async def test_a_server_that_is_away_is_waited_for(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    signs = await signs_after(Unavailable("the server is away"), harness, monkeypatch)
    # What an open file has, only a new process may mend.
    is_server = not harness.services.database.location.is_exclusive
    assert is_server == bool(signs)


async def test_a_full_disk_is_waited_for(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process could not even open the file, so pages, /metrics and the alerts would be gone."""
    assert await signs_after(NoRoom("the disk is full"), harness, monkeypatch)
