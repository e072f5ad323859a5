"""What a start does with a data directory: it checks it, creates what is missing, and migrates the schema.

Keys are created only together with a new database.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext

from pressrun.core.errors import BadConfiguration
from pressrun.core.signing.keys import KeyRing
from pressrun.store.files import make_directory
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.data_lock import is_moving
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import (
    UNUSED,
    drop_unfinished_keys,
    load_keys,
    make_keys,
    read_keys,
    record_keys,
)
from pressrun.store.upkeep.left_database import drop_unused_copies

DuringUpgrade = Callable[[], AbstractContextManager[None]]
"""A block for the time in which a schema is migrated, which may be hours; it is not entered otherwise."""


def prepare(data: DataDir, during_upgrade: DuringUpgrade = nullcontext) -> KeyRing:
    """With the lock held: create missing data, migrate the schema, and load the keys."""
    make_directory(data.root)
    if data.database.exists():
        keys, _ = migrate_schema(data, during_upgrade)
        _end_abandoned_move(data)
        (data.keys / UNUSED).unlink(missing_ok=True)  # the start that created both was killed
        drop_unfinished_keys(data)
        return keys
    if not data.keys.exists():
        make_keys(data)
    _require_unused(data)
    data.database.create()
    keys = read_keys(data)
    record_keys(data, keys)
    (data.keys / UNUSED).unlink()
    return keys


def check(data: DataDir) -> None:
    """Raise BadConfiguration when the schema, the keys or their permissions make the database unusable."""
    if data.database.exists():
        load_keys(data)
    elif data.keys.exists():
        _require_unused(data)


def migrate_schema(data: DataDir, during_upgrade: DuringUpgrade = nullcontext) -> tuple[KeyRing, list[int]]:
    """With the lock held: migrate a database to the newest schema; returns its keys and the versions reached.

    Raises TryAgain while a process on another machine uses the database.
    """
    keys = load_keys(data)
    is_old = data.database.version() < data.database.newest_version
    if is_old and not data.database.is_exclusive:
        require_free(data)
    with during_upgrade() if is_old else nullcontext():
        reached = data.database.migrate(backups=data.backups, keys=keys)
    record_keys(data, keys)  # of a killed rotation, or of an earlier version
    return keys, reached


def require_free(data: DataDir) -> None:
    """Raise TryAgain while a process on another machine uses the database."""
    with closing(data.database.connect(readonly=True)) as connection:
        holder = connection.read(lambda tx: sessions.find_holder(tx, data.lock_identity))
    if holder is not None:
        raise holder.refusal(data.database)


def _end_abandoned_move(data: DataDir) -> None:
    """Remove what a killed move has left behind, in its source and in the data_dir of its target."""
    if is_moving(data):
        return
    drop_unused_copies(data)
    with closing(data.database.connect()) as connection:
        if connection.tables().is_tracking():
            connection.with_tables(lambda tables: tables.untrack_changes())


def _require_unused(data: DataDir) -> None:
    """Refuse keys of a lost database: the ids of a new one start again, so old links would mean other people."""
    if not (data.keys / UNUSED).exists():
        raise BadConfiguration(
            f"{data.keys} exists without {data.database}. Restore the database from a backup, or move the keys away "
            "to start afresh (links in emails already sent will then stop working)"
        )
