"""Watches the relays: when one has failed for a while, the operator gets an email, at most once a day.

That email is queued like any other: another relay sends it at once, or the same one when it works again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from pressrun.core.lifecycles.events import EventType
from pressrun.core.text.masking import without_addresses
from pressrun.core.timestamps import rfc3339
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop, until_next
from pressrun.services.bounces.operator_alerts import alert_of_relay
from pressrun.services.context import ServiceContext
from pressrun.services.ports import RelayPool
from pressrun.services.upkeep.readiness import RELAYS_FAILING_SECONDS
from pressrun.store.programs import events
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.relay")

POLL_SECONDS = 10.0


class RelayWatch(BackgroundLoop):
    """Checks the relays every few seconds."""

    name = "relay watch"
    unavailable = "housekeeping.database_unavailable"

    def __init__(self, context: ServiceContext, relays: RelayPool) -> None:
        super().__init__(context.clock)
        self._context = context
        self._relays = relays
        self._handled: dict[str, float | None] = {}  # by relay, when the failure began that was dealt with last

    async def step(self) -> bool:
        """Wait a moment, then check once."""
        await asyncio.sleep(until_next(POLL_SECONDS))
        await self.check()
        return True

    async def check(self) -> None:
        """Alert the operator to each relay that has failed for a minute, unless an alert went out today."""
        context, now = self._context, self._context.clock()
        for status in self._relays.statuses():
            since = status.failing_since
            if since is None and self._handled.pop(status.name, None) is not None:
                await context.database.record(_note, EventType.RELAY_RECOVERED, status.name)
            if since is None or now - since < RELAYS_FAILING_SECONDS or self._handled.get(status.name) == since:
                continue
            if await context.database.record(_record_failure, status.name, since, status.last_error or "", context):
                event(log, "relay.operator_alerted", relay=status.name)
                context.wake()
            self._handled[status.name] = since

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


def _record_failure(tx: Transaction, relay: str, since: float, error: str, context: ServiceContext) -> bool:
    _note(tx, EventType.RELAY_FAILED, relay)
    return alert_of_relay(tx, relay, since, error, site=context.site, entropy=context.entropy, now=context.now)
