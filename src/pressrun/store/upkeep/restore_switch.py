"""Replaces the present data with the restored data, so that a kill at any moment leaves either the one or the other.

    data_dir/.restoring         being unpacked and rehearsed: worth nothing once the process is gone
    data_dir/.restore-prepared  complete; in force as soon as the database on a server has its mark
    data_dir/.restore-ready     in force: what is there goes aside, file by file
    data_dir/.restore-placing   all of that is aside: the new files go to their places

Renaming a folder is the switch. The next process that takes the lock of the data does what is left to do after it, in
the same order, so it may be killed and begin again anywhere. Nobody may open the database before that.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from pressrun.core.errors import Refused, TryAgain
from pressrun.store.files import sync_directory, sync_tree
from pressrun.store.location import Location
from pressrun.store.table_store import MoveMark

FOLDER, PREPARED, READY, PLACING = ".restoring", ".restore-prepared", ".restore-ready", ".restore-placing"
_ASIDE = ".aside"  # in the folder: where to keep what is there, below data_dir
DATABASE_FILES = ("pressrun.sqlite3", "pressrun.sqlite3-wal", "pressrun.sqlite3-shm", "pressrun.sqlite3-journal")
_FILES = ("keys", "layouts", "dkim", "handovers", "last-backup.json")


def finish_restore(root: Path, server: Location | None) -> None:
    """With the lock held: complete a restore that was killed after its switch, and clear up one killed before it.

    Of a database on a server the switch is a commit there, which its mark shows.
    """
    prepared = root / PREPARED
    mark = _find_mark(server) if server is not None and prepared.is_dir() else None
    is_switched = mark is not None and (prepared / f".{mark.move}").is_file()
    if is_switched:
        commit_switch(root)
    else:
        drop_unfinished(root)
    complete_switch(root)
    if is_switched and server is not None:
        with closing(server.connect()) as connection:
            connection.with_tables(lambda tables: tables.remove_mark())


def _find_mark(server: Location) -> MoveMark | None:
    with closing(server.connect(readonly=True)) as connection:
        return connection.with_tables(lambda tables: tables.mark())


def require_one_file_system(root: Path, backups: Path) -> None:
    """Raise Refused where something could not go aside: only what is on one file system can be renamed."""
    folders = [path for path in (root / name for name in _FILES) if path.is_dir() and not path.is_symlink()]
    for path in (*folders, *([backups] if backups.exists() else [])):
        if path.stat().st_dev != root.stat().st_dev:
            raise Refused(
                f"{path} is on another file system than {root}, so what is there could not be put aside. Unmount it or "
                "move the link away, and put it back after the restore"
            )


def prepare_switch(root: Path, folder: Path, aside: Path) -> None:
    """Make a folder with all that was restored ready for the switch."""
    (folder / _ASIDE).write_text(aside.relative_to(root).as_posix(), encoding="utf-8")
    sync_tree(folder)
    folder.rename(root / PREPARED)
    sync_directory(root)


def commit_switch(root: Path) -> None:
    """The switch: from here on the restored data are those of this folder."""
    (root / PREPARED).rename(root / READY)
    sync_directory(root)


def complete_switch(root: Path) -> None:
    """Do what is left to do after a switch, if there was one. The lock of the data is held."""
    ready, placing = root / READY, root / PLACING
    if ready.is_dir():
        _set_aside(root, ready)
        ready.rename(placing)
        sync_directory(root)
    if placing.is_dir():
        for path in sorted(placing.iterdir()):
            if not path.name.startswith("."):
                path.replace(root / path.name)
        sync_directory(root)
        _remove_tree(placing)
        sync_directory(root)


def _set_aside(root: Path, ready: Path) -> None:
    """Move what is there away: each name once, since nothing new comes before all are gone."""
    has_file = (ready / DATABASE_FILES[0]).exists()  # otherwise the database is on a server, and not here
    names = [name for name in (*(DATABASE_FILES if has_file else ()), *_FILES) if os.path.lexists(root / name)]
    if not names:
        return
    aside = root / (ready / _ASIDE).read_text(encoding="utf-8")
    aside.parent.mkdir(mode=0o700, exist_ok=True)  # a parent that mkdir makes by itself is open to all
    aside.mkdir(mode=0o700, exist_ok=True)
    for name in names:
        (root / name).rename(aside / name)
    sync_directory(aside)
    sync_directory(aside.parent)
    sync_directory(root)


def drop_unfinished(root: Path) -> None:
    """Remove what a restore that was killed before its switch has left. The lock of the data is held."""
    for name in (FOLDER, PREPARED):
        if (root / name).is_dir():
            _remove_tree(root / name)


def require_no_switch(root: Path) -> None:
    """Raise TryAgain while a switch is not complete."""
    if any((root / name).exists() for name in (READY, PLACING)):
        raise TryAgain(
            f"a restore of {root} was interrupted. Run `pressrun migrate` or start the service to complete it"
        )


def _remove_tree(folder: Path) -> None:
    import shutil  # noqa: PLC0415 - slow to import, and verbs that read never need it

    shutil.rmtree(folder)
