"""How much accepted mail may wait, and how long kept mail stays, so that nobody can fill the disk.

Each queue has `waiting_mail_size` of its own, so that a flood of strangers' mail keeps out neither a bounce nor an
unsubscribe. A forwarded mail that no relay has accepted is waiting, too, and counts as a stranger's.

Stored mail is measured, and mail accepted since is added, so the total is never underestimated. When it seems too much
it is measured again, after mail that may be dropped has been dropped. Between two measurements no more comes in than
may wait at most.

Kept mail is for a person to look at. A mail that a relay accepted on its way to an owner is kept for a while, too, so
that nothing is lost when it comes back. Both count against `kept_mail_size`. Forwarded mail is dropped first, because
somebody has it. What no relay has accepted is never dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.limit_settings import LimitSettings
from pressrun.store.database import Database
from pressrun.store.queue import inbound
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.inbound")

MEASURE_AGAIN_SECONDS = 2.0  # a queue may hold some hundred thousand small mails, which take time to count


class MailQuota:
    """How much accepted mail waits in each queue, in octets; each recipient's copy counts."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._held: dict[MailQueue, int] | None = None
        self._coming = dict.fromkeys(MailQueue, 0)  # being stored
        self._stored = dict.fromkeys(MailQueue, 0)  # since the latest measurement began
        self._measured_at = 0.0
        self._measuring = asyncio.Lock()

    async def list_full(self, copies: Mapping[MailQueue, int], size: int) -> frozenset[MailQueue]:
        """The queues without room for this many copies of a mail of this size. Raises Unavailable."""
        full = self._list_full(copies, size)
        if full:
            async with self._measuring:  # once for all mails that arrive together
                if self._held is None or abs(self._context.clock() - self._measured_at) >= MEASURE_AGAIN_SECONDS:
                    await self._measure()
            full = self._list_full(copies, size)
        return full

    @contextmanager
    def reserve(self, copies: Mapping[MailQueue, int], size: int) -> Iterator[None]:
        """Count a mail while it is being stored, and from then on as stored, until the next measurement shows."""
        for queue, number in copies.items():
            self._coming[queue] += number * size
        try:
            yield
        finally:
            for queue, number in copies.items():
                self._coming[queue] -= number * size
                self._stored[queue] += number * size

    def _list_full(self, copies: Mapping[MailQueue, int], size: int) -> frozenset[MailQueue]:
        if self._held is None:
            return frozenset(copies)
        limit = self._context.limits.waiting_mail_bytes
        full = set()
        for queue, number in copies.items():
            held = self._held[queue] + self._stored[queue] + self._coming[queue]
            # A mail larger than the limit is accepted while nothing else waits, or it never could be.
            if held + number * size > limit and not (held == 0 and number == 1):
                full.add(queue)
        return frozenset(full)

    async def _measure(self) -> None:
        now = self._context.clock()
        self._measured_at = now
        await drop_kept_mail(self._context.database, self._context.limits, int(now))
        before = self._stored.copy()
        self._held = dict.fromkeys(MailQueue, 0) | await self._context.database.read(inbound.waiting_sizes)
        for queue, size in before.items():  # the read may have missed what was stored during it
            self._stored[queue] -= size


async def drop_kept_mail(database: Database, limits: LimitSettings, now: int) -> None:
    """Drop mail beyond its time or beyond the size, in batches. Raises Unavailable."""
    while await database.record(_drop_forwarded, limits, now):
        pass
    while number := await database.record(_drop_kept, limits, now):
        event(log, "inbound.dropped", level=logging.WARNING, number=number)


def _drop_forwarded(tx: Transaction, limits: LimitSettings, now: int) -> int:
    before = int(now - limits.forwarded_mail_seconds)
    return inbound.drop_forwarded(tx, before=before, size=limits.kept_mail_bytes)


def _drop_kept(tx: Transaction, limits: LimitSettings, now: int) -> int:
    before = int(now - limits.kept_mail_seconds)
    return inbound.sweep_kept(tx, before=before, size=limits.kept_mail_bytes, now=now)
