"""PostgreSQL for tests: a server of their own for each run, and empty databases that cost a few milliseconds.

The server of a run starts when the first test asks for it, in whichever worker that is, and stops when the run ends,
however it ends: a process that waits for the end of the run stops it and removes its folder. It listens on a Unix
socket alone, in a folder that nobody else may enter. As root it runs as the user `postgres`.

    python -m tests.postgresql FOLDER    starts a server in FOLDER, which stops when FOLDER/lasts is no longer locked
"""

from __future__ import annotations

import fcntl
import itertools
import os
import pwd
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast
from urllib.parse import quote

import psycopg
from psycopg.pq import TransactionStatus
from tests.emptying import TABLES, Connection, prepared, steps_to

_ROOT = Path(__file__).parent.parent
_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"
_RUN = "PRESSRUN_TESTS_POSTGRESQL"  # the folder of this run, for its workers
ROLE = "pressrun"  # owns the databases, and may nothing else
_LASTS, _STARTED = "lasts", "started"  # files of a run: locked while it lasts; its server has been started
# A test that is killed may leave nothing behind, so nothing has to outlast a loss of power. Statistics are gathered
# only where a test says so: no plan may depend on when that is.
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "max_wal_size": "512MB",
    "logging_collector": "off",
    "log_min_messages": "fatal",
    "deadlock_timeout": "20ms",
    "plan_cache_mode": "force_generic_plan",
}


_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30  # in octets; the databases of a thorough run are some 2 GiB


def new_folder() -> Path:
    """For a server: in memory where there is room, as a new database is hundreds of files, which take a disk long."""
    is_roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return Path(mkdtemp(prefix="pressrun-postgresql-", dir=_MEMORY if is_roomy else None))


@cache
def find_programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs: Debian's, or else where PATH finds `initdb`."""
    versions = [path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit() and (path / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).resolve().parent


def is_here() -> bool:
    """Whether a server can be started: the programs are there, and for root the user that they run as."""
    return find_programs() is not None and (not _is_root() or _has_user())


def _is_root() -> bool:
    return os.geteuid() == 0


def _has_user() -> bool:
    with suppress(KeyError):
        return pwd.getpwnam(_USER).pw_uid != 0
    return False


class Server:
    """A server in a folder of its own, which exists already."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self._data = folder / "data"

    def url(self, database: str, role: str = ROLE) -> str:
        """Where a database is, as the configuration says it."""
        return f"postgresql:///{database}?host={quote(str(self.folder))}&user={role}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """A connection with all rights, outside of any transaction."""
        return psycopg.connect(self.url(database, _USER), autocommit=True)

    def contents(self, database: str) -> Iterator[tuple[str, bytes]]:
        """The tables of a database by name: all their values, one after the other."""
        with self.connect(database) as connection:
            for (table,) in connection.execute(TABLES).fetchall():
                values = [value for row in connection.execute(f"select * from {table}") for value in row]
                yield table, b"\0".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in values)

    def replace(self, database: str, template: str) -> None:
        """Make a database a copy of another to which nobody is connected."""
        with self.connect() as connection:
            connection.execute(f"drop database {database} with (force)")
            connection.execute(f"create database {database} template {template} owner {ROLE} strategy file_copy")

    def create(self, **settings: str) -> None:
        """Make the data folder and the role of the program, and start the server, with settings besides ours."""
        self.own(self.folder)
        options = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "--username", _USER, *options, "--pgdata", str(self._data))
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            all_settings = {**_SETTINGS, "unix_socket_directories": str(self.folder), **settings}
            file.writelines(f"{name} = '{value}'\n" for name, value in all_settings.items())
        self.start()
        with self.connect() as connection:
            connection.execute(f"create role {ROLE} login")

    def own(self, folder: Path) -> None:
        """Let the user that it runs as have a folder."""
        if _is_root():
            shutil.chown(folder, _USER, _USER)

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        self._control("start", "--log", str(self.log))

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends its sessions first, `immediate` leaves what a crash leaves."""
        self._control("stop", "--mode", mode)

    def keep(self) -> None:
        """While it is stopped: keep a copy of everything as it is."""
        shutil.copytree(self._data, self.folder / "kept")
        for path in [self.folder / "kept", *(self.folder / "kept").rglob("*")]:
            self.own(path)

    def put_back(self) -> None:
        """While it is stopped: let everything be as in the copy."""
        shutil.rmtree(self._data)
        (self.folder / "kept").rename(self._data)

    def is_up(self) -> bool:
        """Whether it has been started and has not ended."""
        return (self._data / "postmaster.pid").exists()

    def remove(self) -> None:
        """Stop it, and remove its folder."""
        with suppress(RuntimeError):  # it may have stopped
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def _control(self, verb: str, *options: str) -> None:
        self._run("pg_ctl", verb, "--wait", "--silent", "--pgdata", str(self._data), *options)

    def _run(self, program: str, *arguments: str) -> None:
        programs = find_programs()
        assert programs is not None, "PostgreSQL is missing"
        identity: dict[str, Any] = {"user": _USER, "group": _USER, "extra_groups": []} if _is_root() else {}
        command = [str(programs / program), *arguments]
        # Its output goes to a file: a pipe would stay open for as long as the server lives.
        with (self.folder / "output").open("w+", encoding="utf-8", errors="replace") as output:
            ended = subprocess.run(
                command, check=False, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, **identity
            )
            if ended.returncode != 0:
                output.seek(0)
                raise RuntimeError(f"{' '.join(command)}: {ended.returncode}\n{output.read()}")


@contextmanager
def new_server(**settings: str) -> Iterator[Server]:
    """A server that nobody shares, to be killed: what it has committed outlasts that, as its WAL was written."""
    with new_server_in(new_folder(), **settings) as server:
        yield server


@contextmanager
def new_server_in(folder: Path, **settings: str) -> Iterator[Server]:
    """The same in a folder that exists, and is removed."""
    server = Server(folder)
    try:
        server.create(synchronous_commit="on", **settings)
        yield server
    finally:
        server.remove()


# ---------------------------------------------------------------------- the server of a run


class Run:
    """One run of the tests, which its server outlasts by a moment. Workers find it in their environment."""

    def __init__(self) -> None:
        self._folder = new_folder()
        self._lasts = (self._folder / _LASTS).open("w")
        fcntl.lockf(self._lasts, fcntl.LOCK_EX)  # the kernel gives it up when this process ends
        os.environ[_RUN] = str(self._folder)

    def end(self) -> None:
        if not (self._folder / _STARTED).exists():
            shutil.rmtree(self._folder)
        self._lasts.close()


@cache
def shared_server() -> Server:
    """The server of this run, started if this is the first who asks for it."""
    folder = Path(os.environ[_RUN])
    with (folder / "starting").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / _STARTED).exists():
            _start_shared(folder)
            (folder / _STARTED).touch()
    return Server(folder)


def _start_shared(folder: Path) -> None:
    command = [sys.executable, "-m", "tests.postgresql", str(folder)]
    with (folder / "problem").open("w+", encoding="utf-8") as problem:
        ended = subprocess.run(
            command, check=False, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=problem, stderr=problem
        )
        problem.seek(0)
        if ended.returncode != 0:
            raise RuntimeError(problem.read())


# ---------------------------------------------------------------------- its databases

_TEMPLATE = "pressrun_template"
_MOST_USES = 200  # of one database: nobody vacuums, and what was deleted makes it slower
_MOST_RESTING = 4  # connections to one database that wait for the next test
_END_OTHERS = """select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and pid <> all(%s)"""
# All of `discard all` but what the server has read and planned, which is what a session is kept for.
_RESET = """close all; set session authorization default; reset all; unlisten *; select pg_advisory_unlock_all();
    discard temp; discard sequences"""
# Changes when a test leaves another schema behind than it found.
_SHAPE = """select (select count(*) from pg_attribute), (select count(*) from pg_index),
    (select count(*) from pg_constraint), (select count(*) from pg_proc where pronamespace <> pg_my_temp_schema()),
    (select string_agg(concat(tgname, tgenabled), ' ' order by tgname) from pg_trigger)"""


def make_template(fill: Callable[[Server, str], object]) -> Server:
    """The server of this run, with a database that others are copied from; `fill` gets its address."""
    server = shared_server()
    with (server.folder / "starting").open("w") as turn, server.connect() as connection:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if connection.execute("select from pg_database where datname = %s", [_TEMPLATE]).fetchone() is None:
            draft = f"{_TEMPLATE}_draft"
            connection.execute(f"drop database if exists {draft}")
            connection.execute(f"create database {draft} owner {ROLE}")
            fill(server, server.url(draft))
            connection.execute(f"alter database {draft} rename to {_TEMPLATE}")
    return server


Session = psycopg.Connection[Any]


class LentSession:
    """A connection for as long as its borrower has it: closing it gives it back."""

    def __init__(self, session: Session, take_back: Callable[[Session], None]) -> None:
        self._session = session
        self._take_back = take_back
        self._is_back = False

    def __getattr__(self, name: str) -> Any:
        if self._is_back and name in ("execute", "cursor"):  # it may be another's by now
            raise psycopg.OperationalError("the connection is closed")
        return getattr(self._session, name)

    @property
    def closed(self) -> bool:
        return self._is_back or self._session.closed

    def close(self) -> None:
        if not self._is_back:
            self._is_back = True
            self._take_back(self._session)


def _planning_early(session: Session) -> Session:
    """A statement is planned when it comes first and second, not the first ten times."""
    session.prepare_threshold = 1  # not 0, with which several statements at once would be prepared, too
    return session


class Sessions:
    """Connections that the program opens and that rest between tests, for each database by its address.

    A new one reads the catalogue and plans each statement anew, for which the server needs longer than for most tests.
    """

    def __init__(self) -> None:
        self._resting: dict[str, list[Session]] = {}

    def allow(self, address: str) -> None:
        """Connections to this database are kept from now on."""
        self._resting[address] = []

    def borrow(self, address: str, connect: Callable[[], Session]) -> Session:
        """A connection as good as new, or a new one."""
        if address not in self._resting:
            return connect()
        return cast(
            Session, LentSession(self._find(address) or _planning_early(connect()), partial(self._rest, address))
        )

    def _find(self, address: str) -> Session | None:
        resting = self._resting[address]
        with suppress(IndexError):  # another thread may take the last one
            while True:
                session = resting.pop()
                with suppress(psycopg.OperationalError):  # it was ended meanwhile
                    session.execute(_RESET)
                    return session
                session.close()
        return None

    def _rest(self, address: str, session: Session) -> None:
        resting = self._resting.get(address)
        is_idle = not session.closed and session.info.transaction_status is TransactionStatus.IDLE
        if resting is None or not is_idle or len(resting) >= _MOST_RESTING:
            session.close()
        else:
            resting.append(session)

    def pids(self, address: str) -> list[int]:
        """The processes of the server that rest."""
        return [connection.info.backend_pid for connection in self._resting[address] if not connection.closed]

    def end_resting(self, address: str) -> None:
        """Close what rests now."""
        while resting := self._resting.get(address):
            resting.pop().close()

    def end(self, address: str) -> None:
        """Keep no connection to this database any longer."""
        for session in self._resting.pop(address):
            session.close()


class Databases:
    """Empty databases with the schema of the template, for the tests of one process.

    A new one costs some 20 ms, so what a test gives back is emptied, by a connection that has done so before, and used
    again. One whose schema was changed is dropped.
    """

    def __init__(self, server: Server, sessions: Sessions) -> None:
        self._server = server
        self._sessions = sessions
        self._numbers = itertools.count(1)
        self._connections: dict[str, Connection] = {}
        self._empty: dict[str, Callable[[], object]] = {}
        self._free: list[str] = []
        self._uses: Counter[str] = Counter()
        with server.connect(_TEMPLATE) as template:
            self._shape = template.execute(_SHAPE).fetchone()
            self._steps = steps_to(template)

    def next_name(self) -> str:
        """The name of an empty database."""
        name = self._free.pop() if self._free else self._make()
        self._uses[name] += 1
        return name

    def _make(self) -> str:
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        with self._server.connect() as connection:
            connection.execute(f"create database {name} template {_TEMPLATE} owner {ROLE} strategy file_copy")
        self._connections[name] = self._server.connect(name)
        self._empty[name] = prepared(self._connections[name], self._steps)
        self._sessions.allow(self._server.url(name))
        return name

    def give_back(self, name: str) -> None:
        """Empty a database, whoever is still connected to it."""
        connection = self._connections[name]
        connection.execute(_END_OTHERS, [self._sessions.pids(self._server.url(name))])
        if self._uses[name] < _MOST_USES and connection.execute(_SHAPE).fetchone() == self._shape:
            self._empty[name]()
            self._free.append(name)
            return
        del self._empty[name]
        self._connections.pop(name).close()
        self._sessions.end(self._server.url(name))
        with self._server.connect() as other:
            other.execute(f"drop database {name} with (force)")

    def keep(self, name: str) -> Callable[[], object]:
        """What makes a database again what it is now, for those who stay connected and are idle."""
        connection = self._connections[name]
        return prepared(connection, steps_to(connection))

    def close(self) -> None:
        """Disconnect."""
        for name, connection in self._connections.items():
            connection.close()
            self._sessions.end(self._server.url(name))


class OwnDatabases:
    """Databases for a program that makes its own tables; they are dropped at the end, whoever is connected to them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._names: list[str] = []

    def new(self, template: str = "template0") -> str:
        """The name of a new one: without tables, or a copy of another to which nobody is connected."""
        name = f"own_{os.getpid()}_{secrets.token_hex(6)}"
        with self._server.connect() as connection:
            connection.execute(f"create database {name} template {template} owner {ROLE} strategy file_copy")
        self._names.append(name)
        return name

    def close(self) -> None:
        """Drop them."""
        with self._server.connect() as connection:
            for name in self._names:
                connection.execute(f"drop database {name} with (force)")


def main(folder: Path) -> None:
    """Start the server of a run, and leave a process behind that removes it when the run has ended."""
    server = Server(folder)
    server.create()
    if os.fork() != 0:
        return
    os.setsid()  # an interrupt from the terminal ends the run first
    with (folder / _LASTS).open() as lasts:
        fcntl.lockf(lasts, fcntl.LOCK_SH)
        server.remove()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
