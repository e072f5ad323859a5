"""Watches the relays: when one has failed for a while, the operator gets an email, at most once a day.

That email is queued like any other: another relay sends it at once, or the same one when it works again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import Any

from pressrun.core.address import parse_address
from pressrun.core.events import EventType
from pressrun.core.masking import without_addresses
from pressrun.core.site import Site
from pressrun.core.timestamps import rfc3339
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop
from pressrun.services.bounces.operator_alerts import ALERT_RATE, ALERTS
from pressrun.services.operating.readiness import RELAYS_FAILING_SECONDS
from pressrun.services.ports import Clock, Entropy, RelayPool, RelayStatus, Waker
from pressrun.store import events, limits, lists, notices
from pressrun.store.database import Database
from pressrun.store.notices import NewNotice
from pressrun.store.subscribers import language_of
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.relay")

POLL_SECONDS = 10.0


class RelayWatch(BackgroundLoop):
    """Checks the relays every few seconds."""

    name = "relay watch"
    unavailable = "housekeeping.database_unavailable"

    def __init__(
        self, *, database: Database, site: Site, relays: RelayPool, clock: Clock, entropy: Entropy, wake: Waker
    ) -> None:
        super().__init__(clock)
        self._database = database
        self._site = site
        self._relays = relays
        self._clock = clock
        self._entropy = entropy
        self._wake = wake
        self._handled: dict[str, float | None] = {}  # by relay, when the failure began that was dealt with last

    async def step(self) -> bool:
        """Wait a moment, then check once."""
        await asyncio.sleep(POLL_SECONDS)
        await self.check()
        return True

    async def check(self) -> None:
        """Alert the operator to each relay that has failed for a minute, unless an alert went out today."""
        now = self._clock()
        for status in self._relays.statuses():
            since = status.failing_since
            if since is None and self._handled.pop(status.name, None) is not None:
                await self._database.record(_note, EventType.RELAY_RECOVERED, status.name)
            if since is None or now - since < RELAYS_FAILING_SECONDS or self._handled.get(status.name) == since:
                continue
            if await self._database.record(_record_failure, status, self._site, self._entropy, int(now)):
                event(log, "relay.operator_alerted", relay=status.name)
                self._wake()
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


def _record_failure(tx: Transaction, status: RelayStatus, site: Site, entropy: Entropy, now: int) -> bool:
    _note(tx, EventType.RELAY_FAILED, status.name)
    return alert_of_relay(tx, status, site, entropy, now)


def alert_of_relay(tx: Transaction, status: RelayStatus, site: Site, entropy: Entropy, now: int) -> bool:
    """Queue an alert to the operator; False without an operator or a list, or when one was queued today."""
    target = next(iter(lists.all_lists(tx)), None)
    if site.operator is None or target is None or status.failing_since is None:
        return False
    subject = hashlib.sha256(f"relay\0{status.name}".encode()).digest()
    if not limits.spend(tx, ALERTS, subject, ALERT_RATE, now):
        return False
    notices.insert_notice(
        tx,
        NewNotice(
            kind="relay_alert",
            address=parse_address(site.operator),
            message_secret=entropy(16),
            list_id=target.id,
            language=language_of(tx, parse_address(site.operator), "en"),
            payload={
                "relay": status.name,
                "since": rfc3339(int(status.failing_since)),
                "error": without_addresses(status.last_error or ""),
            },
        ),
        now,
    )
    return True
