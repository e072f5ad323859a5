"""Checks the files below data_dir: their owner, their permissions, and whether the database is intact.

It changes nothing and needs no lock.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from msgspec import Struct

from pressrun.core.errors import BadConfiguration, Unavailable
from pressrun.runtime.identity import account_name, user_name
from pressrun.store.location import check_version
from pressrun.store.sqlite.connection import files_of
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.upkeep import preparing
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import read_keys


class DataProblem(Struct, frozen=True):
    """Something wrong with the data: the file or the database, its state, and the remedy."""

    place: str
    state: str
    remedy: str
    is_on_server: bool = False


def find_data_problems(data: DataDir) -> list[DataProblem]:
    """Every problem of the data; of a folder that does not exist, those of its database on a server.

    Each place is named once: what nobody has access to cannot be used either.
    """
    access = list(find_access_problems(data))
    named = {problem.place for problem in access}
    if str(data.root) in named:
        if not os.access(data.root, os.X_OK, effective_ids=True):
            return access
        if data.server is None and not os.access(data.root, os.W_OK, effective_ids=True):
            named.add(str(data.database))  # SQLite needs files beside it
    return [*access, *(problem for problem in find_content_problems(data) if problem.place not in named)]


def find_access_problems(data: DataDir) -> Iterator[DataProblem]:
    """Files that do not belong to the owner of data_dir, that others can read, or that are closed to the owner."""
    if not data.root.is_dir():
        return
    owner = _owner_of(data)
    if isinstance(data.database, SqliteFile):
        database = data.database.path  # SQLite makes the files beside it with the mode that it has then
        yield from islice(_access_problems(data, owner, files_of(database), f"{database}*"), 1)
    yield from _access_problems(data, owner, _private(data))


def _access_problems(data: DataDir, owner: int, paths: Iterable[Path], mended: str = "") -> Iterator[DataProblem]:
    """The problems of these files; the remedy is a command for `mended`, by default the file itself."""
    for path in paths:
        try:
            status = path.lstat()
        except OSError:
            continue  # missing, or below a folder with a problem of its own
        if status.st_uid != owner:
            state = f"{path}, which belongs to {user_name(status.st_uid)}"
            remedy = f"a file of {user_name(owner)}: chown {account_name(owner)} {mended or path}"
            yield DataProblem(str(path), state, remedy)
        elif _has_bad_mode(status.st_mode, is_key=path.parent in _key_folders(data)):
            mode, wanted = stat.S_IMODE(status.st_mode), 0o700 if stat.S_ISDIR(status.st_mode) else 0o600
            remedy = f"{wanted:04o}: chmod {wanted:o} {mended or path}"
            if path == data.root and _is_of_others(data):  # closing /etc or / would close the machine
                remedy = "a folder of Pressrun's own, with nothing else in it"
            yield DataProblem(str(path), f"{path} with mode {mode:04o}", remedy)


def _has_bad_mode(mode: int, *, is_key: bool) -> bool:
    """Whether others can use a file or folder, or its owner cannot. A key is only read; a link has no mode."""
    if stat.S_ISLNK(mode):
        return False
    needed = stat.S_IRWXU if stat.S_ISDIR(mode) else stat.S_IRUSR if is_key else stat.S_IRUSR | stat.S_IWUSR
    return mode & needed != needed or bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def _key_folders(data: DataDir) -> tuple[Path, ...]:
    return (data.keys, data.root / "dkim")


def _owner_of(data: DataDir) -> int:
    """Who owns the data: the folder alone may have been given to root by mistake."""
    root = data.root.stat().st_uid
    if root != 0:
        return root  # who may not be able to enter it
    owners = {path.lstat().st_uid for path in (data.keys, data.lock) if path.exists()}
    return owners.pop() if len(owners) == 1 else root


def _is_of_others(data: DataDir) -> bool:
    """Whether there are files in data_dir, and none that a start makes first."""
    try:
        return not any(path.exists() for path in (data.lock, data.keys)) and any(data.root.iterdir())
    except PermissionError:  # nobody can use it as it is
        return False


def _private(data: DataDir) -> Iterator[Path]:
    """Files that only the owner may read, each folder before its files; the database is not among them."""
    yield data.root
    yield from (data.journal, data.backups, data.lock, data.move_lock)
    for folder in _key_folders(data):
        yield folder
        try:
            yield from sorted(folder.iterdir())
        except OSError:
            continue  # missing, or reported as a folder


def find_content_problems(data: DataDir) -> Iterator[DataProblem]:
    """A database that is damaged or has another schema, and keys that are missing or not its own."""
    database = data.database
    try:
        str(database)
    except BadConfiguration as problem:  # libpq cannot read the address
        state, _, remedy = str(problem).removeprefix("database: ").partition(". Write ")
        yield DataProblem("database", f"an address that cannot be read ({state})", remedy, is_on_server=True)
        return
    try:
        exists = database.exists()
    except (BadConfiguration, Unavailable) as problem:
        yield _problem_of(data, str(problem))
        return
    fault, is_readable = _find_database_problem(data) if exists else (None, True)
    if fault is not None:
        yield fault
    try:
        if is_readable:
            preparing.check(data)
        else:
            read_keys(data)
    except (BadConfiguration, Unavailable) as problem:
        yield _problem_of(data, str(problem))


def _find_database_problem(data: DataDir) -> tuple[DataProblem | None, bool]:
    """What is wrong with the database, which exists; and whether it can be read all the same."""
    database = data.database
    try:
        damage = database.find_damage()
        if damage is not None:
            remedy = f"a whole database: {damage.remedy}"
            return DataProblem(str(database), f"{database} is damaged ({damage.words})", remedy), False
        version, newest = check_version(database), database.newest_version
    except (BadConfiguration, Unavailable) as problem:
        return _problem_of(data, str(problem)), False
    if version == newest:
        return None, True
    remedy = f"schema {newest}: run `pressrun migrate`, or restart the service, which does so"
    state, is_on_server = f"{database} with schema {version}", data.server is not None
    return DataProblem(str(database), state, remedy, is_on_server=is_on_server), True


def _problem_of(data: DataDir, message: str) -> DataProblem:
    """A message "STATE: REMEDY" as a problem of the file that it names, or "STATE. REMEDY" as one of the server."""
    if data.server is not None and str(data.server) in message and str(data.root) not in message:
        state, separator, remedy = message.rpartition(". ")  # a server may have said more than one sentence
        if not separator:
            return DataProblem(str(data.server), message, "a database that can be used", is_on_server=True)
        return DataProblem(str(data.server), state, f"a database that can be used. {remedy}", is_on_server=True)
    state, separator, remedy = message.partition(": ")
    named = next((word for word in state.split() if word.startswith(os.sep)), str(data.root))
    return DataProblem(named, state, f"a database and keys that can be used{separator}{remedy}")
