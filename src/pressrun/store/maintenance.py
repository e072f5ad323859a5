"""What housekeeping mends in the database: times after a clock that was set back, and statistics that mislead SQLite.

When the clock was set back, rows hold times that have not come yet. Each of them waits as long as it would have, from
now on. Dates that people chose, such as the hour of an edition, stay. So do times of what is over, and the first
attempt of a copy, which is its Date. Drafts and unsubscribes only last longer, and stay because their times tell which
copies and links belong to them. Paces, destinations and limits allow for the clock when they are read.

A backup tool or a curious operator may run ANALYZE, or PRAGMA optimize, at any time. Where plans matter the statements
pin them. In the others, statistics of a young database would mislead SQLite for good once it has grown. A connection
keeps the statistics that it has read until it reads the schema again, so dropping their tables is not enough.
"""

from __future__ import annotations

from pressrun.store.transaction import Transaction

_MOST = 10_000  # copies in one transaction


def cut_copies(tx: Transaction, now: int) -> int:
    """Let copies and notices wait from now on, a batch at a time; returns how many."""
    return tx.run("maintenance.copies", now=now, most=_MOST) + tx.run("maintenance.notices", now=now, most=_MOST)


def cut_times(tx: Transaction, now: int) -> int:
    """Let everything else wait from now on; returns how many rows."""
    names = (
        "maintenance.confirmations",
        "maintenance.held_notices",
        "maintenance.held_since",
        "maintenance.address_changes",
        "maintenance.pauses",
        "maintenance.suspensions",
    )
    return sum(tx.run(name, now=now) for name in names)


def are_statistics_kept(tx: Transaction) -> bool:
    """Whether somebody has run ANALYZE."""
    return bool(tx.value("maintenance.statistics_exist"))


def drop_statistics(tx: Transaction) -> None:
    """Drop all statistics."""
    tx.run("maintenance.drop_statistics")
    tx.run("maintenance.drop_samples")
    tx.run("maintenance.reload_schema")
