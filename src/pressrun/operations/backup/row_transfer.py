"""Writes all rows of one snapshot into a new database of another engine."""

from __future__ import annotations

from pressrun.operations.move_database import index_editions
from pressrun.operations.row_copies import Progress, RowCopier, require_same_tables, require_same_totals
from pressrun.store.table_store import MoveMark, MoveState, MoveTarget, TableStore

FROM_BACKUP = "a backup"  # the place in the mark of a database that is being filled


def fill(source: TableStore, target: MoveTarget, progress: Progress) -> None:
    """Fill a database, which keeps a mark until it is published and released; the source is in a snapshot.

    Raises BadInput for rows that the target cannot store.
    """
    target.prepare(MoveMark(MoveState.ARRIVING, FROM_BACKUP, ""))
    tables = require_same_tables(source, target)
    RowCopier(source, target, progress).copy_snapshot(tables)
    progress("building indexes")
    target.build_indexes()
    with target.transaction():
        index_editions(target, source.searchable_editions(), progress)
        target.complete(require_same_totals(source, target, tables))


def complete_mark(token: str) -> MoveMark:
    """The mark of a database that is filled. `token` tells it from others."""
    return MoveMark(MoveState.READY, FROM_BACKUP, token)
