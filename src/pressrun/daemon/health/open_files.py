"""Logs that no file can be opened, since the event loop then closes new connections without a word."""

from __future__ import annotations

import errno
import logging
import os
import resource
import time

from pressrun.observe.log import event

log = logging.getLogger("pressrun.daemon")

QUIET_SECONDS = 60.0  # between two lines of the log that say the same


class OpenFilesWatch:
    """Tries to open a file now and then."""

    def __init__(self) -> None:
        self._logged_at = -QUIET_SECONDS

    def check(self) -> None:
        """Try it, and log at most once a minute that it fails for lack of descriptors."""
        try:
            os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as problem:
            if problem.errno in (errno.EMFILE, errno.ENFILE):
                self._log(problem)

    def _log(self, problem: OSError) -> None:
        now = time.monotonic()
        if now - self._logged_at < QUIET_SECONDS:
            return
        self._logged_at = now
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        event(log, "daemon.no_open_files_left", level=logging.ERROR, problem=problem.strerror, limit=limit)
