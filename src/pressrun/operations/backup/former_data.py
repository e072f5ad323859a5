"""The data that a restore replaces, as far as they can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from msgspec import Struct

from pressrun.core.errors import BadConfiguration, Refused, Unavailable
from pressrun.store.location import check_version
from pressrun.store.queue.journal import Claim, JournalEntry, read_entries
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.datadir import DataDir


class FormerData(Struct, frozen=True, kw_only=True):
    """The former database in a snapshot, the ids that it has drawn, and what its relays had accepted."""

    tx: Transaction
    errors: type[Exception]  # of its engine
    last_ids: Mapping[str, int]
    journaled: Mapping[Claim, JournalEntry]


@contextmanager
def open_former(data: DataDir) -> Iterator[FormerData | str | None]:
    """The former data, or why they cannot be read, or None if there are none.

    Raises Refused for a database with an older schema, which could be read after a step.
    """
    version = _read_version(data)
    if not isinstance(version, int):
        yield version
        return
    if version < data.database.newest_version:
        raise Refused(
            f"{data.database} has schema {version}. Run `pressrun migrate` first, to keep out people who left since. "
            "If it cannot be migrated, move it away"
        )
    with closing(data.database.connect(readonly=True)) as connection, connection.reading() as tx:
        yield FormerData(
            tx=tx,
            errors=connection.dialect.errors,
            last_ids=connection.tables().last_ids(),
            journaled=read_entries(data.journal),
        )


def _read_version(data: DataDir) -> int | str | None:
    """The version of the schema, or why it cannot be read, or None if there is no database."""
    try:
        return check_version(data.database) if data.database.exists() else None
    except (BadConfiguration, Unavailable) as problem:
        return str(problem)
