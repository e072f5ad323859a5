"""What `move-to` says about a target on a server."""

from __future__ import annotations

import pytest
from tests.cli.shell import Shell

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


@pytest.mark.parametrize(
    "target",
    [
        "postgresql://u:hu/sh@127.0.0.1:1/news",
        "postgresql://me@there:hush@127.0.0.1:1/news",
        "postgresql://u:hu@sh@127.0.0.1:1/news",
        "postgresql://u:hu%zzsh@127.0.0.1:1/news",
    ],
)
def test_a_target_that_the_configuration_would_refuse_is_not_shown(shell: Shell, target: str) -> None:
    """libpq takes the rest of the password for a host, a port or a name, and errors show those."""
    called = shell.call("move-to", target, "--yes")
    assert (64, True) == (called.code, "write %25 for %, %40 for @, %2F for /" in called.err), called
    assert "127.0.0.1" not in called.err  # nothing of it
