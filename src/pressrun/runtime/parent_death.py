"""How a process of ours depends on the daemon: it leaves signals to it, and learns within a millisecond of its end."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # of prctl.h


def leave_signals_to_parent() -> None:
    """Ignore what a terminal, a shell or systemd may send to all of our processes: the parent ends this one itself."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends; `parent` is that thread's process."""
    hear_of_end(parent, signal.SIGKILL)


def hear_of_end(parent: int, number: signal.Signals) -> None:
    """Have the kernel send this signal when the thread that started this process ends.

    If it has ended already, this process ends at once. Waiting for a socket of the parent to close would take longer
    than many a mail, since the kernel closes it only after it has freed all memory of a killed process.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it had ended before the call
        os._exit(0)
