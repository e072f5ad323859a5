"""What `move-to` says about a target on a server."""

from __future__ import annotations

import pytest

from pressrun.cli.operating.move_to import without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u@db.example:5432/news", "postgresql://u@db.example:5432/news"),
        ("postgresql://u:secret@db.example:5432/news", "postgresql://u@db.example:5432/news"),
        ("postgresql://u:two:words@db.example/news", "postgresql://u@db.example/news"),
        ("postgresql://h1:5432,h2:5433/news?password=x&user=u", "postgresql://h1:5432,h2:5433/news?user=u"),
    ],
)
def test_the_password_of_a_target_is_never_shown(address: str, shown: str) -> None:
    assert shown == without_password(address)
