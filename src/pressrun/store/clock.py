"""The clock was set back: what is stored with a time that has not come yet, and what waits from that time on.

Each such row waits as long as it would have, from now on. Dates that people chose, such as the hour of an edition,
stay, and so do the times of what is over, and the first attempt of a copy, which is its Date. Drafts and leavings,
which only last longer then, stay as well: their times tell which copies and links they belong to.

Paces, lanes and limits follow the clock where they are read.
"""

from __future__ import annotations

from pressrun.store.transaction import Transaction

_MOST = 10_000  # copies in one transaction


def cut_copies(tx: Transaction, now: int) -> int:
    """Have copies and notices wait from now on, some at a time; returns how many."""
    return tx.run("clock.copies", now=now, most=_MOST) + tx.run("clock.notices", now=now, most=_MOST)


def cut_times(tx: Transaction, now: int) -> int:
    """Have everything else wait from now on; returns how many rows."""
    names = (
        "clock.confirmations",
        "clock.held_notices",
        "clock.held_since",
        "clock.address_changes",
        "clock.pauses",
        "clock.suspensions",
    )
    return sum(tx.run(name, now=now) for name in names)
