"""How a process of ours depends on its parent: it leaves signals to the parent, and ends with it."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # of prctl.h
_IGNORED = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU)


def leave_signals_to_parent() -> None:
    """Ignore the signals by which a terminal, a shell or systemd ends several processes: the parent ends this one.

    It gets its own process group, so that a kill of the daemon's group leaves it time to finish, but stays in the
    daemon's session (runtime.child_process says why).
    """
    os.setpgid(0, 0)
    for number in _IGNORED:
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
