"""The daemon on its event loop."""

from __future__ import annotations

from pressrun.config.settings import Settings
from pressrun.daemon.serving import NO_EXTRAS, Extras, serve
from pressrun.runtime.event_loop import run_loop


def run(settings: Settings, extras: Extras = NO_EXTRAS) -> None:
    """Serve until a signal ends it; raises what `serve` raises."""
    run_loop(serve(settings, extras))
