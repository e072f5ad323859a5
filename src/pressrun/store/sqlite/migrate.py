"""Schema migration: a new database gets the newest schema, an older one its steps, a newer one is refused.

Before the first step, the database is copied (`backups/schema-N.sqlite3`): whoever goes back needs the schema of the
program that ran, and no other. A step and its version number are one transaction, so a kill at any moment leaves a
whole schema, from which the next run goes on. It makes no other copy: a table that the last step drops says so.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from functools import cache, partial
from pathlib import Path

from pressrun.core.addresses.address import Address, parse_address, restore_address
from pressrun.core.errors import BadConfiguration, MalformedAddress, NoRoom, Refused, Unavailable
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import digests_of
from pressrun.core.text.masking import without_addresses
from pressrun.core.text.searching import indexed_words, searchable
from pressrun.store.files import make_directory, sync_directory
from pressrun.store.schema_files import SchemaFiles
from pressrun.store.sqlite.connection import INCREMENTAL, connect, unavailable
from pressrun.store.sqlite.statements import MACROS
from pressrun.store.sqlite.tables import SqliteTables
from pressrun.store.statements import expand
from pressrun.store.table_store import TableStore, require_unmarked

APPLICATION_ID = 0x70726573  # "pres": identifies our files among other SQLite files
SPARE_BYTES = 16 * 1024 * 1024  # left for the step itself, which writes to the log of the database
_BEGUN = "upgrade_begun"  # an empty table, from the first step of an upgrade to its last: the copy has been made
_FILES = SchemaFiles(own=Path(__file__).parent, spell=lambda text: expand(text, MACROS), first_version=1)


# What came with this version of Pressrun.
package_schema = cache(_FILES.schema)
package_steps = cache(_FILES.steps)
newest_version = cache(_FILES.newest_version)


def create(path: Path, schema: str, version: int) -> None:
    """Create a new database, complete or not at all, even when the process is killed.

    It has a write-ahead log from the start. If the first process that opens it were killed while switching to one,
    nobody could read it: only a process that may write can roll the switch back. Raises Unavailable.
    """
    draft = path.with_name(f".{path.name}.new")
    for left in (draft, *logs_of(draft)):
        left.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute("pragma journal_mode = delete")
            connection.execute(f"pragma auto_vacuum = {INCREMENTAL}")
            connection.executescript(
                f"begin; {schema}; pragma application_id = {APPLICATION_ID}; pragma user_version = {version}; commit;"
            )
            connection.execute("pragma journal_mode = wal")
    except sqlite3.OperationalError as problem:
        raise unavailable(path, "created", problem) from problem
    draft.chmod(0o600)
    for log in logs_of(path):  # of a lost database: SQLite would apply it to the new one
        log.unlink(missing_ok=True)
    draft.replace(path)
    sync_directory(path.parent)


def logs_of(path: Path) -> list[Path]:
    """What SQLite may have left beside a database file."""
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal")]


def version_of(path: Path) -> int:
    """The schema version of a database file; raises BadConfiguration when it is not ours, or no longer in use."""
    with closing(connect(path, readonly=True)) as connection:
        return version_in(SqliteTables(connection), path)


def version_in(tables: TableStore, path: Path) -> int:
    """The same by an open connection to it, given as its tables."""
    require_ours(tables, path)
    try:
        mark = tables.mark()
    except sqlite3.DatabaseError as problem:
        raise unavailable(path, "read", problem) from problem
    require_unmarked(path, mark)
    version: int = tables.execute("pragma user_version").fetchone()[0]
    return version


def require_ours(connection: sqlite3.Connection | TableStore, path: Path) -> None:
    """Raise BadConfiguration for a file that is not a database of ours, or Unavailable for one that cannot be read."""
    strange = f"{path} is not a Pressrun database: restore a backup, or correct data_dir"
    try:
        application = connection.execute("pragma application_id").fetchone()[0]
        connection.execute("pragma user_version")
    except sqlite3.DatabaseError as problem:
        if problem.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise BadConfiguration(strange) from problem
        raise unavailable(path, "read", problem) from problem
    if application != APPLICATION_ID:
        raise BadConfiguration(strange)


def migrate(path: Path, steps: dict[int, str], *, backups: Path, keys: KeyRing) -> list[int]:
    """Migrate the database to the newest version, with a copy from before; returns the versions reached.

    `keys` are those of the database, for steps that compute keyed digests. Raises Unavailable.
    """
    version = version_of(path)
    reached = [*range(version + 1, max(steps, default=1) + 1)]
    try:
        if not reached:
            _forget_upgrade(path)
        elif not _has_begun(path):
            back_up(path, backups / f"schema-{version}.sqlite3")
            _make_shrinkable(path)  # before the first step: a run that goes on after a kill would not come here again
        _run_steps(path, steps, reached, keys)
    except sqlite3.OperationalError as problem:
        if problem.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # a statement is wrong
            raise
        raise _unchanged(path, problem) from problem
    return reached


def _run_steps(path: Path, steps: dict[int, str], reached: list[int], keys: KeyRing) -> None:
    for target in reached:
        is_last = target == reached[-1]
        mark = (
            f"drop table if exists {_BEGUN};" if is_last else f"create table if not exists {_BEGUN} (i integer) strict;"
        )
        with closing(connect(path)) as connection:
            _run_step(connection, f"{mark}\n{steps[target]}", target, keys)


def _unchanged(path: Path, problem: sqlite3.OperationalError) -> Unavailable:
    """Why a step failed. SQLite sorts and copies in temporary files, which may be on another disk."""
    if problem.sqlite_errorcode != sqlite3.SQLITE_FULL:
        return unavailable(path, "migrated", problem)
    return NoRoom(
        f"the schema of {path} cannot be changed, because a disk is full: make room in {path.parent} and for temporary "
        "files (in TMPDIR, or /var/tmp), then try again"
    )


def _has_begun(path: Path) -> bool:
    """Whether an upgrade of this database was interrupted after its first step."""
    with closing(connect(path, readonly=True)) as connection:
        table = connection.execute("select 1 from sqlite_schema where name = :name", {"name": _BEGUN})
        return table.fetchone() is not None


def _forget_upgrade(path: Path) -> None:
    """After an interrupted upgrade to a later version: the data change from here on, so the next one needs a copy."""
    if _has_begun(path):
        with closing(connect(path)) as connection:
            connection.execute(f"drop table {_BEGUN}")


def _make_shrinkable(path: Path) -> None:
    """Let a file that an earlier version made give free space back, where the disks have room for that.

    It is written anew twice: into a temporary file, and from there into the log.
    """
    with closing(connect(path)) as connection:
        mode = connection.execute("pragma auto_vacuum").fetchone()[0]
        if mode == INCREMENTAL or _free_after(connection, path.parent, copies=2) < 0:
            return
        connection.execute(f"pragma auto_vacuum = {INCREMENTAL}")
        try:
            connection.execute("vacuum")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
        connection.execute("pragma wal_checkpoint(truncate)")


def _free_after(connection: sqlite3.Connection, folder: Path, *, copies: int) -> int:
    """How much would be free beside SPARE_BYTES with copies of the database in a folder; negative without room."""
    size, pages, unused = (
        connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_size", "page_count", "freelist_count")
    )
    file_system = os.statvfs(folder)
    return int(file_system.f_bavail * file_system.f_frsize - copies * size * (pages - unused) - SPARE_BYTES)


def back_up(path: Path, target: Path) -> None:
    """Write a consistent copy of the database to `target`, complete or not at all."""
    make_directory(target.parent)
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    with closing(connect(path)) as source:
        lacking = -_free_after(source, target.parent, copies=1)
        if lacking > 0:
            raise NoRoom(
                f"{target.parent} has no room for a copy of the database, without which the schema is not changed: "
                f"{lacking / 1024**2:,.0f} MiB more are needed"
            )
        source.execute("vacuum into :target", {"target": str(draft)})
    draft.chmod(0o600)
    with draft.open("rb") as handle:
        os.fsync(handle.fileno())
    draft.replace(target)
    sync_directory(target.parent)


def _run_step(connection: sqlite3.Connection, step: str, target: int, keys: KeyRing) -> None:
    connection.execute("pragma foreign_keys = off")  # steps may rebuild tables; the check below replaces it
    connection.create_function("pressrun_sha256", -1, _sha256, deterministic=True)
    connection.create_function("pressrun_mailbox_digest", 2, partial(_mailbox_digest, keys), deterministic=True)
    connection.create_function("pressrun_without_addresses", 1, without_addresses, deterministic=True)
    connection.create_function("pressrun_words", 1, lambda text: indexed_words(searchable(text)), deterministic=True)
    connection.execute("begin immediate")
    try:
        for statement in _statements(step):
            connection.execute(statement)
        _require_whole(connection, target)
        connection.execute(f"pragma user_version = {target}")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def _sha256(*parts: object) -> bytes:
    """SHA-256 for steps: texts as UTF-8, numbers as decimals."""
    return hashlib.sha256(b"".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)).digest()


def _mailbox_digest(keys: KeyRing, address: str, domain: str | None) -> bytes:
    """The suppression digest of the mailbox of a stored address; `domain` is None when it is unknown."""
    try:
        parsed = parse_address(address) if domain is None else restore_address(address, domain)
    except MalformedAddress:  # an earlier version accepted it
        local, _, written_domain = address.rpartition("@")
        parsed = Address(address, local, domain or written_domain.lower())
    return digests_of(keys, parsed).mailbox


def _require_whole(connection: sqlite3.Connection, target: int) -> None:
    broken = connection.execute("pragma foreign_key_check").fetchall()
    if broken:
        raise Refused(f"step {target} of the schema leaves {len(broken)} rows without their parents")


def _statements(script: str) -> list[str]:
    """The statements of a script, because `executescript` would commit in between."""
    statements: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return [*statements, pending] if pending.strip() else statements  # the last one may lack its semicolon
