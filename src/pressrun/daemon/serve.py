"""The daemon: opens everything in order, runs it side by side, reloads it whole or not at all, and drains it.

Every start is a recovery, so there is no clean-shutdown flag: a killed daemon and a stopped one start alike. Background
loops survive whatever goes wrong in a step (services.background). Only the end of the dispatcher ends the process: it
finishes and records the messages in flight, and systemd restarts it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun import __version__
from pressrun.config.settings import Settings
from pressrun.core.current import Holder
from pressrun.core.errors import PressrunError
from pressrun.daemon.descriptors import raise_limit, shortage
from pressrun.daemon.early_signals import EarlySignals, early_signals
from pressrun.daemon.offline import opened
from pressrun.daemon.reload import Reload, serving
from pressrun.daemon.running import Machine, Running, build_running, build_sending
from pressrun.daemon.service_stop import ServiceStop
from pressrun.daemon.session_keeper import SessionWatcher, describe_process
from pressrun.daemon.start_checks import log_differences
from pressrun.daemon.wiring.own_works import move_works
from pressrun.daemon.wiring.web_app import DeferredApps
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.worker.process import FINISH_SECONDS
from pressrun.delivery.worker.workers import count_workers
from pressrun.observe import log as logs
from pressrun.observe.log import event
from pressrun.runtime.clock import utc_now
from pressrun.runtime.event_loop import run_loop
from pressrun.runtime.identity import claimed_user, process_user
from pressrun.runtime.memory import leave_alone_what_stays
from pressrun.services.upkeep.move_source import MoveSource
from pressrun.store.database import Gate
from pressrun.store.people.audit import Actor
from pressrun.store.queue.journal import Journal

if TYPE_CHECKING:
    from pressrun.web.editors.demo import DemoMailbox

log = logging.getLogger("pressrun.daemon")

OUTLIVED_SECONDS = FINISH_SECONDS + 2.0  # workers whose daemon was killed end before that


Tour = Callable[[Running, asyncio.Event], Coroutine[None, None, None]]


class Extras(Struct, frozen=True, kw_only=True):
    """What the demo adds to a daemon: a mailbox page, its own sockets, and a tour once everything is open.

    When the tour sets its event, the daemon stops as on SIGTERM.
    """

    mailbox: DemoMailbox | None = None
    sockets: Mapping[str, socket.socket] = field(default_factory=dict)
    tour: Tour | None = None


NO_EXTRAS = Extras()


def run(settings: Settings, extras: Extras = NO_EXTRAS) -> None:
    """Serve on the daemon's event loop until a signal ends it; raises what `serve` raises."""
    run_loop(serve(settings, extras))


async def serve(settings: Settings, extras: Extras = NO_EXTRAS) -> None:
    """Serve until SIGTERM or SIGINT; raises TryAgain while another process holds the data, or if one takes it."""
    with early_signals() as early:
        await _serve(settings, extras, early)


async def _serve(settings: Settings, extras: Extras, early: EarlySignals) -> None:
    _prepare_process(settings)
    machine = Machine.read(extras.sockets)
    stopping = asyncio.Event()
    async with opened(settings) as opened_data, _opened_journal(settings) as journal:
        early.stop_by(stopping.set)
        gate = Gate()
        stop = ServiceStop(opened_data.session, opened_data.database, gate, settings.data)
        data = replace(opened_data, database=opened_data.database.behind(gate))
        session = data.session
        await log_differences(data.database, session.session, describe_process(settings, data.keys))
        current = Holder(settings)
        sending = await build_sending(current, data, stop, journal)
        running = build_running(current, data, stop, sending, machine, extras.mailbox)
        running.services.door.bind(move_works(MoveSource(opened_data.database, session.session, stop)))
        stop.connect(running.dispatcher, settings.delivery.drain_seconds, stopping.set)
        session.connect(_watcher(running, stopping))
        reload = Reload(running)
        await running.listeners.open()
        _log_start(settings, running)
        await _audit(running, "serve.start")
        await _run(running, stopping, lambda: early.reload_by(reload.on_signal), extras.tour)
        session.require_kept()
        stop.require_here()
        await _audit(running, "serve.stop")
    machine.notifier.close()
    event(log, "daemon.stopped")


async def _audit(running: Running, action: str) -> None:
    """Record in the audit log an action of the user who started this process."""
    user, audit_log = process_user(), running.services.cases.audit_log
    actor = Actor(who=user.name, uid=user.uid, claimed=claimed_user(os.environ), way="start")
    await audit_log.append(audit_log.entry(actor, action))


def _prepare_process(settings: Settings) -> None:
    """The log, the limit of open files, and what wants to be said before anything is opened."""
    logs.configure(settings.log, sys.stderr)
    logs.log_crashes()
    raise_limit()
    for warning in [*settings.warnings, *filter(None, [shortage(settings)])]:
        event(log, "config.warning", level=logging.WARNING, warning=warning)
    utc_now.on_step(_log_step)


def _watcher(running: Running, stopping: asyncio.Event) -> SessionWatcher:
    """Who follows the lease of the session: the workers stop by themselves, and the dispatcher with them."""
    return SessionWatcher(
        on_renewed=running.workers.renew,
        on_suspended=running.dispatcher.suspend,
        on_resumed=running.dispatcher.wake,
        on_taken=stopping.set,
    )


def _log_start(settings: Settings, running: Running) -> None:
    web, mail = running.listeners.web.addresses, sorted(running.listeners.mail_addresses.values())
    data_dir, http, admin = str(settings.data_dir), web["http"], web.get("admin")
    event(log, "daemon.started", version=__version__, data_dir=data_dir, http=http, admin=admin, mail=mail)


@asynccontextmanager
async def _opened_journal(settings: Settings) -> AsyncIterator[Journal | None]:
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


async def _run(running: Running, stopping: asyncio.Event, when_ready: Callable[[], None], tour: Tour | None) -> None:
    """Run everything until a signal arrives; raises PressrunError when the dispatcher ends before that."""
    running.dispatcher.connect(running.workers)
    # Not in the group: if this task failed there, the group would cancel the others in the middle of their work.
    dispatcher = asyncio.create_task(running.dispatcher.run(), name=running.dispatcher.name)
    signalled = asyncio.create_task(stopping.wait(), name="signals")
    try:
        async with asyncio.TaskGroup() as tasks:
            lasting = [tasks.create_task(loop.run(), name=loop.name) for loop in running.loops_ended_last()]
            beside = [tasks.create_task(loop.run(), name=loop.name) for loop in running.loops_ended_first()]
            welcomes = running.services.cases.lists.renew_welcomes()
            beside.append(tasks.create_task(welcomes, name="welcomes"))
            if tour is not None:
                beside.append(tasks.create_task(tour(running, stopping), name="tour"))
            beside.append(tasks.create_task(_finish_start(running.apps), name="start"))
            running.notifier.ready(serving(running.current.value))
            when_ready()
            await asyncio.wait([dispatcher, signalled], return_when=asyncio.FIRST_COMPLETED)
            has_ended = not stopping.is_set()
            running.notifier.stopping("finishing what is in flight")
            event(log, "daemon.stopping")
            for task in beside:
                task.cancel()
            await _stop(running)
            await _end_of(dispatcher, running.dispatcher, has_ended=has_ended)
            for task in lasting:
                task.cancel()
    except* PressrunError as group:
        # A TaskGroup wraps what its tasks raise; the command line wants the error itself.
        raise group.exceptions[0] from None
    finally:
        dispatcher.cancel()
        signalled.cancel()


async def _end_of(task: asyncio.Task[None], dispatcher: Dispatcher, *, has_ended: bool) -> None:
    """Wait until the dispatcher has recorded everything; raises PressrunError when it ended unexpectedly."""
    await asyncio.wait([task])
    problem = None if task.cancelled() else task.exception()
    if not has_ended and not task.cancelled() and problem is None:
        return
    log.error("daemon.dispatcher_ended", exc_info=problem)
    await dispatcher.record_rest()
    raise PressrunError("the dispatcher stopped unexpectedly. Messages in flight are recorded. Restart the service")


async def _finish_start(apps: DeferredApps) -> None:
    """Do what may wait until the daemon serves, so that no first visitor waits for it."""
    await apps.load()
    leave_alone_what_stays()


async def _stop(running: Running) -> None:
    drain_seconds = running.current.value.delivery.drain_seconds
    running.notifier.extend_timeout(drain_seconds + 5)
    ends = await asyncio.gather(
        running.listeners.close(drain_seconds), running.dispatcher.drain(drain_seconds), return_exceptions=True
    )
    await running.services.maker.close()
    for problem in ends:
        if isinstance(problem, BaseException):  # such as a socket that cannot be removed
            log.error("daemon.not_closed", exc_info=problem)


def _log_step(seconds: float) -> None:
    event(log, "daemon.clock_stepped", level=logging.WARNING, seconds=round(seconds, 3))
