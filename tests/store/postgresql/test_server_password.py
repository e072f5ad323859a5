"""A password that somebody replaces on the server and in its file, while the daemon runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.database import select_in
from tests.postgresql import ROLE, Server, new_server

from pressrun.core.errors import Unavailable
from pressrun.store.postgresql.connection import PostgresConnection
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.server_password import ServerPassword


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that asks the role of the program for its password."""
    with new_server() as server:
        (server.folder / "data" / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        with server.connect() as admin:
            admin.execute("select pg_reload_conf()")
        yield server


def set_password(server: Server, password: str) -> None:
    with server.connect() as admin:
        admin.execute(f"alter role {ROLE} password '{password}'")


def end_sessions(server: Server) -> None:
    """As a restart of the server does."""
    with server.connect() as admin:
        admin.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{ROLE}'")


def ask(connection: PostgresConnection) -> list[tuple[int]]:
    return connection.read(lambda tx: select_in(tx, "select 1"))


def test_a_new_password_counts_from_the_next_connection_on(server: Server, tmp_path: Path) -> None:
    """Sessions go on for months after it was replaced, and nobody thinks of it when the server is restarted."""
    file = tmp_path / "password"
    file.write_text("first\n")
    set_password(server, "first")
    place = PostgresDatabase(server.url("postgres"), ServerPassword("first", file))
    with closing(place.connect()) as connection:
        set_password(server, "second")
        assert [(1,)] == ask(connection)
        end_sessions(server)
        with pytest.raises(Unavailable, match="Correct the password in password_file"):
            ask(connection)
        file.write_text("second\n")
        assert [(1,)] == ask(connection)


def test_a_wrong_password_in_the_address_is_corrected_there(server: Server) -> None:
    set_password(server, "first")
    with pytest.raises(Unavailable, match=r"Correct the password in `database` in the configuration$"):
        PostgresDatabase(f"{server.url('postgres')}&password=second").engine_version()


@pytest.mark.parametrize("content", [None, b"", b"\n", b"two\nlines\n", b"\xff"])
def test_a_file_without_a_password_changes_nothing(tmp_path: Path, content: bytes | None) -> None:
    """It may be about to be written."""
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    assert "first" == ServerPassword("first", file).read()


@pytest.mark.parametrize("content", [b" horse ", b" horse \n", b" horse \r\n"])
def test_spaces_belong_to_the_password(tmp_path: Path, content: bytes) -> None:
    """As they do at the start and for `move-to`."""
    file = tmp_path / "password"
    file.write_bytes(content)
    assert " horse " == ServerPassword("first", file).read()


def test_another_password_in_the_same_file_is_no_other_setting(tmp_path: Path) -> None:
    """So that a reload asks for no restart; and no text shows it."""
    first, second = (ServerPassword(text, tmp_path) for text in ("first", "second"))
    assert first == second
    assert "first" not in repr(first)
