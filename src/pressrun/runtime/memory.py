"""Settings of the C library's allocator and of the garbage collector for a process that runs for a long time."""

from __future__ import annotations

import ctypes
import gc

_M_TRIM_THRESHOLD = -1  # of malloc.h
KEPT_BYTES = 1024 * 1024  # kept at the end of each heap: as much as a transaction or a few mails need for a moment
YOUNG_OBJECTS = 5_000  # new objects between two collections of the youngest generation


def keep_freed_memory() -> None:
    """Have malloc keep a little of the freed memory, if it is glibc's.

    Otherwise each transaction that needs a table for a moment gets its memory from the system and returns it. That
    costs eight page faults for each copy of an edition, a tenth of all CPU time of a copy.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


def leave_alone_what_stays() -> None:
    """Exclude all present objects from garbage collection: called once, when everything is loaded.

    Modules and classes live as long as the process. Scanning them blocks the event loop for 25 ms each time, which
    many simultaneous requests notice. New objects are scanned less often than by default: those that many requests
    hold while they wait for the disk are not garbage, and scanning them was part of the cost of each request. A process
    may disable collection until then, so that it loads faster.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    gc.enable()
