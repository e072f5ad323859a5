"""What a start finds out about others that use its database: whether their settings or their clocks differ.

Nothing here keeps the daemon from starting. It only logs, and names keys, never values.
"""

from __future__ import annotations

import logging

from pressrun.config import differing_settings
from pressrun.observe.log import event
from pressrun.runtime.clock import utc_now
from pressrun.store.database import Database
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.sessions import Process

log = logging.getLogger("pressrun.daemon")

CLOCK_SECONDS = 2.0  # two clocks that are kept right differ by less


async def log_differences(database: Database, session: int, process: Process) -> None:
    """Log how the settings differ from those of the session before, if that was on another machine.

    And by how much the clock differs from that of the database, which is another one if that is on a server.
    """
    before = await database.read(sessions.find_before, session)
    if before is not None and before.host != process.host:
        keys = differing_settings(process.config, before.config)
        if keys:
            event(log, "config.differs", level=logging.WARNING, keys=keys, host=before.host)
    asked_at = utc_now()
    theirs = await database.read(sessions.read_clock)
    ours = (asked_at + utc_now()) / 2
    if abs(ours - theirs) >= CLOCK_SECONDS:
        event(log, "daemon.clock_differs", level=logging.WARNING, seconds=round(ours - theirs, 3))
