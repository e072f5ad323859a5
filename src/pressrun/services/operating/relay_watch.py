"""Watches the relays: one that fails for a while is told to the operator by mail, once a day.

The mail waits in the queue like any other: it goes out by another relay at once, or by the same one once it works.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from pressrun.core.address import parse_address
from pressrun.core.masking import without_addresses
from pressrun.core.site import Site
from pressrun.core.timestamps import rfc3339
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop
from pressrun.services.bounces.operator_alerts import ALERT_RATE, ALERTS
from pressrun.services.operating.readiness import RELAYS_FAILING_SECONDS
from pressrun.services.ports import Clock, Entropy, RelayPool, RelayStatus, Waker
from pressrun.store import limits, lists, notices
from pressrun.store.database import Database
from pressrun.store.notices import NewNotice
from pressrun.store.subscribers import language_of
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.relay")

LOOK_SECONDS = 10.0


class RelayWatch(BackgroundLoop):
    """Looks at the relays every few seconds."""

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
        self._told: dict[str, float | None] = {}  # by relay, the failure that was dealt with

    async def step(self) -> bool:
        """Wait a moment, then look once."""
        await asyncio.sleep(LOOK_SECONDS)
        await self.look()
        return True

    async def look(self) -> None:
        """Tell the operator of each relay that has failed for a minute and was not told of today."""
        now = self._clock()
        for status in self._relays.statuses():
            since = status.failing_since
            if since is None or now - since < RELAYS_FAILING_SECONDS or self._told.get(status.name) == since:
                continue
            if await self._database.record(alert_of_relay, status, self._site, self._entropy, int(now)):
                event(log, "relay.operator_alerted", relay=status.name)
                self._wake()
            self._told[status.name] = since

    async def statuses(self, _: Mapping[str, Any], __: Callable[[str], None]) -> list[dict[str, Any]]:
        """For verbs: every relay by name, since when it fails (RFC 3339, or None), and what it said."""
        return [
            {
                "name": status.name,
                "failing_since": None if status.failing_since is None else rfc3339(int(status.failing_since)),
                "error": None if status.last_error is None else without_addresses(status.last_error),
            }
            for status in self._relays.statuses()
        ]


def alert_of_relay(tx: Transaction, status: RelayStatus, site: Site, entropy: Entropy, now: int) -> bool:
    """Queue a mail to the operator; False when there is nobody to tell, no list to write for, or it was told today."""
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
