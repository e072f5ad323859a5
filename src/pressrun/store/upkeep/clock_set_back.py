"""What housekeeping mends in the database after a clock was set back.

When the clock was set back, rows hold times that have not come yet. Each of them waits as long as it would have, from
now on. Dates that people chose, such as the hour of an edition, stay. So do times of what is over, and the first
attempt of a copy, which is its Date. Events and sessions get the present time: otherwise an event would keep all later
ones until then, and a session would not end. Drafts and unsubscribes only last longer, and stay because their times
tell which copies and links belong to them. Paces, destinations and limits allow for the clock when they are read.
"""

from __future__ import annotations

from pressrun.store.transaction import Transaction

_MOST = 10_000  # copies in one transaction


def cut_copies(tx: Transaction, now: int) -> int:
    """Let copies and notices wait from now on, a batch at a time; returns how many."""
    return tx.run("clock_set_back.copies", now=now, most=_MOST) + tx.run("clock_set_back.notices", now=now, most=_MOST)


def cut_times(tx: Transaction, now: int) -> int:
    """Let everything else wait from now on; returns how many rows."""
    names = (
        "clock_set_back.confirmations",
        "clock_set_back.held_notices",
        "clock_set_back.held_since",
        "clock_set_back.address_changes",
        "clock_set_back.pauses",
        "clock_set_back.suspensions",
        "clock_set_back.events",
        "clock_set_back.sessions",
    )
    return sum(tx.run(name, now=now) for name in names)
