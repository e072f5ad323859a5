"""Watches the relays: when one has failed for a while, the operator gets an email, then one a day as long as it fails.

These emails are queued like any other: another relay sends them at once, or the same one when it works again. While no
relay works, one is enough: more would only arrive together with it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from msgspec import Struct

from pressrun.core.lifecycles.events import EventType
from pressrun.core.text.masking import without_addresses
from pressrun.core.timestamps import rfc3339
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop, until_next
from pressrun.services.bounces.operator_alerts import alert_of_relay
from pressrun.services.context import ServiceContext
from pressrun.services.ports import RelayPool, RelayStatus
from pressrun.services.upkeep.readiness import RELAYS_FAILING_SECONDS
from pressrun.store.programs import events
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.relay")

POLL_SECONDS = 10.0
AGAIN_SECONDS = 3600.0  # how often to check whether a day has passed since the last email


class _Handled(Struct, frozen=True):
    """A failure that was handled: when it began, and when it was last checked whether an email is due."""

    since: float
    at: float


class RelayWatch(BackgroundLoop):
    """Checks the relays every few seconds."""

    name = "relay watch"
    unavailable = "housekeeping.database_unavailable"

    def __init__(self, context: ServiceContext, relays: RelayPool) -> None:
        super().__init__(context.clock)
        self._context = context
        self._relays = relays
        self._handled: dict[str, _Handled] = {}  # the last failure of each relay

    async def step(self) -> bool:
        """Wait a moment, then check once."""
        await asyncio.sleep(until_next(POLL_SECONDS))
        await self.check()
        return True

    async def check(self) -> None:
        """Alert the operator to each relay that has failed for a minute, unless an alert went out today."""
        statuses = self._relays.statuses()
        may_go = any(status.failing_since is None for status in statuses)
        for status in statuses:
            if status.failing_since is not None:
                await self._handle(status, status.failing_since, may_go=may_go)
            elif status.name in self._handled:
                await self._context.database.record(_note, EventType.RELAY_RECOVERED, status.name)
                del self._handled[status.name]

    async def _handle(self, status: RelayStatus, since: float, *, may_go: bool) -> None:
        context, now = self._context, self._context.clock()
        handled = self._handled.get(status.name)
        if now - since < RELAYS_FAILING_SECONDS:
            return
        if handled is None or handled.since != since:
            work = _record_failure
        elif may_go and not 0 <= now - handled.at < AGAIN_SECONDS:
            work = alert_of_relay
        else:
            return
        if await context.database.record(work, status.name, since, status.last_error or "", context):
            event(log, "relay.operator_alerted", relay=status.name)
            context.wake()
        self._handled[status.name] = _Handled(since, now)

    async def statuses(self, _: object, __: object) -> list[dict[str, Any]]:
        """For verbs: every relay by name, since when it has failed (RFC 3339, or None), and its last error."""
        return [
            {
                "name": status.name,
                "failing_since": None if status.failing_since is None else rfc3339(int(status.failing_since)),
                "error": None if status.last_error is None else without_addresses(status.last_error),
            }
            for status in self._relays.statuses()
        ]


def _note(tx: Transaction, type_: EventType, relay: str) -> None:
    events.record_event(tx, type_, name=f"relay {relay}")


def _record_failure(tx: Transaction, name: str, failing_since: float, error: str, context: ServiceContext) -> bool:
    _note(tx, EventType.RELAY_FAILED, name)
    return alert_of_relay(tx, name, failing_since, error, context)
