"""The time that systemd allows a start that upgrades the schema: for as long as the upgrade goes on, and no longer.

An upgrade of a large database takes longer than `TimeoutStartSec`, and begins anew if systemd ends it. systemd only
ever puts a time-out off (EXTEND_TIMEOUT_USEC in sd_notify(3)). A long one could not be taken back once the upgrade is
over, and a start that hangs afterwards would be left alone for as long. So it is put off by minutes, again and again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pressrun.runtime.systemd import Notifier

LONGEST_SECONDS = 6 * 3600.0  # enough to upgrade a large database on a slow disk; an upgrade that hangs ends, too
STEP_SECONDS = 120.0
_REPEAT_SECONDS = STEP_SECONDS / 4


@contextmanager
def start_extended(
    notifier: Notifier, *, longest: float = LONGEST_SECONDS, repeat: float = _REPEAT_SECONDS
) -> Iterator[None]:
    """Have systemd wait for the end of the block, from a thread, because the upgrade holds this one."""
    is_over = threading.Event()
    until = time.monotonic() + longest

    def extend() -> None:
        while time.monotonic() < until and not is_over.wait(repeat):
            notifier.extend_timeout(STEP_SECONDS)

    notifier.extend_timeout(STEP_SECONDS, "upgrading the database")
    thread = threading.Thread(target=extend, name="upgrade time", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
