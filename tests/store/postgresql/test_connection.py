"""A connection to PostgreSQL: what runs again, what never does, and what values look like."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.database import connection_of, execute_in, select_in
from tests.engines import new_database
from tests.postgresql import new_server, shared_server

from pressrun.core.errors import CommitUnknown, Unavailable
from pressrun.store.connection import MAX_RUNS
from pressrun.store.postgresql import connection as connecting
from pressrun.store.postgresql.connection import SILENCE, PostgresConnection
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.postgresql.values import open_server_cursor, stream
from pressrun.store.readers.suppressions import list_suppressions
from pressrun.store.readers.suppressions import suppress as suppress_address
from pressrun.store.transaction import Conflict, Transaction

_INSERT = "insert into suppression (digest, reason, since) values (?, 'operator', 1)"
_ROWS = "select digest from suppression order by digest"


@pytest.fixture
def place(tmp_path: Path) -> PostgresDatabase:
    location = new_database(tmp_path / "db")
    assert isinstance(location, PostgresDatabase)
    return location


@pytest.fixture
def connection(place: PostgresDatabase) -> Iterator[PostgresConnection]:
    with closing(place.connect()) as opened:
        yield opened


@pytest.fixture
def other(place: PostgresDatabase) -> Iterator[PostgresConnection]:
    with closing(place.connect()) as opened:
        yield opened


def rows(connection: PostgresConnection, sql: str = _ROWS) -> list[Any]:
    return connection.read(lambda tx: [value for (value,) in select_in(tx, sql)])


def break_off(connection: PostgresConnection, by: PostgresConnection) -> None:
    """The server ends the session of a connection, as in a restart."""
    [pid] = connection.read(lambda tx: select_in(tx, "select pg_backend_pid()")[0])
    by.write(lambda tx: select_in(tx, "select pg_terminate_backend(cast(? as int))", pid))


@pytest.mark.parametrize("state", ["40001", "40P01", "23505", "23503"])
def test_a_unit_of_work_that_another_one_was_in_the_way_of_runs_again(
    connection: PostgresConnection, state: str
) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        execute_in(tx, _INSERT, b"a")
        if len(runs) < 3:
            execute_in(tx, f"do $$ begin raise sqlstate '{state}'; end $$")

    connection.write(work)
    assert (3, [b"a"]) == (len(runs), rows(connection))


def test_a_conflict_that_does_not_end_is_an_error_in_the_end(connection: PostgresConnection) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        execute_in(tx, _INSERT, b"a")
        raise Conflict("again and again")

    with pytest.raises(Unavailable, match="again and again"):
        connection.write(work)
    assert (MAX_RUNS, []) == (len(runs), rows(connection))


def test_a_constraint_that_stays_broken_is_told_as_such(connection: PostgresConnection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.write(lambda tx: [execute_in(tx, _INSERT, b"a") for _ in range(2)])


def test_two_that_lock_each_other_out_both_succeed(connection: PostgresConnection, other: PostgresConnection) -> None:
    """One of them is undone as a deadlock, and runs again."""
    connection.write(lambda tx: [execute_in(tx, _INSERT, digest) for digest in (b"a", b"b")])
    both = threading.Barrier(2)
    runs: list[bytes] = []

    def work(tx: Transaction, first: bytes, second: bytes) -> None:
        is_first_run = first not in runs
        runs.append(first)
        execute_in(tx, "update suppression set since = since + 1 where digest = ?", first)
        if is_first_run:
            both.wait(10)
        execute_in(tx, "update suppression set since = since + 1 where digest = ?", second)

    beside = threading.Thread(target=lambda: other.write(lambda tx: work(tx, b"b", b"a")))
    beside.start()
    connection.write(lambda tx: work(tx, b"a", b"b"))
    beside.join(20)
    assert [3, 3] == rows(connection, "select since from suppression order by digest")
    assert len(runs) >= 3


def test_a_closed_session_is_opened_again(connection: PostgresConnection, other: PostgresConnection) -> None:
    for use in (lambda: connection.write(lambda tx: execute_in(tx, _INSERT, b"a")), lambda: rows(connection)):
        break_off(connection, other)
        use()
    assert [b"a"] == rows(connection)


def test_a_connection_lost_before_the_commit_runs_the_work_again(
    connection: PostgresConnection, other: PostgresConnection
) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        execute_in(tx, _INSERT, b"a")
        if len(runs) == 1:
            [pid] = select_in(tx, "select pg_backend_pid()")[0]
            other.write(lambda beside: select_in(beside, "select pg_terminate_backend(cast(? as int))", pid))
            select_in(tx, "select 1")

    connection.write(work)
    assert (2, [b"a"]) == (len(runs), rows(connection))


def test_no_cursor_is_left_open_where_the_connection_is_lost(
    connection: PostgresConnection, other: PostgresConnection
) -> None:
    raw, stack = connection.read(connection_of), ExitStack()
    raw.execute("begin")
    cursor = stack.enter_context(open_server_cursor(raw, "some"))
    cursor.execute("select 1")
    pid = raw.info.backend_pid
    other.write(lambda beside: select_in(beside, "select pg_terminate_backend(cast(? as int))", pid))
    with pytest.raises(psycopg.OperationalError):
        stack.close()
    assert (True, True) == (cursor.closed, raw.closed)


def test_work_does_not_run_again_when_the_connection_is_lost_in_the_commit(
    connection: PostgresConnection, other: PostgresConnection
) -> None:
    """The server may have committed; whoever asked must not be told that it is done."""
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        execute_in(tx, _INSERT, b"a")
        [pid] = select_in(tx, "select pg_backend_pid()")[0]
        other.write(lambda beside: select_in(beside, "select pg_terminate_backend(cast(? as int))", pid))

    with pytest.raises(Unavailable, match="may or may not have taken effect"):
        connection.write(work)
    assert (1, []) == (len(runs), rows(connection))


@pytest.mark.parametrize(
    "problem", [psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown, psycopg.OperationalError]
)
def test_work_does_not_run_again_when_the_server_ends_the_session_in_the_commit(
    connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch, problem: type[psycopg.Error]
) -> None:
    """A server that waits for its standby has committed by then, and libpq may not know yet that the line is dead."""
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        execute_in(tx, _INSERT, b"a")
        execute = connection_of(tx).execute

        def end(statement: Any, *values: Any) -> Any:
            if statement != "commit":
                return execute(statement, *values)
            execute("commit")
            raise problem("terminating connection due to administrator command")

        monkeypatch.setattr(connection_of(tx), "execute", end)

    with pytest.raises(CommitUnknown, match="may or may not have taken effect"):
        connection.write(work)
    assert (1, [b"a"]) == (len(runs), rows(connection))


def test_work_that_goes_on_after_a_failed_statement_is_not_taken_for_done(connection: PostgresConnection) -> None:
    """PostgreSQL answers ROLLBACK to its COMMIT, and psycopg raises nothing."""

    def work(tx: Transaction) -> None:
        execute_in(tx, _INSERT, b"a")
        with suppress(psycopg.Error):
            select_in(tx, "select nonsense")

    with pytest.raises(psycopg.InternalError, match="went on"):
        connection.write(work)
    assert [] == rows(connection)


def test_an_attempt_that_fails_leaves_the_rest_of_the_transaction(connection: PostgresConnection) -> None:
    def work(tx: Transaction) -> Exception | None:
        execute_in(tx, _INSERT, b"a")
        problem = tx.attempt(
            lambda: execute_in(tx, "insert into suppression (digest, reason, since) values ('b','?',1)")
        )
        execute_in(tx, _INSERT, b"c")
        return problem

    assert isinstance(connection.write(work), psycopg.errors.CheckViolation)
    assert [b"a", b"c"] == rows(connection)


def test_a_snapshot_does_not_write(connection: PostgresConnection) -> None:
    with pytest.raises((psycopg.Error, Unavailable), match="read-only"):
        connection.read(lambda tx: execute_in(tx, _INSERT, b"a"))


def test_a_snapshot_stays_as_it_was(connection: PostgresConnection, other: PostgresConnection) -> None:
    def work(tx: Transaction) -> list[int]:
        before = len(list_suppressions(tx))
        other.write(lambda beside: suppress_address(beside, b"a", address="a@a.example", reason="operator", since=1))
        return [before, len(list_suppressions(tx))]

    assert [0, 0] == connection.read(work)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 = 1", 1),
        ("exists (select 1 where false)", 0),
        ("sum(cast(n as bigint)) from (values (1), (2)) as t (n)", 3),
        ("count(*) from (values (1), (2)) as t (n)", 2),
        ("1.5", 1.5),
        ("cast('\\x00ff' as bytea)", b"\0\xff"),
        ("cast('{\"a\": 1}' as json)", '{"a": 1}'),
        ("cast(null as text)", None),
    ],
)
def test_values_come_as_sqlite_has_them(connection: PostgresConnection, expression: str, value: object) -> None:
    [shown] = rows(connection, f"select {expression}")
    assert (value, type(value)) == (shown, type(shown))


@pytest.mark.parametrize("value", [True, 0, 1 << 62, "ä 🦀 'x' %s :y", b"\0\xff", None, 0.25])
def test_values_go_and_come_back(connection: PostgresConnection, value: object) -> None:
    kind = {bool: "bigint", int: "bigint", str: "text", bytes: "bytea", float: "float8"}.get(type(value), "text")
    [(shown,)] = connection.read(lambda tx: select_in(tx, f"select cast(? as {kind})", value))
    assert value == shown


def test_a_row_is_read_by_place_by_name_and_whole(connection: PostgresConnection) -> None:
    row = connection.read(lambda tx: connection_of(tx).execute("select 1 as a, 'x' as b").fetchone())
    assert (1, "x", {"a": 1, "b": "x"}, [1, "x"], ["a", "b"]) == (row[0], row["b"], dict(row), list(row), row.keys())


def test_other_statements_run_while_rows_are_streamed(connection: PostgresConnection) -> None:
    def work(tx: Transaction) -> list[tuple[int, int]]:
        numbers = stream(connection_of(tx), "select n from generate_series(1, 100) as n", {})
        return [(row["n"], select_in(tx, "select ? + 1", row["n"])[0][0]) for row in numbers if row["n"] < 40]

    assert [(n, n + 1) for n in range(1, 40)] == connection.read(work)


@pytest.mark.parametrize(("setting", "expected"), [("off", "on"), ("remote_apply", "remote_apply")])
def test_what_is_accepted_waits_for_the_disk_whatever_the_server_does_for_others(
    place: PostgresDatabase, setting: str, expected: str
) -> None:
    with closing(PostgresConnection(f"{place.address}&options=-csynchronous_commit%3D{setting}")) as connection:
        for durable, value in ((True, expected), (False, "off")):
            assert [(value,)] == connection.write(lambda tx: select_in(tx, "show synchronous_commit"), durable=durable)


def test_a_server_that_is_gone_is_unavailable_until_it_is_back() -> None:
    """Nothing needs to be restarted."""
    with new_server() as server:
        place = PostgresDatabase(server.url("postgres", "postgres"))
        place.create()
        with closing(place.connect()) as connection:
            connection.write(lambda tx: execute_in(tx, _INSERT, b"a"))
            server.stop("immediate")
            for use in (lambda: connection.write(lambda tx: execute_in(tx, _INSERT, b"b")), lambda: rows(connection)):
                with pytest.raises(Unavailable, match="cannot be reached"):
                    use()
            server.start()
            connection.write(lambda tx: execute_in(tx, _INSERT, b"c"))
            assert [b"a", b"c"] == rows(connection)


def test_a_server_that_takes_no_changes_is_tried_once_more(
    place: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one may have become the primary; if not, everybody waits while one unit of work tries again and again."""
    attempts: list[Any] = []
    connect = connecting.connect

    def count(*values: Any) -> Any:
        attempts.append(values)
        return connect(*values)

    monkeypatch.setattr(connecting, "connect", count)
    with closing(PostgresConnection(f"{place.address}&options=-cdefault_transaction_read_only%3Don")) as opened:
        assert [] == rows(opened)
        for _ in range(2):
            attempts.clear()
            with pytest.raises(Unavailable, match="accepts no changes"):
                opened.write(lambda tx: execute_in(tx, _INSERT, b"a"))
            assert 1 == len(attempts)


def test_a_lock_of_others_is_not_waited_for_without_end(
    place: PostgresDatabase, connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example an administrator's `vacuum full`. While we waited, nothing else could be read, either."""
    for name in ("_BEGIN_READING", "_BEGIN"):
        monkeypatch.setattr(connecting, name, getattr(connecting, name).replace("'5s'", "'50ms'"))
    monkeypatch.setattr(connection, "_begin_durable", connecting._BEGIN)
    with psycopg.connect(place.address) as admin:
        admin.execute("lock table suppression in access exclusive mode")
        with pytest.raises(Unavailable, match="another session holds a lock"):
            rows(connection)
        with pytest.raises(Unavailable, match="another session holds a lock"):
            connection.write(lambda tx: execute_in(tx, _INSERT, b"a"))


def test_a_session_that_the_server_ends_for_idling_is_an_outage(connection: PostgresConnection) -> None:
    """An administrator may have set a limit that is too short; it is not a mistake of ours."""

    def idle(tx: Transaction) -> None:
        select_in(tx, "select set_config('idle_in_transaction_session_timeout', '1ms', true)")
        time.sleep(0.1)
        select_in(tx, "select 1")

    remedies = r"idle-in-transaction timeout. Raise idle_|closed the connection unexpectedly. See the log"
    for run in (connection.read, connection.write):
        with pytest.raises(Unavailable, match=remedies):  # what is read first
            run(idle)


def test_a_statement_that_the_server_cancels_is_an_outage_with_a_remedy(connection: PostgresConnection) -> None:
    def wait(tx: Transaction) -> None:
        select_in(tx, "select set_config('statement_timeout', '1ms', true)")
        select_in(tx, "select pg_sleep(60)")

    for use in (connection.write, connection.read):
        with pytest.raises(Unavailable, match=r"canceling statement .* Raise statement_timeout of this role"):
            use(wait)


@pytest.mark.parametrize("statements", [["prepare twice as select 1"] * 2, ["deallocate unknown"]])
def test_a_pooler_that_mixes_up_prepared_statements_is_named(
    connection: PostgresConnection, statements: list[str]
) -> None:
    """In transaction mode, a session has the statements of somebody else, or has lost ours."""

    def meet(tx: Transaction) -> None:
        for statement in statements:
            execute_in(tx, statement)

    with pytest.raises(Unavailable, match=r"prepared statement .* max_prepared_statements = 500"):
        connection.write(meet)


def test_a_session_that_ends_before_its_first_statement_is_an_outage(
    place: PostgresDatabase, other: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is restarted right after it has let a daemon or a command in."""
    connect = connecting.connect

    def connect_and_lose(*values: Any) -> Any:
        connection = connect(*values)
        end = "select pg_terminate_backend(cast(? as int), 60000)"  # and wait until it has ended
        other.write(lambda tx: select_in(tx, end, connection.info.backend_pid))
        return connection

    monkeypatch.setattr(connecting, "connect", connect_and_lose)
    with pytest.raises(Unavailable, match="the database is unavailable"):
        place.connect()


def test_tables_that_somebody_has_put_elsewhere_are_an_outage(place: PostgresDatabase) -> None:
    with closing(PostgresConnection(f"{place.address}&options=-csearch_path%3Delsewhere")) as opened:
        with pytest.raises(Unavailable, match="has search_path been changed"):
            rows(opened)
        with pytest.raises(Unavailable, match="has search_path been changed"):
            opened.write(lambda tx: execute_in(tx, _INSERT, b"a"))


def test_rights_that_somebody_has_taken_are_an_outage_with_a_remedy(connection: PostgresConnection) -> None:
    def read_barred(tx: Transaction) -> None:
        execute_in(tx, "revoke select on suppression from current_user")
        select_in(tx, _ROWS)

    with pytest.raises(Unavailable, match=r"permission denied for table .* Make the role of Pressrun the owner"):
        connection.write(read_barred)


def test_a_session_that_an_administrator_ends_has_a_remedy(
    connection: PostgresConnection, other: PostgresConnection
) -> None:
    def lose(tx: Transaction) -> None:
        break_off(connection, other)
        select_in(tx, "select pg_sleep(60)")

    with pytest.raises(Unavailable, match=r"Try again when the server is up|See the log of the server"):
        connection.read(lose)


@pytest.mark.parametrize(
    ("kind", "barred", "remedy"),
    [
        ("role", "nologin", "Let the role log in"),
        ("database", "allow_connections false", "Allow connections to this database"),
        ("database", "connection limit 0", "Raise the connection limit"),
    ],
)
def test_an_error_says_what_lets_nobody_in(kind: str, barred: str, remedy: str) -> None:
    server, name = shared_server(), "nobody_gets_in"
    address = server.url("postgres", name) if kind == "role" else server.url(name)
    with server.connect() as admin:
        admin.execute(f"create {kind} {name} {barred}")
        try:
            with pytest.raises(Unavailable, match=f"cannot be reached: .* {remedy}"):
                PostgresConnection(address)
        finally:
            admin.execute(f"drop {kind} {name}")


def test_what_was_only_recorded_is_on_the_disk_after_a_checkpoint() -> None:
    with new_server() as server:
        place = PostgresDatabase(server.url("postgres", "postgres"))
        place.create()
        with server.connect() as admin:  # or the server itself writes what was recorded after a moment
            admin.execute("alter system set wal_writer_delay = '10s'")
        server.stop("fast")  # a reload would reach the writer of the WAL some time later
        server.start()
        with closing(place.connect()) as connection:
            connection.write(lambda tx: execute_in(tx, _INSERT, b"a"), durable=False)
            assert connection.checkpoint()
            for digest in (b"b", b"c", b"d"):  # the server may be about to write one of them by itself
                before = rows(connection)
                connection.write(partial(_insert, digest), durable=False)
                server.stop("immediate")
                server.start()
                after = rows(connection)
                assert b"a" in after
                if before == after:
                    return
            pytest.fail("each of three changes was on the disk without a checkpoint")


def _insert(digest: bytes, tx: Transaction) -> None:
    execute_in(tx, _INSERT, digest)


@pytest.mark.parametrize(("said", "expected"), [("", "10000"), ("&tcp_user_timeout=3000", "3000")])
def test_a_server_that_is_silent_is_given_up(place: PostgresDatabase, said: str, expected: str) -> None:
    with closing(PostgresConnection(place.address + said)) as opened:
        parameters = opened.begin(durable=True).info.get_parameters()
    assert expected == parameters["tcp_user_timeout"]
    assert parameters.keys() >= SILENCE.keys()


@pytest.mark.parametrize("reason", ["operator", None])
def test_an_error_does_not_quote_the_row(connection: PostgresConnection, reason: str | None) -> None:
    """It ends in a log: the server tells all values of a row that a constraint refuses, also the name of a reader."""
    sql = "insert into suppression (digest, address, reason, since) values (x'6162', 'Ada of the Quay', ?, 1)"
    with pytest.raises(psycopg.IntegrityError, match="violates") as caught:
        connection.write(lambda tx: [execute_in(tx, sql, reason) for _ in range(2)])
    shown = "".join(traceback.format_exception(caught.value))
    assert ("Ada of the Quay" in shown, "6162)" in shown, "DETAIL" in shown) == (False, False, False)
