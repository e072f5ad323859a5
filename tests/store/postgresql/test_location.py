"""A database on a server that cannot be used: each has an error that says what to do, and nothing is half done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from psycopg import Cursor, sql
from tests.database import execute_in
from tests.postgresql import ROLE, Server, shared_server

from pressrun.core.errors import BadConfiguration, PressrunError, TryAgain, Unavailable
from pressrun.store.location import check_version, require_current_schema
from pressrun.store.postgresql import connection as connection_module
from pressrun.store.postgresql import location as location_module
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.server_password import ServerPassword
from pressrun.store.upkeep.data_check import find_data_problems
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.preparing import migrate_schema, prepare
from pressrun.store.upkeep.server import find_server
from pressrun.store.upkeep.sessions import Process, begin


@pytest.fixture
def server() -> Server:
    return shared_server()


@pytest.fixture
def name(server: Server) -> Iterator[str]:
    """A database of this test's own, without tables."""
    made = f"own_{uuid4().hex}"
    with server.connect() as admin:
        admin.execute(f"create database {made} owner {ROLE}")
    yield made
    _drop(server, made)


def _drop(server: Server, name: str) -> None:
    with server.connect() as admin:
        admin.execute(f"drop database if exists {name} with (force)")


def limited(server: Server, name: str) -> PostgresDatabase:
    """The database for a role whose statements may not take long."""
    return PostgresDatabase(f"{server.url(name)}&options={quote('-cstatement_timeout=90s')}")


def tables(server: Server, name: str) -> list[str]:
    with server.connect(name) as admin:
        rows = admin.execute("select relname from pg_class where relnamespace = 'public'::regnamespace").fetchall()
    return [table for (table,) in rows]


def test_a_new_database_has_the_newest_schema_and_is_ours(server: Server, name: str) -> None:
    place = PostgresDatabase(server.url(name))
    assert not place.exists()
    place.create()
    assert (True, place.newest_version) == (place.exists(), place.version())
    require_current_schema(place)
    assert [] == place.migrate(backups=Path(), keys=None)  # type: ignore[arg-type]
    with pytest.raises(TryAgain):
        place.create()


def test_the_first_start_makes_keys_that_belong_to_the_database(server: Server, name: str, tmp_path: Path) -> None:
    place = PostgresDatabase(server.url(name))
    keys = prepare(DataDir(tmp_path / "data", place))
    assert keys.link_keys == prepare(DataDir(tmp_path / "data", place)).link_keys
    with pytest.raises(BadConfiguration, match="without its keys"):
        prepare(DataDir(tmp_path / "elsewhere", place))
    (tmp_path / "data" / "keys" / "suppression").write_text("ab" * 32 + "\n")
    with pytest.raises(BadConfiguration, match=r"is not the key that .* was used with"):
        prepare(DataDir(tmp_path / "data", place))


def test_a_database_of_another_program_is_left_alone(server: Server, name: str, tmp_path: Path) -> None:
    with server.connect(name) as admin:
        admin.execute("create table things (id int)")
    with pytest.raises(BadConfiguration, match="has the tables of another program in its schema public"):
        prepare(DataDir(tmp_path / "data", PostgresDatabase(server.url(name))))
    assert ["things"] == tables(server, name)


def test_a_role_without_rights_is_told_which_it_needs(server: Server, name: str, tmp_path: Path) -> None:
    with server.connect(name) as admin:
        admin.execute(f"alter database {name} owner to postgres")
        admin.execute("revoke create on schema public from public")
    with pytest.raises(BadConfiguration, match=r"may not create tables in the schema public\. Make it the owner"):
        prepare(DataDir(tmp_path / "data", PostgresDatabase(server.url(name))))
    assert [] == tables(server, name)


def test_a_role_that_may_not_read_the_tables_is_told_so(server: Server, name: str) -> None:
    PostgresDatabase(server.url(name, "postgres")).create()
    with pytest.raises(BadConfiguration, match="is not a Pressrun database, or not of this role: permission denied"):
        PostgresDatabase(server.url(name)).version()


@pytest.mark.parametrize(
    ("version", "problem"), [(9999, "has schema 9999, but"), (1, "has schema 1, but this version")]
)
def test_another_schema_is_refused_where_nobody_may_change_it(
    server: Server, name: str, version: int, problem: str
) -> None:
    place = PostgresDatabase(server.url(name))
    place.create()
    with server.connect(name) as admin:
        admin.execute("update schema_version set version = %s", (version,))
    with pytest.raises(BadConfiguration, match=problem):
        require_current_schema(place)
    if version > place.newest_version:
        with pytest.raises(BadConfiguration, match=problem):
            check_version(place)


def test_an_encoding_that_cannot_hold_every_name_is_refused(server: Server) -> None:
    with server.connect() as admin:
        admin.execute("drop database if exists latin")
        admin.execute("create database latin encoding 'LATIN1' template template0 locale 'C'")
    with pytest.raises(BadConfiguration, match=r"has the encoding LATIN1\. Create it with `createdb --encoding UTF8"):
        PostgresDatabase(server.url("latin")).exists()
    _drop(server, "latin")


def test_a_server_that_is_too_old_is_refused(server: Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "OLDEST_SERVER", 99)
    with pytest.raises(BadConfiguration, match="Pressrun needs 99 or newer"):
        PostgresDatabase(server.url(name)).exists()


@pytest.mark.parametrize(
    ("address", "error", "problem"),
    [
        ("postgresql://me:horse@127.0.0.1:1/news", Unavailable, "postgresql://127.0.0.1:1/news cannot be reached: "),
        ("postgresql:///news?host=/nowhere&password=horse", Unavailable, "cannot be reached: "),
        ("postgresql://me:horse@127.0.0.1/news?colour=blue", BadConfiguration, "invalid URI query parameter"),
        ("postgresql://me:%horse@127.0.0.1/news", BadConfiguration, "%25 for %"),
        ("postgresql://me:horse@[127.0.0.1/news", BadConfiguration, "matching"),
        ("postgresql://me:horse@127.0.0.1:port/news", PressrunError, "port"),
    ],
)
def test_an_address_that_leads_nowhere_is_an_error_without_its_password(
    address: str, error: type[PressrunError], problem: str
) -> None:
    with pytest.raises(error) as caught:
        PostgresDatabase(address).exists()
    assert problem in str(caught.value)
    assert "horse" not in str(caught.value)


def test_a_database_that_does_not_exist_is_unavailable(server: Server) -> None:
    with pytest.raises(Unavailable, match='database "no_such_name" does not exist'):
        PostgresDatabase(server.url("no_such_name")).exists()


def test_a_password_goes_to_the_server_and_into_no_text(server: Server, name: str) -> None:
    place = find_server(server.url(name), ServerPassword("correct horse"))
    assert place is not None
    with closing(place.connect()) as opened:
        assert opened is not None
    assert "horse" not in f"{place} {place!r}"


def test_without_the_driver_the_error_names_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pressrun.store.postgresql.location", None)
    with pytest.raises(BadConfiguration, match=r"Install requirements/postgresql\.txt"):
        find_server("postgresql://db.example/news", None)


def test_scrubbing_leaves_no_deleted_row_behind(server: Server, name: str) -> None:
    place = PostgresDatabase(server.url(name))
    place.create()
    with server.connect(name) as admin:
        admin.execute("insert into suppression (digest, reason, since) values ('a', 'operator', 1)")
        admin.execute("delete from suppression")
        sizes = [admin.execute("select pg_relation_size('suppression')").fetchone()]
        place.scrub()
        sizes.append(admin.execute("select pg_relation_size('suppression')").fetchone())
    assert [(8192,), (0,)] == sizes


def test_limits_of_the_role_do_not_end_a_scrubbing(server: Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vacuum of a large table takes longer than any other statement; the limits are as before after it."""
    place, execute = limited(server, name), Cursor.execute
    place.create()
    seen: list[tuple[str, Any]] = []

    def watched(self: Any, query: Any, *values: Any, **named: Any) -> Any:
        if isinstance(query, sql.Composed):
            seen.append(("vacuum", self.connection.execute("show statement_timeout").fetchone()[0]))
        done = execute(self, query, *values, **named)
        if isinstance(query, str) and "(name, reset_val" in query:
            seen.append(("after", self.connection.execute("show statement_timeout").fetchone()[0]))
        return done

    monkeypatch.setattr(Cursor, "execute", watched)
    place.scrub()
    assert [("vacuum", "0"), ("after", "90s")] == seen


def test_nobody_migrates_what_another_machine_is_using(
    server: Server, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = PostgresDatabase(server.url(name))
    data = DataDir(tmp_path / "data", place)
    prepare(data)
    data.lock.touch()
    theirs = Process(host="two.example", pid=8, lock="elsewhere", version="1.0", config="{}", keys="")
    with closing(place.connect()) as connection:
        connection.write(lambda tx: begin(tx, theirs, is_alone=False))
    prepare(data)  # there is nothing to migrate
    newest = place.newest_version
    with monkeypatch.context() as patch:
        patch.setattr(PostgresDatabase, "newest_version", newest + 1)
        with pytest.raises(TryAgain, match=r"in use by process 8 on two\.example"):
            migrate_schema(data)
    assert newest == place.version()


def test_a_step_is_done_whole_or_not_at_all(server: Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a transaction with its number, so that the next try goes on where this one stopped."""
    place = PostgresDatabase(server.url(name))
    place.create()
    first = place.newest_version + 1
    steps = {
        first: "create table one (x bigint); create table two (x bigint)",
        first + 1: "create table three (x bigint)",
    }
    broken = {**steps, first + 1: "create table three (x bigint); select 1 / 0"}
    monkeypatch.setattr(PostgresDatabase, "newest_version", first + 1)
    monkeypatch.setattr(location_module, "package_steps", lambda: broken)
    with pytest.raises(psycopg.errors.DivisionByZero):
        place.migrate(backups=Path(), keys=None)  # type: ignore[arg-type]
    assert (first, True, False) == (place.version(), "two" in tables(server, name), "three" in tables(server, name))
    with pytest.raises(BadConfiguration, match="Run `pressrun migrate`"):
        require_current_schema(place)
    monkeypatch.setattr(location_module, "package_steps", lambda: steps)
    assert [first + 1] == place.migrate(backups=Path(), keys=None)  # type: ignore[arg-type]
    assert (first + 1, True) == (place.version(), "three" in tables(server, name))
    assert [] == place.migrate(backups=Path(), keys=None)  # type: ignore[arg-type]


def test_limits_of_the_role_do_not_end_a_step(server: Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may build an index on the largest table."""
    place = limited(server, name)
    place.create()
    number = place.newest_version + 1
    step = "create table during as select current_setting('statement_timeout') as value"
    monkeypatch.setattr(PostgresDatabase, "newest_version", number)
    monkeypatch.setattr(location_module, "package_steps", lambda: {number: step})
    assert [number] == place.migrate(backups=Path(), keys=None)  # type: ignore[arg-type]
    with server.connect(name) as admin:
        assert ("0",) == admin.execute("select value from during").fetchone()


def test_a_schema_from_which_no_step_leads_on_is_refused(server: Server, name: str) -> None:
    place = PostgresDatabase(server.url(name))
    place.create()
    with server.connect(name) as admin:
        admin.execute("update schema_version set version = 1")
    with pytest.raises(BadConfiguration, match=r"has schema 1, from which no step leads on\. Restore a backup"):
        place.migrate(backups=Path(), keys=None)  # type: ignore[arg-type]


def test_a_server_that_takes_no_changes_is_told_what_it_may_be(server: Server, name: str, tmp_path: Path) -> None:
    """As a standby after a failover: reading works there, but a start and `check` name the way out."""
    data = DataDir(tmp_path / "data", PostgresDatabase(server.url(name)))
    prepare(data)
    with server.connect(name) as admin:
        admin.execute(f"alter database {name} set default_transaction_read_only = on")
    assert data.database.newest_version == data.database.version()
    [problem] = find_data_problems(data)
    assert (True, True) == (problem.is_on_server, "accepts no changes" in problem.state), problem
    assert "target_session_attrs=read-write" in problem.remedy
    with closing(data.database.connect()) as connection, pytest.raises(Unavailable, match="Name the primary"):
        connection.write(lambda tx: execute_in(tx, "create table more (id int)"))


def test_a_first_start_on_a_server_that_takes_no_changes_is_told_so(server: Server, name: str, tmp_path: Path) -> None:
    with server.connect(name) as admin:
        admin.execute(f"alter database {name} set default_transaction_read_only = on")
    with pytest.raises(Unavailable, match="Name the primary"):
        prepare(DataDir(tmp_path / "data", PostgresDatabase(server.url(name))))


def test_a_role_or_database_without_a_connection_left_is_told_of_its_limit(server: Server, name: str) -> None:
    with server.connect(name) as admin:
        admin.execute(f"alter database {name} connection limit 0")
    with pytest.raises(Unavailable, match="Raise the connection limit of this role or database on the server"):
        PostgresDatabase(server.url(name)).exists()


def test_what_a_server_says_without_a_remedy_is_its_state(
    server: Server, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = PostgresDatabase(server.url(name))
    said = f"the database {place} is unavailable: canceling statement due to statement timeout"

    def exists(_: PostgresDatabase) -> bool:
        raise Unavailable(said)

    monkeypatch.setattr(PostgresDatabase, "exists", exists)
    [problem] = find_data_problems(DataDir(tmp_path / "data", place))
    assert (said, "a database that can be used") == (problem.state, problem.remedy)
