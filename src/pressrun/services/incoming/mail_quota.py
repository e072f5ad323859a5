"""Whether there is room for another mail: accepted mail that waits has a limit, or anybody could fill the disk.

Each queue has `waiting_mail_size` of its own, so a flood of strangers' mail turns no bounce and nobody who leaves away.
A mail that was passed on and that no relay has taken waits, too, and counts as a stranger's.

What is held is measured, and what was accepted since is added, so it is never thought less than it is. When that seems
too much it is measured again; before that, mail that may be dropped is. So between two looks no more comes in than
waits at the most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pressrun.core.current import Current
from pressrun.core.mail_queues import MailQueue
from pressrun.services.mail_retention import drop_kept_mail
from pressrun.services.ports import Clock
from pressrun.services.settings import LimitSettings
from pressrun.store import inbound
from pressrun.store.database import Database

_NONE: frozenset[MailQueue] = frozenset()
LOOK_AGAIN_SECONDS = 2.0  # the queues may hold some hundred thousand small mails: counting them takes its time


class MailQuota:
    """How much accepted mail waits in each queue, in octets; each recipient's copy counts."""

    def __init__(self, database: Database, limits: Current[LimitSettings], clock: Clock) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock
        self._held: dict[MailQueue, int] | None = None
        self._coming = dict.fromkeys(MailQueue, 0)  # being stored
        self._measured_at = 0.0
        self._measuring = asyncio.Lock()

    async def full(self, copies: Mapping[MailQueue, int], size: int) -> frozenset[MailQueue]:
        """Those of these queues that have no room for so many copies of a mail of this size. Raises Unavailable."""
        found = self._full(copies, size)
        if found:
            async with self._measuring:  # by one of those who come together, for all of them
                if self._held is None or abs(self._clock() - self._measured_at) >= LOOK_AGAIN_SECONDS:
                    await self._measure()
            found = self._full(copies, size)
        return found

    @contextmanager
    def taken(self, copies: Mapping[MailQueue, int], size: int) -> Iterator[None]:
        """Count a mail while it is being stored, and then among what is held: the next measure tells if it is."""
        for queue, number in copies.items():
            self._coming[queue] += number * size
        try:
            yield
        finally:
            for queue, number in copies.items():
                self._coming[queue] -= number * size
                if self._held is not None:
                    self._held[queue] += number * size

    def _full(self, copies: Mapping[MailQueue, int], size: int) -> frozenset[MailQueue]:
        if self._held is None:
            return frozenset(copies)
        limit = self._limits.value.waiting_mail_bytes
        found = _NONE
        for queue, number in copies.items():
            held = self._held[queue] + self._coming[queue]
            # A mail larger than the limit is taken when nothing waits: it must get in at some time.
            if held + number * size > limit and not (held == 0 and number == 1):
                found |= {queue}
        return found

    async def _measure(self) -> None:
        now = self._clock()
        self._measured_at = now
        await drop_kept_mail(self._database, self._limits.value, int(now))
        self._held = dict.fromkeys(MailQueue, 0) | await self._database.read(inbound.waiting_sizes)
