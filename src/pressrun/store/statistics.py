"""Statistics that ANALYZE gathered: none are kept, so that no plan depends on when somebody ran it.

A backup tool or a curious operator may run ANALYZE, or PRAGMA optimize, at any time. Where plans matter they are pinned
in the statements. In the others, statistics of a young database would mislead SQLite for good once it has grown.
A connection keeps what it has read of them until it reads the schema again, so dropping the tables is not enough.
"""

from __future__ import annotations

from pressrun.store.transaction import Transaction


def are_statistics_kept(tx: Transaction) -> bool:
    """Whether somebody has run ANALYZE."""
    return bool(tx.value("statistics.exist"))


def drop_statistics(tx: Transaction) -> None:
    """Drop all of them."""
    tx.run("statistics.drop")
    tx.run("statistics.drop_samples")
    tx.run("statistics.reload")
