"""What somebody reads who uses a database that `pressrun move-to` has left."""

from __future__ import annotations

from pathlib import Path

import pytest

from pressrun.core.errors import BadConfiguration
from pressrun.store.table_store import MoveMark, MoveState, require_unmarked

FILE, SERVER = "/data/pressrun.sqlite3", "postgresql://db.example/pressrun"


@pytest.mark.parametrize(
    ("place", "moved_to", "remedy"),
    [
        (Path(FILE), "/data/moved.sqlite3", f"Rename /data/moved.sqlite3 to {FILE}"),
        (Path(FILE), SERVER, "In config.toml, name it in the key database"),
        (SERVER, FILE, "In config.toml, remove the key database"),
    ],
)
def test_a_database_that_was_left_says_how_to_use_the_other(place: object, moved_to: str, remedy: str) -> None:
    mark = MoveMark(MoveState.GONE, moved_to, "1")
    with pytest.raises(BadConfiguration, match=f"was moved to {moved_to}. {remedy}$"):
        require_unmarked(place, mark)
