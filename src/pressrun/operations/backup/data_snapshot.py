"""What a backup is made of, as of one moment: the database in a snapshot, and the files of data_dir.

The order keeps the files consistent with the database:

1. The heads of both chains that are kept in files. The database has these rows or later ones.
2. The snapshot.
3. The journal, at once. A copy that a relay has accepted is in the journal before the database has the result. So what
   the snapshot shows as claimed and was accepted before is in the journal that is read after it. Read earlier, it would
   lack the last ones, and they would go out again after a restore. Read much later, its ring could have turned.
   What was accepted after the snapshot cannot be known from it, be it in the journal or not.
4. The keys. One that was added since the snapshot does no harm. One that is missing would end links.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from msgspec import Struct

from pressrun.core.errors import NotFound, Refused
from pressrun.operations.backup.manifest import FOLDERS, JOURNAL, SUPPRESSION_KEY, fingerprints, is_backed_up
from pressrun.runtime.clock import utc_now
from pressrun.store.location import check_version, require_current_schema
from pressrun.store.table_store import TableStore
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import key_fingerprints, load_keys, require_keys
from pressrun.store.upkeep.restore_switch import require_no_switch

CHAINS = ("consent", "audit")
LARGEST_FILES = 64 * 1024 * 1024  # octets of all keys, layouts and the journal together: they are held in memory


class DataSnapshot(Struct, frozen=True, kw_only=True):
    """The database at the moment `at` (UTC seconds), and the content of the files by path.

    `keys` are the fingerprints of the keys by number.
    """

    data: DataDir
    tables: TableStore
    at: int
    schema: int
    files: dict[str, bytes]
    keys: dict[int, bytes]

    @property
    def installation(self) -> str:
        """What tells this installation from others."""
        return fingerprints(self.keys)[SUPPRESSION_KEY]

    @property
    def engine(self) -> str:
        return "sqlite" if self.data.server is None else "postgresql"


@contextmanager
def open_snapshot(data: DataDir) -> Iterator[DataSnapshot]:
    """Read the files and open the snapshot, which lasts as long as the block.

    Raises NotFound where there are no data, BadConfiguration where the keys are not those of the database, and
    Unavailable if the connection to a server is lost.
    """
    require_no_switch(data.root)
    if not data.database.exists():
        raise NotFound(f"{data.database} does not exist yet, so there is nothing to back up")
    schema = check_version(data.database)
    if data.server is not None:
        require_current_schema(data.database)  # rows go into the tables that this version knows
    heads = _read_heads(data)
    with _available(data), closing(data.database.connect(readonly=True)) as connection:
        tables = connection.tables()
        with tables.snapshot():
            tables.count(next(iter(tables.tables().values())))  # a snapshot begins with the first query
            at = int(utc_now())
            files = {**_read(data, JOURNAL), **_read_folders(data), **heads}
            keys = load_keys(data)
            require_keys(data, keys, tables.tx)
            yield DataSnapshot(data=data, tables=tables, at=at, schema=schema, files=files, keys=key_fingerprints(keys))


@contextmanager
def _available(data: DataDir) -> Iterator[None]:
    """What the driver raises when a server is lost becomes Unavailable; of files, others know more."""
    try:
        yield
    except data.database.dialect.outages as problem:
        if data.server is None:
            raise
        raise data.database.dialect.unavailable(problem) from problem


def _read_heads(data: DataDir) -> dict[str, bytes]:
    names = [data.head_of(chain).relative_to(data.root).as_posix() for chain in CHAINS]
    return {name: content for each in names for name, content in _read(data, each).items()}


def _read_folders(data: DataDir) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    heads = {data.head_of(chain) for chain in CHAINS}  # read before, if they were there
    for folder in FOLDERS:
        for path in sorted((data.root / folder).glob("*")):
            name = f"{folder}/{path.name}"
            if path.is_file() and is_backed_up(name) and path not in heads:
                files |= _read(data, name)
    total = sum(map(len, files.values()))
    if total > LARGEST_FILES:
        raise Refused(
            f"{', '.join(FOLDERS)} in {data.root} have {total} octets; a backup holds at most {LARGEST_FILES}"
        )
    return files


def _read(data: DataDir, name: str) -> dict[str, bytes]:
    """A file by its path, if it is there."""
    try:
        return {name: (data.root / name).read_bytes()}
    except FileNotFoundError:
        return {}
