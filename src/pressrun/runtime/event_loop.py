"""The event loop: uvloop where it is installed, the standard one otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from pressrun.runtime.memory import keep_freed_memory


def run_loop(work: Coroutine[None, None, None]) -> None:
    """Carry out `work` on the fastest event loop there is."""
    keep_freed_memory()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - the extra [fast] need not be installed
    except ImportError:
        return None
    return uvloop.new_event_loop
