"""Signals to a daemon that is still starting, as during a long upgrade of the schema.

By default they would kill it. A service manager takes that for a clean stop, and would not restart it after a SIGHUP.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from pressrun.runtime.held_signals import STOPS, hold, let_through

_LOOK_SECONDS = 0.1


@contextmanager
def early_signals(*, ends_at_once: bool) -> Iterator[EarlySignals]:
    """Handle signals until the daemon does.

    Unless `ends_at_once`, SIGTERM and SIGINT wait until the data are open: the demo has little to open, and must remove
    it afterwards.
    """
    early = EarlySignals(ends_at_once=ends_at_once)
    try:
        yield early
    finally:
        early.close()


class EarlySignals:
    """Until the data are open, SIGTERM and SIGINT end the process at once, with exit code 0.

    A thread waits for them, since the main one may be busy with one statement for minutes. SIGHUP is kept.
    """

    def __init__(self, *, ends_at_once: bool) -> None:
        self._is_reload_wanted = False
        self._obey: Callable[[], object] = lambda: os._exit(0)
        self._is_over = False
        signal.signal(signal.SIGHUP, self._keep)
        hold()
        if ends_at_once:
            threading.Thread(target=self._wait, name="early signals", daemon=True).start()

    def _keep(self, _: int, __: FrameType | None) -> None:
        self._is_reload_wanted = True

    def _wait(self) -> None:
        while not self._is_over:
            if signal.sigtimedwait(STOPS, _LOOK_SECONDS) is not None:
                self._obey()

    def stop_by(self, stop: Callable[[], None]) -> None:
        """From now on, make SIGTERM and SIGINT call this in the event loop."""
        loop = asyncio.get_running_loop()
        self._obey = lambda: loop.call_soon_threadsafe(stop)
        for number in STOPS:
            loop.add_signal_handler(number, stop)
        self.close()

    def reload_by(self, reread: Callable[[], None]) -> None:
        """From now on, make SIGHUP call this. If one has already arrived, call it now."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reread)
        if self._is_reload_wanted:
            reread()

    def close(self) -> None:
        """Stop handling signals."""
        self._is_over = True
        let_through()
