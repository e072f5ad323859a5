"""A server that still takes what is sent and says nothing more, as one behind a pooler that has lost it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.database import execute_in, select_in
from tests.engines import new_database

from pressrun.core.errors import CommitUnknown, Unavailable
from pressrun.store.connection import EngineConnection
from pressrun.store.postgresql import connection as connecting
from pressrun.store.postgresql import thread as threads
from pressrun.store.postgresql.connection import PostgresConnection
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.transaction import Transaction

PATIENCE = 1.0  # a busy machine keeps a server that does answer waiting, too
_INSERT = "insert into suppression (digest, reason, since) values (?, 'operator', 1)"


class Balancer:
    """Stands between a program and its server. While `speaks` is not set, it takes everything and passes nothing on."""

    def __init__(self, server: str, stack: ExitStack) -> None:
        self.speaks = threading.Event()
        self.speaks.set()
        self._server = server
        self._stack = stack
        self._listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                front = self._stack.enter_context(self._listener.accept()[0])
                back = self._stack.enter_context(socket.socket(socket.AF_UNIX))
                back.connect(self._server)
                for pair in ((front, back), (back, front)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.speaks.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def balanced(place: PostgresDatabase) -> Iterator[tuple[Balancer, PostgresDatabase]]:
    """A balancer in front of a database, and the address that leads through it."""
    said: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(place.address)
    with ExitStack() as stack:
        balancer = Balancer(f"{said['host']}/.s.PGSQL.5432", stack)
        stack.callback(balancer.speaks.set)
        address = f"postgresql://{said['user']}@127.0.0.1:{balancer.port}/{said['dbname']}?sslmode=disable"
        yield balancer, PostgresDatabase(f"{address}&gssencmode=disable")


@contextmanager
def opened(place: PostgresDatabase) -> Iterator[PostgresConnection]:
    """A connection that waits for PATIENCE seconds."""
    with closing(PostgresConnection(place.address, patience=PATIENCE)) as connection:
        yield connection


@pytest.fixture
def place(tmp_path: Path) -> PostgresDatabase:
    location = new_database(tmp_path / "db")
    assert isinstance(location, PostgresDatabase)
    return location


def count(tx: Transaction) -> int:
    number: int = select_in(tx, "select count(*) from suppression")[0][0]
    return number


def test_it_is_given_up_and_asked_again_by_the_next(place: PostgresDatabase) -> None:
    runs: list[int] = []
    with balanced(place) as (balancer, through), opened(through) as connection:

        def fall_silent(tx: Transaction) -> None:
            runs.append(1)
            balancer.speaks.clear()
            count(tx)

        with pytest.raises(Unavailable, match="has not answered for"):
            connection.write(fall_silent)
        balancer.speaks.set()
        assert ([1], 0) == (runs, connection.read(count))


def test_a_commit_without_an_answer_may_be_done(place: PostgresDatabase) -> None:
    with balanced(place) as (balancer, through), opened(through) as connection:

        def fall_silent(tx: Transaction) -> None:
            execute_in(tx, _INSERT, b"a")
            balancer.speaks.clear()

        with pytest.raises(CommitUnknown, match="has not answered for"):
            connection.write(fall_silent)


def test_whoever_answers_slowly_but_in_time_is_waited_for(place: PostgresDatabase) -> None:
    with opened(place) as connection:
        for _ in range(3):
            connection.write(lambda tx: select_in(tx, "select pg_sleep(?)", PATIENCE / 2))


async def test_the_connections_of_a_daemon_give_it_up(place: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SILENT_SECONDS", PATIENCE)
    with balanced(place) as (balancer, through):
        thread = await through.start_thread()
        balancer.speaks.clear()
        with pytest.raises(Unavailable, match="has not answered for"):
            await thread.run(lambda connection: connection.read(count))
        balancer.speaks.set()
        assert 0 == await thread.run(lambda connection: connection.read(count))
        await thread.close()


async def test_all_who_wait_hear_of_one_silence(place: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pooler lets everybody in, and the server behind it says nothing: each would wait as long as the one before."""
    monkeypatch.setattr(threads, "SILENT_SECONDS", PATIENCE)
    connect, opened = connecting.connect, 0
    with balanced(place) as (balancer, through):
        thread = await through.start_thread()

        def let_in(*values: Any) -> Any:
            nonlocal opened
            opened += 1
            balancer.speaks.set()
            connection = connect(*values)
            balancer.speaks.clear()
            return connection

        monkeypatch.setattr(connecting, "connect", let_in)
        balancer.speaks.clear()
        asked = [thread.run(lambda connection: connection.write(count)) for _ in range(5)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert (5, 0) == (sum("has not answered for" in str(answer) for answer in answers), opened)
        await asyncio.gather(thread.run(lambda connection: connection.read(count)), return_exceptions=True)
        assert 1 == opened  # whoever comes later has the server asked again
        monkeypatch.setattr(connecting, "connect", connect)
        balancer.speaks.set()
        assert 0 == await thread.run(lambda connection: connection.read(count))
        await thread.close()


async def test_all_who_wait_hear_of_one_attempt_to_connect(
    place: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt may take seconds, and those at the end of a long queue would wait for minutes."""
    attempts: list[float] = []
    thread = await place.start_thread()
    connect = connecting.connect

    def fail(*_: object) -> None:
        attempts.append(1)
        raise Unavailable("cannot be reached")

    def read_late(connection: EngineConnection) -> int:
        waiting.wait(20)
        return connection.read(count)

    waiting = threading.Event()
    await thread.run(lambda connection: connection.close())
    monkeypatch.setattr(connecting, "connect", fail)
    asked = [asyncio.ensure_future(thread.run(read_late)) for _ in range(5)]
    await asyncio.sleep(0)
    waiting.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert (5, 1) == (sum("cannot be reached" in str(answer) for answer in answers), len(attempts))
    monkeypatch.setattr(connecting, "connect", connect)
    assert 0 == await thread.run(lambda connection: connection.read(count))
    await thread.close()
