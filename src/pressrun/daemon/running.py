"""The parts of a running daemon, which of them run at the same time, and in which order they end.

Background loops survive whatever goes wrong in a step (services.background). Only the end of the dispatcher ends the
process: it finishes and records the messages in flight, and systemd restarts it.

At the end, the loops for incoming requests and mail stop first. Listeners close while the dispatcher drains: it
finishes or gives back what is in flight. The workers and the watchdog run until it has recorded all of that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

from msgspec import Struct

from pressrun.config.settings import Settings
from pressrun.core.current import Holder
from pressrun.core.errors import PressrunError
from pressrun.daemon.watches import Watches
from pressrun.daemon.wiring.listeners import DaemonListeners
from pressrun.daemon.wiring.services import Services
from pressrun.daemon.wiring.web_app import DeferredApps
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.worker.workers import Workers
from pressrun.observe.log import event
from pressrun.runtime import systemd
from pressrun.runtime.memory import leave_alone_what_stays
from pressrun.services.background import BackgroundLoop

log = logging.getLogger("pressrun.daemon")

Tour = Callable[["Running", asyncio.Event], Coroutine[None, None, None]]
"""What the demo does once everything is open. Setting the event stops the daemon, as SIGTERM does."""


class Running(Struct, frozen=True, kw_only=True):
    """The parts of a running daemon; `current` is the one place that a reload changes."""

    current: Holder[Settings]
    services: Services
    dispatcher: Dispatcher
    workers: Workers
    notifier: systemd.Notifier
    apps: DeferredApps
    listeners: DaemonListeners
    watches: Watches

    def loops(self) -> list[BackgroundLoop]:
        return [self.dispatcher, *self.loops_ended_last(), *self.loops_ended_first()]

    def loops_ended_first(self) -> list[BackgroundLoop]:
        """The loops for what comes in, and for what is due by the clock."""
        services = self.services
        return [*services.by_the_clock, *self.watches.loops, *services.asked, *self.listeners.loops]

    def loops_ended_last(self) -> list[BackgroundLoop]:
        """The loops that are needed, beside the dispatcher, until all that is in flight is recorded."""
        return [self.watches.watchdog, *self.workers.loops]


async def run_until(
    stopping: asyncio.Event, running: Running, when_ready: Callable[[], None], tour: Tour | None
) -> None:
    """Run everything until the event; raises PressrunError when the dispatcher ends before that."""
    # Not in the group: if this task failed there, the group would cancel the others in the middle of their work.
    dispatcher = asyncio.create_task(running.dispatcher.run(), name=running.dispatcher.name)
    stopped = asyncio.create_task(stopping.wait(), name="signals")
    try:
        async with asyncio.TaskGroup() as tasks:
            ended_last = [tasks.create_task(loop.run(), name=loop.name) for loop in running.loops_ended_last()]
            ended_first = [tasks.create_task(loop.run(), name=loop.name) for loop in running.loops_ended_first()]
            ended_first.append(tasks.create_task(_finish_start(running), name="start"))
            if tour is not None:
                ended_first.append(tasks.create_task(tour(running, stopping), name="tour"))
            running.notifier.ready(serving(running.current.value))
            when_ready()
            await asyncio.wait([dispatcher, stopped], return_when=asyncio.FIRST_COMPLETED)
            has_ended = not stopping.is_set()
            running.notifier.stopping("finishing what is in flight")
            event(log, "daemon.stopping")
            for task in ended_first:
                task.cancel()
            await _close_and_drain(running)
            await _end_of(dispatcher, running.dispatcher, has_ended=has_ended)
            for task in ended_last:
                task.cancel()
    except* PressrunError as group:
        # A TaskGroup wraps what its tasks raise; the command line wants the error itself.
        raise group.exceptions[0] from None
    finally:
        dispatcher.cancel()
        stopped.cancel()


async def _end_of(task: asyncio.Task[None], dispatcher: Dispatcher, *, has_ended: bool) -> None:
    """Wait until the dispatcher has recorded everything; raises PressrunError when it ended unexpectedly."""
    await asyncio.wait([task])
    problem = None if task.cancelled() else task.exception()
    if not has_ended and not task.cancelled() and problem is None:
        return
    event(log, "daemon.dispatcher_ended", level=logging.ERROR, exc_info=problem)
    await dispatcher.record_rest()
    raise PressrunError("the dispatcher stopped unexpectedly. Messages in flight are recorded. Restart the service")


def serving(settings: Settings) -> str:
    """The status line of a daemon whose configuration is that of its file."""
    return f"serving {settings.site.base_url}"


async def _finish_start(running: Running) -> None:
    """Do what can wait until the daemon serves, beginning with the web applications, because visitors wait for them."""
    await running.apps.load()
    leave_alone_what_stays()
    await running.services.cases.lists.renew_welcomes()


async def _close_and_drain(running: Running) -> None:
    """Stop accepting requests and mail, and finish or give back what is in flight."""
    drain_seconds = running.current.value.delivery.drain_seconds
    running.notifier.extend_timeout(drain_seconds + 5)
    ends = await asyncio.gather(
        running.listeners.close(drain_seconds), running.dispatcher.drain(drain_seconds), return_exceptions=True
    )
    await running.services.maker.close()
    for problem in ends:
        if isinstance(problem, BaseException):  # such as a socket that cannot be removed
            event(log, "daemon.not_closed", level=logging.ERROR, exc_info=problem)
