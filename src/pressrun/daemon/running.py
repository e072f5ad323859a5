"""The event loop of the daemon: uvloop where it is installed, the standard one otherwise."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from pressrun.config.settings import Settings
from pressrun.daemon.serving import NO_EXTRAS, Extras, serve
from pressrun.observe import log as logs


def run(settings: Settings, extras: Extras = NO_EXTRAS) -> None:
    """Serve until a signal ends it; raises what `serve` raises."""
    logs.configure(settings.log, sys.stderr)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(settings, extras))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - the extra [fast] need not be installed
    except ImportError:
        return None
    return uvloop.new_event_loop
