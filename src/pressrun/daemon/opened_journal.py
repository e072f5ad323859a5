"""Opens the journal of relay replies for the daemon, once the workers of a killed daemon have released it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from pressrun.config.settings import Settings
from pressrun.delivery.worker.process import FINISH_SECONDS
from pressrun.delivery.worker.workers import count_workers
from pressrun.observe.log import event
from pressrun.store.queue.journal import Journal

log = logging.getLogger("pressrun.daemon")

OUTLIVED_SECONDS = FINISH_SECONDS + 2.0  # workers whose daemon was killed end before that


@asynccontextmanager
async def opened_journal(settings: Settings) -> AsyncIterator[Journal | None]:
    """The journal of relay replies, locked; None if it cannot be opened: then a kill repeats more copies."""
    try:
        journal = Journal.open(settings.data.journal, count_workers(settings.delivery.workers))
    except OSError as problem:
        event(log, "worker.not_journaled", level=logging.WARNING, problem=problem.strerror)
        yield None
        return
    with closing(journal):
        await _seize(journal)
        yield journal


async def _seize(journal: Journal) -> None:
    """Lock the journal, once the workers of a killed daemon have written their last replies to it."""
    until = time.monotonic() + OUTLIVED_SECONDS
    while not journal.lock():
        if time.monotonic() >= until:
            event(log, "worker.outlived_daemon", level=logging.WARNING, seconds=OUTLIVED_SECONDS)
            return
        await asyncio.sleep(OUTLIVED_SECONDS / 1000)
