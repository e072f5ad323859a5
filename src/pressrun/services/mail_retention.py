"""What is kept of mail, and for how long: mail that a person has to look at, and mail that was passed on.

A mail that a relay took on its way to an owner is kept a while, so that nothing is lost when it comes back. Both count
against `kept_mail_size`, and what was passed on goes first: somebody has it. What no relay has taken is never dropped.
"""

from __future__ import annotations

import logging

from pressrun.observe.log import event
from pressrun.services.settings import LimitSettings
from pressrun.store import inbound
from pressrun.store.database import Database
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.inbound")


async def drop_kept_mail(database: Database, limits: LimitSettings, now: int) -> None:
    """Drop what is beyond its time or beyond the size, some at a time. Raises Unavailable."""
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
