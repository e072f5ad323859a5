"""Signals that arrive before a service can obey them. The kernel holds them, instead of ending the process."""

from __future__ import annotations

import signal

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
_HELD = STOPS | {signal.SIGHUP}


def hold() -> None:
    """Hold these signals in this thread and those that it starts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)


def let_through() -> None:
    """Let this thread have them from now on, and at once those that have arrived."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
