"""A timer of the event loop that goes off at the earliest of the times it was set for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timer:
    """Calls back once, at the earliest time. Then it may be set again."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._handle: asyncio.Handle | None = None
        self.at = 0.0

    @property
    def is_set(self) -> bool:
        """Whether it will go off."""
        return self._handle is not None

    def set(self, at: float, now: float) -> None:
        """Go off at `at`, unless it goes off earlier anyway."""
        if self._handle is not None:
            if self.at <= at:
                return
            self._handle.cancel()
        # uvloop makes a plain Handle of a short delay, which has no when(): the time is kept beside it.
        self._handle, self.at = asyncio.get_running_loop().call_later(at - now, self._go_off), at

    def cancel(self) -> None:
        """Do not go off."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _go_off(self) -> None:
        self._handle = None
        self._call()
