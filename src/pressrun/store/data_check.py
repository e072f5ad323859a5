"""Checks the files below data_dir: their owner, their permissions, and whether the database is intact.

It changes nothing and needs no lock.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pressrun.core.errors import BadConfiguration, Unavailable
from pressrun.store import datadir, migrate
from pressrun.store.connection import connect
from pressrun.store.datadir import DataDir


@dataclass(frozen=True, slots=True)
class DataProblem:
    """Something wrong below data_dir: the file, its state, and the remedy."""

    path: Path
    state: str
    remedy: str


def find_data_problems(data: DataDir) -> list[DataProblem]:
    """Every problem of the data; none when there is no data yet."""
    access = list(_access_problems(data))
    named = {problem.path for problem in access}
    return [
        *access,
        *(problem for problem in _content_problems(data) if not named & {problem.path, problem.path.parent}),
    ]


def _access_problems(data: DataDir) -> Iterator[DataProblem]:
    """Files that do not belong to the owner of data_dir, or that others can read."""
    if not data.root.is_dir():
        return
    owner = data.root.stat().st_uid
    for path in _private(data):
        try:
            status = path.lstat()
        except OSError:
            continue  # missing, or below a folder with a problem of its own
        if status.st_uid != owner:
            yield DataProblem(path, f"{path} belongs to user {status.st_uid}", f"user {owner}: chown {owner} {path}")
        elif status.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not stat.S_ISLNK(status.st_mode):
            mode, wanted = stat.S_IMODE(status.st_mode), 0o700 if stat.S_ISDIR(status.st_mode) else 0o600
            yield DataProblem(path, f"{path} with mode {mode:04o}", f"{wanted:04o}: chmod {wanted:o} {path}")


def _private(data: DataDir) -> Iterator[Path]:
    """Files that only the owner may read, each folder before its files."""
    yield from (data.root, data.database, data.journal, data.backups, data.lock)
    for folder in (data.keys, data.root / "dkim"):
        yield folder
        try:
            yield from sorted(folder.iterdir())
        except OSError:
            continue  # missing, or reported as a folder


def _content_problems(data: DataDir) -> Iterator[DataProblem]:
    try:
        if data.database.exists():
            damage = _damage(data.database)
            if damage is not None:
                yield DataProblem(
                    data.database, f"{data.database} is damaged ({damage})", "a whole database: restore a backup"
                )
                return
            newest = migrate.newest_version(migrate.package_steps())
            version = migrate.check_version(data.database, newest)
            if version < newest:
                remedy = f"schema {newest}: run `pressrun migrate`, or restart the service, which does so"
                yield DataProblem(data.database, f"{data.database} with schema {version}", remedy)
                return
        datadir.check(data)
    except (BadConfiguration, Unavailable) as problem:
        state, _, remedy = str(problem).partition(": ")
        named = next((word for word in state.split() if word.startswith(os.sep)), str(data.root))
        yield DataProblem(Path(named), state, remedy or "a database and keys that can be used")


def _damage(path: Path) -> str | None:
    """What SQLite finds wrong when it reads the whole file, or None."""
    try:
        with closing(connect(path, readonly=True)) as connection:
            result: str = connection.execute("pragma quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as problem:
        return None if "not a database" in str(problem) else str(problem)  # check_version reports that
    return None if result == "ok" else result
