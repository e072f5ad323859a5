"""A database that continues where that of a backup ends: a copy by a tool that follows the file, such as Litestream.

Only the database is that new. Keys, layouts and the journal come from the backup. So both must be of one installation,
and the copy must continue the backup, because an older one would bring back people who have left since.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from msgspec import Struct

from pressrun.core.errors import BadConfiguration, BadInput, NoInput, Refused, Unavailable, reason_of
from pressrun.core.signing.chain import NO_ROWS, Head
from pressrun.core.signing.keys import KeyRing
from pressrun.operations.backup.manifest import DATABASE
from pressrun.store.files import new_private_file
from pressrun.store.readers import consent
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import restores
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import SUPPRESSIONS, find_other_key


class NewerDatabase(Struct, frozen=True, kw_only=True):
    """The file, and where it is; opened by the caller, who may read what the owner of the data may not."""

    path: Path
    file: IO[bytes]


@contextmanager
def open_newer(path: Path | None) -> Iterator[NewerDatabase | None]:
    """Open the file, where one is named; raises NoInput, and BadInput for one that is in use."""
    if path is None:
        yield None
        return
    wal = path.with_name(f"{path.name}-wal")
    with suppress(OSError):
        if wal.stat().st_size:
            raise BadInput(f"{path} is in use, or was not closed: {wal} belongs to it. Copy it with a tool for SQLite")
    try:
        file = path.open("rb")
    except OSError as problem:
        raise NoInput(f"{path} cannot be read: {reason_of(problem)}") from None
    with file:
        yield NewerDatabase(path=path, file=file)


def adopt_newer(newer: NewerDatabase, data: DataDir, keys: KeyRing) -> dict[str, int]:
    """Put the newer database in the place of the one that was unpacked, which has the newest schema by now.

    Returns its rows by table, as they came. Raises BadInput unless it is whole and goes on where that one ends, and
    Refused where there is no room for it.
    """
    draft = SqliteFile(data.root / f"newer-{DATABASE}")
    try:
        _copy(newer, draft.path)
        _require_whole(draft)
        rows = _count_rows(draft)
        if draft.migrate(backups=data.backups, keys=keys):
            shutil.rmtree(data.backups)
        _require_continuation(draft, data, keys)
    except (BadConfiguration, Unavailable, BadInput) as problem:
        raise BadInput(f"{newer.path} cannot be used: {str(problem).replace(str(draft.path), 'it')}") from problem
    for ending in ("-wal", "-shm"):
        draft.path.with_name(f"{draft.path.name}{ending}").unlink(missing_ok=True)
        (data.root / f"{DATABASE}{ending}").unlink(missing_ok=True)
    draft.path.replace(data.root / DATABASE)
    return rows


def _copy(newer: NewerDatabase, target: Path) -> None:
    free, size = shutil.disk_usage(target.parent).free, os.fstat(newer.file.fileno()).st_size
    if size > free:
        raise Refused(f"there is not enough disk space: {newer.path} has {size:,} octets, and {free:,} are free")
    newer.file.seek(0)
    with new_private_file(target) as out:
        shutil.copyfileobj(newer.file, out)


def _require_whole(draft: SqliteFile) -> None:
    version = draft.version()
    if version > draft.newest_version:
        raise BadInput(f"it has schema {version}, but this version of Pressrun only knows up to {draft.newest_version}")
    damage = draft.find_damage(is_thorough=True)
    if damage is not None:
        raise BadInput(f"it is damaged ({damage.words})")


def _count_rows(draft: SqliteFile) -> dict[str, int]:
    with closing(draft.connect(readonly=True)) as connection:
        return connection.tables().count_all()


def _require_same_keys(keys: KeyRing, other: int | None) -> None:
    if other is None:
        return
    if other > keys.newest:
        raise BadInput(f"it was used with link key {other}, which is newer than the backup. Use a backup made since")
    name = "suppression key" if other == SUPPRESSIONS else f"link key {other}"
    raise BadInput(f"it was used with another {name} than the backup, so it is of another installation")


def _require_continuation(draft: SqliteFile, data: DataDir, keys: KeyRing) -> None:
    unpacked = SqliteFile(data.root / DATABASE)
    with closing(draft.connect(readonly=True)) as after, closing(unpacked.connect(readonly=True)) as before:
        _require_same_keys(keys, after.read(lambda tx: find_other_key(keys, tx)))
        drawn = after.tables().last_ids()
        is_late = any(drawn.get(name, 0) < last for name, last in before.tables().last_ids().items())
        head = before.read(consent.read_head)
        if is_late or not after.read(lambda tx: _has_head(tx, head)):
            raise BadInput(
                "it is older than the backup, or its history differs from the backup's. Restore the backup without it"
            )


def _has_head(tx: Transaction, head: Head) -> bool:
    """Whether the evidence of consent up to this head is the beginning of that in this database."""
    return head == NO_ROWS or restores.has_evidence(tx, head)
