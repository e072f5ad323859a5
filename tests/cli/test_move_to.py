"""What `move-to` says about a target on a server."""

from __future__ import annotations

import pytest

from pressrun.store.server_password import without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u@db.example:5432/news", "postgresql://u@db.example:5432/news"),
        ("postgresql://u:secret@db.example:5432/news", "postgresql://u@db.example:5432/news"),
        ("postgresql://u:two:words@db.example/news", "postgresql://u@db.example/news"),
        ("postgresql://h1:5432,h2:5433/news?password=x&user=u", "postgresql://h1:5432,h2:5433/news?user=u"),
        ("postgresql://h1/news?user=u&password=x", "postgresql://h1/news?user=u"),
        ("postgresql://h1/news?pass%77ord=x", "postgresql://h1/news"),
        ("postgresql://u:what?@h1/news", "postgresql://u@h1/news"),
        (
            "postgresql://u@h1/news?host=h2:5432&application_name=a:b@c&passfile=/d:e@f",
            "postgresql://u@h1/news?host=h2:5432&application_name=a:b@c&passfile=/d:e@f",
        ),
        ("postgresql:///news?user=u:v@w", "postgresql:///news?user=u:v@w"),
    ],
)
def test_the_password_of_a_target_is_never_shown(address: str, shown: str) -> None:
    assert shown == without_password(address)
