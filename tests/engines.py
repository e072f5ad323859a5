"""The engines that tests run on, and how they get new databases there.

A test runs on one engine at a time, which the fixture `engine` of tests/conftest.py chooses. What it opens with
`new_data_dir` and `new_database` is on that engine, so most tests never name one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import psycopg
import pytest
from tests import postgresql

from pressrun.core.signing.keys import KeyRing
from pressrun.store.location import CONFIGURED, Location
from pressrun.store.postgresql import connection as postgres_connection
from pressrun.store.postgresql import location as postgres_location
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.server_password import ServerPassword
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys
from pressrun.store.upkeep.preparing import prepare

IS_THOROUGH = bool(os.environ.get("PRESSRUN_THOROUGH"))  # as in `make check-thorough`

_FILE = "pressrun.sqlite3"
_TEMPLATE = "template"  # the data_dir of the template, in the folder of the server
_FOLDERS = ExitStack()


class Engine(Protocol):
    """Where the databases of a test are."""

    def at(self, path: Path) -> Location:
        """The empty database with the newest schema that belongs to this path; the same one whenever it is asked."""
        ...

    def data_dir(self, root: Path) -> tuple[DataDir, KeyRing]:
        """A data_dir with its database, or the one that is there."""
        ...

    def contents(self, folder: Path) -> Iterator[tuple[str, bytes]]:
        """What the databases below a folder hold outside of files."""
        ...

    def release(self, folder: Path) -> None:
        """Nobody uses the databases below a folder any longer."""
        ...


class _Sqlite:
    def at(self, path: Path) -> Location:
        if not path.exists():
            _write(path, _files_of(_new_folder().root)[Path(_FILE)])
        return SqliteFile(path)

    def data_dir(self, root: Path) -> tuple[DataDir, KeyRing]:
        data = DataDir(root)
        if root.exists():
            return data, prepare(data)
        _copy_files(_new_folder().root, root)
        return data, deepcopy(_new_keys())

    def contents(self, folder: Path) -> Iterator[tuple[str, bytes]]:
        return iter(())

    def release(self, folder: Path) -> None:
        """Files go with the folder of the test."""


class _PostgreSQL:
    def __init__(self) -> None:
        self._names: dict[Path, str] = {}
        self._keys: KeyRing | None = None  # all copies of the template have the same

    def at(self, path: Path) -> Location:
        if path not in self._names:
            self._names[path] = _databases().next_name()
        return PostgresDatabase(postgresql.shared_server().url(self._names[path]))

    def data_dir(self, root: Path) -> tuple[DataDir, KeyRing]:
        data = DataDir(root, self.at(root))
        if root.exists():
            return data, prepare(data)
        template = DataDir(postgresql.shared_server().folder / _TEMPLATE)
        _copy_files(template.root, root)
        if self._keys is None:
            self._keys = load_keys(data)
        return data, deepcopy(self._keys)

    def contents(self, folder: Path) -> Iterator[tuple[str, bytes]]:
        for path, name in self._names.items():
            if path.is_relative_to(folder):
                yield from postgresql.shared_server().contents(name)

    def release(self, folder: Path) -> None:
        for path in [path for path in self._names if path.is_relative_to(folder)]:
            _databases().give_back(self._names.pop(path))

    def keep(self, root: Path) -> Callable[[], object]:
        return _databases().keep(self._names[root])


_POSTGRESQL = _PostgreSQL()
ENGINES: dict[str, Engine] = {"sqlite": _Sqlite(), "postgresql": _POSTGRESQL}


class _Current:
    """The engine of the test that runs now, and whether it has asked for a database."""

    name = "sqlite"
    is_used = False


@contextmanager
def use(name: str) -> Iterator[None]:
    """New databases are on this engine meanwhile."""
    before, _Current.name, _Current.is_used = _Current.name, name, False
    try:
        yield
    finally:
        ENGINES[name].release(Path("/"))
        _Current.name = before


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All that is kept below a folder, by name: each file, and each table of a database of a server."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    yield from ENGINES[_Current.name].contents(folder)


def release(folder: Path) -> None:
    """Let others have the databases below a folder, where a test takes many one after the other."""
    ENGINES[_Current.name].release(folder)


def keep_on_server(root: Path) -> Callable[[], object]:
    """What makes the database of a data_dir again what it is now, for those who stay connected; PostgreSQL can."""
    return _POSTGRESQL.keep(root)


def place_of(location: Location) -> str:
    """A location as one word, for another process; it may hold a password."""
    if isinstance(location, SqliteFile):
        return str(location.path)
    assert isinstance(location, PostgresDatabase)
    return location.address


def location_at(place: str) -> Location:
    """What `place_of` said."""
    return PostgresDatabase(place) if place.startswith("postgresql:") else SqliteFile(Path(place))


def used() -> str | None:
    """The engine of this test, if it has asked for a database."""
    return _Current.name if _Current.is_used else None


def new_database(path: Path) -> Location:
    """The database of this path on the engine of this test: an empty one with the newest schema."""
    _Current.is_used = True
    return ENGINES[_Current.name].at(path)


def new_data_dir(root: Path) -> tuple[DataDir, KeyRing]:
    """What `prepare` makes of a new folder, with the same keys each time, or what it finds in one that exists."""
    _Current.is_used = True
    return ENGINES[_Current.name].data_dir(root)


def _copy_files(made: Path, root: Path) -> None:
    root.mkdir(mode=0o700, parents=True)
    for path, content in _files_of(made).items():
        if content is None:
            (root / path).mkdir(mode=0o700)
        else:
            _write(root / path, content)


@cache
def _files_of(made: Path) -> dict[Path, bytes | None]:
    """What is in a folder that nobody changes any longer; None for a folder."""
    return {path.relative_to(made): None if path.is_dir() else path.read_bytes() for path in sorted(made.rglob("*"))}


def _write(path: Path, content: bytes | None) -> None:
    assert content is not None
    with open(path, "xb", opener=partial(os.open, mode=0o600)) as file:
        file.write(content)


def kept_folder() -> Path:
    """A folder for what several tests of this process begin with; it is removed at the end of the run."""
    return Path(_FOLDERS.enter_context(TemporaryDirectory(prefix="pressrun-tests-")))


@cache
def _new_folder() -> DataDir:
    """A new data_dir with SQLite, made once in each process."""
    data = DataDir(kept_folder() / "data")
    prepare(data)
    return data


@cache
def _new_keys() -> KeyRing:
    """The keys of its copies."""
    return load_keys(_new_folder())


@cache
def _databases() -> postgresql.Databases:
    def fill(server: postgresql.Server, address: str) -> None:
        prepare(DataDir(server.folder / _TEMPLATE, PostgresDatabase(address)))

    server = postgresql.make_template(fill)
    return postgresql.Databases(server, _sessions())


@contextmanager
def kept_sessions(address: str) -> Iterator[None]:
    """Meanwhile connections of the program to this database rest until it opens the next one."""
    _sessions().allow(address)
    try:
        yield
    finally:
        _sessions().end(address)


def end_resting(address: str) -> None:
    """Close what rests, before the database is copied."""
    _sessions().end_resting(address)


@cache
def _sessions() -> postgresql.Sessions:
    """Connections of the program to the databases of tests rest between them."""
    sessions, connect = postgresql.Sessions(), postgres_connection.connect

    def borrow(
        address: str, password: ServerPassword | None = None, source: str = CONFIGURED
    ) -> psycopg.Connection[Any]:
        return sessions.borrow(address, partial(connect, address, password, source))

    patch = _FOLDERS.enter_context(pytest.MonkeyPatch.context())
    for module in (postgres_connection, postgres_location):
        patch.setattr(module, "connect", borrow)
    return sessions


def end_run() -> None:
    """Close and remove what this process keeps between its tests."""
    if _databases.cache_info().currsize:
        _databases().close()
    _FOLDERS.close()
