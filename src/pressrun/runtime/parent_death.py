"""A process that learns at once, within a millisecond, that the one that started it is gone."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # of prctl.h


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process as soon as the thread that started it is gone; `parent` is its process."""
    hear_of_end(parent, signal.SIGKILL)


def hear_of_end(parent: int, number: signal.Signals) -> None:
    """Have the kernel send this signal as soon as the thread that started this process is gone.

    Where it is gone already, this process ends at once. A socket of a killed process closes only once all of its memory
    is given back, which takes longer than many a mail.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it was gone before
        os._exit(0)
