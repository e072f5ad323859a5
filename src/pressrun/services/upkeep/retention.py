"""What is removed for its age, by `[retention]`: rows of copies, and copies of the database from before schema changes.

services.evidence ages network addresses in the evidence of consent. Removal takes a slice at a time, and rests after
each, so that another writer waits for one slice at most, and an edition under way is hardly slowed down.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from pressrun.core.lifecycles.delivery import OVER, DeliveryState
from pressrun.core.lifecycles.edition import EditionState
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop
from pressrun.services.context import ServiceContext
from pressrun.store.editions import editions
from pressrun.store.people import audit
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import retention

log = logging.getLogger("pressrun.housekeeping")

PASS_SECONDS = 3600.0  # between two passes: what is measured in days need not go by the minute
ROWS_AT_ONCE = 1000  # in one transaction, for which others wait
RESTS = 3.0  # after a slice, in times of what it took: a quarter of the writer's time at most,
RESTS_WHILE_SENDING = 19.0  # and a twentieth while copies go out
POLL_SECONDS = 5.0

Rest = Callable[[float], Awaitable[None]]


class Retention(BackgroundLoop):
    """A pass every hour. `remove_backups` removes the files that are older than a time, and returns their names."""

    name = "retention"
    unavailable = "housekeeping.database_unavailable"

    def __init__(
        self,
        context: ServiceContext,
        remove_backups: Callable[[float], Sequence[str]],
        rest: Rest = asyncio.sleep,
    ) -> None:
        super().__init__(context.clock)
        self._context = context
        self._database = context.database
        self._remove_backups = remove_backups
        self._rest = rest
        self._next_pass_at = 0.0

    async def step(self) -> bool:
        """Wait a moment; when it is time, a pass."""
        await self._rest(POLL_SECONDS)
        now = self._context.clock()
        if not 0 <= self._next_pass_at - now <= PASS_SECONDS:  # also after the clock was set back
            await self.remove_what_aged()
            if not self.has_failed:
                self._next_pass_at = self._context.clock() + PASS_SECONDS
        return True

    async def remove_what_aged(self) -> None:
        """Do everything once."""
        settings = self._context.settings.value.retention
        with self.isolated("backups of the schema"):
            if settings.backups_of_schema_seconds is not None:
                before = self._context.clock() - settings.backups_of_schema_seconds
                for name in await asyncio.to_thread(self._remove_backups, before):
                    event(log, "retention.backup_removed", file=name)
                    now = self._context.clock()
                    await self._database.write(audit.append_by_clock, "retention.backup", now, name=name)
        with self.isolated("copies"):
            if settings.copies_seconds is not None:
                await self._remove_copies(int(self._context.clock() - settings.copies_seconds))
        with self.isolated("free space"):
            await self._shrink()

    async def _remove_copies(self, before: int) -> None:
        after = 0
        while ids := await self._database.read(retention.aged_editions, before=before, after=after):
            for edition_id in ids:
                number = sum([await self._remove_copies_of(edition_id, state) for state in OVER])
                if number:
                    event(log, "retention.copies_removed", edition=edition_id, number=number)
            after = ids[-1]

    async def _shrink(self) -> None:
        """Give back the space that removed rows have left, if it is much."""
        total = 0
        while True:
            began = time.monotonic()
            octets = await self._database.shrink()
            if not octets:
                break
            total += octets
            await self._rest((time.monotonic() - began) * RESTS)
        if total:
            event(log, "storage.shrunk", octets=total)

    async def _remove_copies_of(self, edition_id: int, state: DeliveryState) -> int:
        total = kept = 0
        while True:
            began = time.monotonic()
            now, settle = self._context.now, self._context.settings.value.bounces.settle_after_seconds
            removed, stayed = await self._database.record(
                remove_slice, edition_id, state, kept=kept, recorded_before=int(now - settle), now=now
            )
            total, kept = total + removed, kept + stayed
            if removed + stayed < ROWS_AT_ONCE:
                return total
            is_sending = await self._database.read(_is_sending)
            await self._rest((time.monotonic() - began) * (RESTS_WHILE_SENDING if is_sending else RESTS))


def remove_slice(
    tx: Transaction, edition_id: int, state: DeliveryState, *, kept: int, recorded_before: int, now: int
) -> tuple[int, int]:
    """Remove some copies of an edition that is over; returns how many went, and how many of those looked at stay.

    An edition that was opened again, or is gone, keeps what it has.
    """
    edition = editions.find_edition(tx, edition_id)
    if edition is None or edition.state not in (EditionState.FINISHED, EditionState.CANCELLED):
        return 0, 0
    values = {"kept": kept, "limit": ROWS_AT_ONCE, "recorded_before": recorded_before, "now": now}
    removed, stayed = retention.remove_copies(tx, edition_id, state, **values)
    if removed:
        audit.append_once_by_clock(tx, "retention.copies", now, name=f"edition {edition_id}")
    return removed, stayed


def _is_sending(tx: Transaction) -> bool:
    return any(edition.state is EditionState.SENDING for edition in editions.live_editions(tx))
