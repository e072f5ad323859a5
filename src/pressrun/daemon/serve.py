"""The daemon, from its start to its end.

1. Signals are handled before anything is opened, since an upgrade of the schema may take minutes.
2. The data are locked and opened, and a session begins; then the journal is opened.
3. What a dead process had in flight is recovered, and everything is wired (daemon.building).
4. Listeners open, loops run, and systemd is notified that we are ready (daemon.running).
5. A signal, another process that takes over the data, or the end of the dispatcher undoes this in reverse order.

Every start is a recovery, so there is no clean-shutdown flag: a killed daemon and a stopped one start alike.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from pressrun import __version__
from pressrun.config import differing_settings
from pressrun.config.settings import Settings
from pressrun.core.current import Holder
from pressrun.core.errors import NotPermitted
from pressrun.daemon.building import build_running
from pressrun.daemon.descriptors import raise_limit, shortage
from pressrun.daemon.early_signals import EarlySignals, early_signals
from pressrun.daemon.offline import opened
from pressrun.daemon.reload import Reload
from pressrun.daemon.running import Running, Tour, run_until
from pressrun.daemon.service_stop import ServiceStop
from pressrun.daemon.session_keeper import SessionWatcher, describe_process
from pressrun.daemon.upgrade_time import start_extended
from pressrun.delivery.worker.process import FINISH_SECONDS
from pressrun.delivery.worker.workers import count_workers
from pressrun.observe import log as logs
from pressrun.observe.log import event
from pressrun.runtime.clock import utc_now
from pressrun.runtime.identity import claimed_user, process_user
from pressrun.runtime.systemd import ServiceManager
from pressrun.store.database import Database
from pressrun.store.disk_faults import SEE_CHECK
from pressrun.store.people.audit import Actor
from pressrun.store.queue.journal import Journal
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import keep_heads
from pressrun.store.upkeep.sessions import Process

if TYPE_CHECKING:
    from pressrun.web.editors.demo import DemoMailbox

log = logging.getLogger("pressrun.daemon")

OUTLIVED_SECONDS = FINISH_SECONDS + 2.0  # workers whose daemon was killed end before that
CLOCK_SECONDS = 2.0  # clocks that are kept right differ by less


class Extras(Struct, frozen=True, kw_only=True):
    """What the demo adds to a daemon: a mailbox page, its own sockets, and a tour once everything is open."""

    mailbox: DemoMailbox | None = None
    sockets: Mapping[str, socket.socket] = field(default_factory=dict)
    tour: Tour | None = None


NO_EXTRAS = Extras()


async def serve(settings: Settings, extras: Extras = NO_EXTRAS) -> None:
    """Serve until SIGTERM or SIGINT; raises TryAgain while another process holds the data, or if one takes it."""
    with early_signals(ends_at_once=extras.tour is None) as early:
        await _serve(settings, extras, early)


async def _serve(settings: Settings, extras: Extras, early: EarlySignals) -> None:
    _prepare_process(settings)
    manager = ServiceManager.read(os.environ, extras.sockets)
    stopping = asyncio.Event()
    during_upgrade = partial(start_extended, manager.notifier)
    opening = opened_journal(settings.data.journal, count_workers(settings.delivery.workers))
    async with opened(settings, during_upgrade=during_upgrade) as data, opening as journal:
        early.stop_by(stopping.set)
        stop = ServiceStop(data.session, data.database, settings.data)
        await log_differences(stop.database, data.session.session, describe_process(settings, data.keys))
        running = await build_running(Holder(settings), data, stop, journal, manager, extras.mailbox)
        stop.connect(running.dispatcher, settings.delivery.drain_seconds, stopping.set)
        data.session.connect(_watcher(settings.data, running, stopping))
        reload = Reload(running)
        await running.listeners.open()
        _log_start(settings, running)
        await _audit(running, "serve.start")
        await run_until(stopping, running, lambda: early.reload_by(reload.on_signal), extras.tour)
        data.session.require_kept()
        stop.require_here()
        await _audit(running, "serve.stop")
    manager.notifier.close()
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


def _watcher(data: DataDir, running: Running, stopping: asyncio.Event) -> SessionWatcher:
    """The watcher of the session's lease: the workers stop by themselves, and so does the dispatcher.

    The heads that the database has lost are kept, or the next start would compare with those of up to a minute before.
    """
    return SessionWatcher(
        on_renewed=running.workers.renew,
        on_suspended=running.dispatcher.suspend,
        on_resumed=running.dispatcher.wake,
        on_set_back=partial(keep_heads, data),
        on_ended=stopping.set,
    )


def _log_start(settings: Settings, running: Running) -> None:
    web, mail = running.listeners.web.addresses, sorted(running.listeners.mail_addresses.values())
    data_dir, http, admin = str(settings.data_dir), web["http"], web.get("admin")
    event(log, "daemon.started", version=__version__, data_dir=data_dir, http=http, admin=admin, mail=mail)


def _log_step(seconds: float) -> None:
    event(log, "daemon.clock_stepped", level=logging.WARNING, seconds=round(seconds, 3))


@asynccontextmanager
async def opened_journal(path: Path, workers: int) -> AsyncIterator[Journal | None]:
    """The journal of relay replies, locked; None if it cannot be opened: then a kill repeats more copies.

    Raises NotPermitted if this process has no right to open it: the copies that it lists would be sent again.
    """
    try:
        journal = Journal.open(path, workers)
    except PermissionError:
        raise NotPermitted(f"{path} cannot be opened by the owner of the data. {SEE_CHECK}") from None
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


async def log_differences(database: Database, session: int, process: Process) -> None:
    """Log how the settings differ from those of the session before, if that was on another machine.

    And by how much the clock differs from that of the database, which is another one if that is on a server. This
    keeps no daemon from starting. Only keys are named, never values.
    """
    before = await database.read(sessions.find_before, session)
    if before is not None and before.host != process.host:
        keys = differing_settings(process.config, before.config)
        if keys:
            event(log, "config.differs", level=logging.WARNING, keys=keys, host=before.host)
    asked_at = utc_now()
    theirs = await database.read(sessions.read_clock)
    ours = (asked_at + utc_now()) / 2
    if abs(ours - theirs) >= CLOCK_SECONDS:
        event(log, "daemon.clock_differs", level=logging.WARNING, seconds=round(ours - theirs, 3))
