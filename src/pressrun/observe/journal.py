"""Lines for systemd's journal, by the daemon's log and by the verbs of the command line."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TextIO

# From the level of a record to a priority of syslog(3): critical, error, warning, informational, debug.
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a stream leads to the journal: `$JOURNAL_STREAM` names its device and inode, systemd.exec(5)."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def with_priority(text: str, level: int) -> str:
    """The text with the priority of syslog(3) before each of its lines, which the journal takes off, sd-daemon(3)."""
    number = next(priority for least, priority in _PRIORITIES if level >= least)
    return "\n".join(f"<{number}>{line}" for line in text.split("\n"))
