"""The watchdog of systemd: a dispatcher that stands still ends the process, and a server that is away does not."""

from __future__ import annotations

import pytest
from tests.delivery.harness import DeliveryHarness

from pressrun.core.errors import Unavailable
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


async def test_a_server_that_is_away_is_waited_for(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise Unavailable("the server is away")

    notes = Notes()
    pulse = Watchdog(harness.dispatcher, notes, 0.002, list)
    for name in ("record", "write"):
        monkeypatch.setattr(Database, name, refuse)
    with pytest.raises(Unavailable):
        await harness.dispatcher.cycle()
    monkeypatch.setattr(pulse, "_last_at", -1e9)
    await pulse.step()
    # What an open file has, only a new process may mend.
    is_server = not harness.services.database.location.is_exclusive
    assert is_server == bool(notes.signs)
