"""In what condition the files below data_dir are: whose they are, who can read them, whether the database is whole.

Nothing is changed, and nobody has to hold the data.
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
    """Something below data_dir that has to be mended: which file, what it is like, and the remedy."""

    path: Path
    found: str
    remedy: str


def find_data_problems(data: DataDir) -> list[DataProblem]:
    """Every fault of the data at once; none where there are no data yet."""
    access = list(_access_problems(data))
    named = {problem.path for problem in access}
    return [
        *access,
        *(problem for problem in _content_problems(data) if not named & {problem.path, problem.path.parent}),
    ]


def _access_problems(data: DataDir) -> Iterator[DataProblem]:
    """Who owns what and who else can read it: the owner of data_dir alone, and nobody."""
    if not data.root.is_dir():
        return
    owner = data.root.stat().st_uid
    for path in _private(data):
        try:
            found = path.lstat()
        except OSError:
            continue  # not there, or below a folder that has a fault of its own
        if found.st_uid != owner:
            yield DataProblem(path, f"{path} belongs to user {found.st_uid}", f"user {owner}: chown {owner} {path}")
        elif found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not stat.S_ISLNK(found.st_mode):
            mode, wanted = stat.S_IMODE(found.st_mode), 0o700 if stat.S_ISDIR(found.st_mode) else 0o600
            yield DataProblem(path, f"{path} with mode {mode:04o}", f"{wanted:04o}: chmod {wanted:o} {path}")


def _private(data: DataDir) -> Iterator[Path]:
    """What nobody but the owner may read, folders before what is in them."""
    yield from (data.root, data.database, data.journal, data.backups, data.lock)
    for folder in (data.keys, data.root / "dkim"):
        yield folder
        try:
            yield from sorted(folder.iterdir())
        except OSError:
            continue  # not there, or not ours: said of the folder itself


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
        found, _, remedy = str(problem).partition(": ")
        named = next((word for word in found.split() if word.startswith(os.sep)), str(data.root))
        yield DataProblem(Path(named), found, remedy or "a database and keys that can be used")


def _damage(path: Path) -> str | None:
    """What SQLite finds wrong in the file, or None; reads all of it."""
    try:
        with closing(connect(path, readonly=True)) as connection:
            found: str = connection.execute("pragma quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as problem:
        return None if "not a database" in str(problem) else str(problem)  # none of ours: check_version says so
    return None if found == "ok" else found
