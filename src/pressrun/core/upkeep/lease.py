"""The lease of a session: for how long a process may believe that the database is still its own.

The database dates every renewal by its own clock, and lets nobody else in before LEASE_SECONDS have passed since the
last one. The process cannot read that clock, so it counts from the moment before it asked. However long the answer
took, the process stops first. It reads two clocks of its own and believes the one that says that more time has passed.
CLOCK_BOOTTIME goes on while the machine sleeps, and nobody can set it; only the wall clock shows that a virtual machine
was paused from outside.
"""

from __future__ import annotations

from msgspec import Struct

LEASE_SECONDS = 10.0  # longer than any pause of a healthy machine, and short enough to wait for after a crash
RENEW_SECONDS = 2.0  # between two renewals: three may fail before anything stops
# Before its end a process hands out nothing more, so that what is in flight has its replies when others may begin.
MARGIN_SECONDS = 3.0


class Instant(Struct, frozen=True):
    """One reading of both clocks, in seconds."""

    boot: float
    wall: float


class Lease(Struct, frozen=True):
    """A lease that the database granted at or after `asked`."""

    asked: Instant

    def seconds_left(self, now: Instant) -> float:
        """For how long copies may be handed out from now on; not positive once they may not."""
        passed = max(now.boot - self.asked.boot, now.wall - self.asked.wall)
        return LEASE_SECONDS - MARGIN_SECONDS - passed


def is_over(heartbeat_at: float, now: float) -> bool:
    """Whether others may end a session that was renewed last at `heartbeat_at`; both times are the database's.

    A heartbeat later than now says that the clock of the database was set back since then, but not how long ago: the
    lease is not over, and counts from now on (store.upkeep.sessions).
    """
    return now - heartbeat_at >= LEASE_SECONDS
