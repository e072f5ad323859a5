"""What is stored about destinations."""

from __future__ import annotations

from pressrun.store.database import Database
from pressrun.store.queue import destinations


async def test_states_come_by_name_whatever_was_stored_last(database: Database) -> None:
    """A report lists what waits in this order, on either engine."""
    for name in ("b.example", "c.example", "a.example", "b.example"):
        await database.write(destinations.store_states, {name: {}}, [])
    assert ["a.example", "b.example", "c.example"] == [*await database.read(destinations.load_states)]
