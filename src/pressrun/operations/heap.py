"""How the C library deals with memory that was freed."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD = -1  # of malloc.h
KEPT_BYTES = 1024 * 1024  # at the end of each heap: what one transaction or a few mails take for a moment


def keep_freed_memory() -> None:
    """Have malloc keep a little of what is freed, where it is glibc's.

    Otherwise each transaction that needs a table for a moment takes its memory from the system and gives it back,
    eight page faults a copy of an edition, which are a tenth of all that a copy costs.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
