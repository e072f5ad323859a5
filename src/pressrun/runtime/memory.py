"""How the C library deals with memory that was freed, and how often the interpreter looks for garbage in what stays."""

from __future__ import annotations

import ctypes
import gc

_M_TRIM_THRESHOLD = -1  # of malloc.h
KEPT_BYTES = 1024 * 1024  # at the end of each heap: what one transaction or a few mails take for a moment
YOUNG_OBJECTS = 5_000  # that are looked through at once


def keep_freed_memory() -> None:
    """Have malloc keep a little of what is freed, where it is glibc's.

    Otherwise each transaction that needs a table for a moment takes its memory from the system and gives it back,
    eight page faults a copy of an edition, which are a tenth of all that a copy costs.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


def leave_alone_what_stays() -> None:
    """Take all objects that are there out of the sight of the garbage collector: called once, when all is open.

    Modules and classes stay for ever. To look through them again holds everybody up for 25 ms each time, which
    readers who leave together notice. New objects are looked through less often than the interpreter would: what many
    requests hold while they wait for the disk is no garbage, and to look through it was a part of what each cost.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
