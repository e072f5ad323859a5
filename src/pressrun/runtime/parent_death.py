"""Lets a process learn within a millisecond that its parent has ended."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # of prctl.h


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
