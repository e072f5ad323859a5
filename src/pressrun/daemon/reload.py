"""Puts a changed configuration in force, whole or not at all, and shows which.

SIGHUP and the verb `reload` do the same. The log, systemd's status line and a gauge show a refused file until a good
one is read; the verb answers with its errors, which is how `systemctl reload` fails.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
import time
from typing import Any

from pressrun.acts.act import Doing
from pressrun.acts.arguments import Arguments
from pressrun.config import changed_needing_restart, examine, keep_until_restart, load_settings
from pressrun.config.settings import Settings
from pressrun.core.errors import BadConfiguration, PressrunError
from pressrun.daemon.running import Running, serving
from pressrun.daemon.wiring.assembly import relay_terms, worker_settings
from pressrun.observe import log as logs
from pressrun.observe.log import event
from pressrun.runtime.clock import utc_now
from pressrun.store.people.audit import Actor

log = logging.getLogger("pressrun.daemon")


class Reload:
    """Rereads the file that the daemon was started with."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._read_at = utc_now()  # when the configuration in force was read
        self._recording: set[asyncio.Task[None]] = set()
        running.services.door.bind({"reload": self._verb, "reload.try": self._try})
        running.watches.page.metrics.set("config_reload_successful", 1)

    def on_signal(self) -> None:
        """SIGHUP; errors go to the log."""
        problem, _ = self._reread()
        task = asyncio.create_task(self._record(problem), name="record reload")
        self._recording.add(task)
        task.add_done_callback(self._recording.discard)

    async def _record(self, problem: str | None) -> None:
        """Record the reload as one by signal: the kernel does not say who sent it."""
        audit_log = self._running.services.cases.audit_log
        entry = audit_log.entry(Actor(who="signal", way="signal"), "reload")
        if problem is None:
            await audit_log.append(entry)
        else:
            await audit_log.give_up(entry, BadConfiguration(problem))

    async def _verb(self, _: Doing, __: Arguments) -> dict[str, list[str]]:
        problem, needs_restart = self._reread()
        if problem is not None:
            raise BadConfiguration(problem)
        return {"needs_restart": needs_restart}

    async def _try(self, _: Doing, __: Arguments) -> dict[str, Any]:
        """What a reload would find, without putting it in force; `unusable` keys are "" for the whole file."""
        running = self._running.current.value
        answer = {"source": str(running.source), "problems": [], "unusable": [], "signatures": {}, "needs_restart": []}
        try:
            settings = load_settings(running.source)
        except BadConfiguration as problem:
            keys = [error.key for error in examine(running.source) if error.key]
            return answer | {"problems": str(problem).splitlines(), "unusable": keys}
        except (PressrunError, OSError) as problem:
            return answer | {"problems": str(problem).splitlines(), "unusable": [""]}
        return answer | {
            "signatures": signature_digests(settings),
            "needs_restart": changed_needing_restart(running, settings),
        }

    def _reread(self) -> tuple[str | None, list[str]]:
        """Why the file was refused, one problem a line, or None; and the keys that need a restart."""
        running = self._running
        running.notifier.reloading()
        try:
            read = load_settings(running.current.value.source)
            needs_restart = changed_needing_restart(running.current.value, read)
            settings = keep_until_restart(running.current.value, read)
            _apply(running, settings)
        except (PressrunError, OSError) as problem:
            lines = str(problem).splitlines()
            for line in lines:
                event(log, "config.refused", level=logging.ERROR, problem=line)
            count = "1 error" if len(lines) == 1 else f"{len(lines)} errors"
            read_at = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(self._read_at))
            running.watches.page.metrics.set("config_reload_successful", 0)
            running.notifier.ready(f"configuration refused: {count}, running with that of {read_at}")
            return str(problem), []
        for key in needs_restart:
            event(log, "config.needs_restart", level=logging.WARNING, key=key)
        event(log, "config.reloaded", path=str(settings.source))
        self._read_at = utc_now()
        running.watches.page.metrics.set("config_reload_successful", 1)
        running.notifier.ready(serving(settings))
        return None, needs_restart


def signature_digests(settings: Settings) -> dict[str, str]:
    """The key in use by the name of its DNS record, to compare what two processes have read."""
    return {
        f"{signature.selector}._domainkey.{signature.domain}": hashlib.sha256(signature.key_pem).hexdigest()
        for signature in settings.dkim
    }


def _apply(running: Running, settings: Settings) -> None:
    dispatcher = running.dispatcher
    running.listeners.reload(settings)
    dispatcher.reload(settings.delivery, relay_terms(settings))
    try:
        running.workers.change(worker_settings(settings))
    except BadConfiguration:
        old = running.current.value
        running.listeners.reload(old)
        dispatcher.reload(old.delivery, relay_terms(old))
        raise
    logs.configure(settings.log, sys.stderr)
    running.current.swap(settings)
    dispatcher.signs_again()
