"""Failed logins: each goes to the log, and the first in an hour for each person to the audit log as well.

The audit log keeps its rows for ever, so strangers must not fill it: all attempts on accounts that do not exist share
one row an hour, without a name. The time of a response must not show whether there was a row to write, so it is written
a random moment later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from hashlib import sha256

from pressrun.core.quantities import Rate
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop, draw_wait
from pressrun.services.context import ServiceContext
from pressrun.services.log_ins.context import Visitor
from pressrun.store import limits
from pressrun.store.people import audit
from pressrun.store.people.audit import REFUSED, Actor, Entry
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.people")

FAILED_LOG_INS, ROWS_FOR_ONE = "failed_log_ins", Rate(1, 3600.0)
_SOMEBODY = Actor(who="somebody", way="page")


class FailedLogIns(BackgroundLoop):
    """Records failed logins."""

    name = "failed log-ins"
    unavailable = "login.not_recorded"

    def __init__(self, context: ServiceContext) -> None:
        super().__init__(context.clock)
        self._context = context
        # Of the first unrecorded failure of each person, by name; "" for unknown accounts.
        self._ways: dict[str, str] = {}
        self._are_there = asyncio.Event()

    def record(self, way: str, visitor: Visitor, problem: str = "", person: str = "") -> None:
        """Log a failed attempt, and record it soon; `person` is the name of the account, if it exists."""
        event(log, "login.failed", level=logging.WARNING, way=way, client=visitor.client, problem=problem)
        self._ways.setdefault(person, way)
        self._are_there.set()

    async def step(self) -> bool:
        """Wait for failures, and record them."""
        await self._are_there.wait()
        await asyncio.sleep(draw_wait(self._context.entropy))
        await self.carry_out()
        return True

    async def carry_out(self) -> None:
        """Record the failures so far."""
        ways = dict(self._ways)
        await self._context.database.record(self._append, ways)
        for person in ways:
            del self._ways[person]
        if not self._ways:
            self._are_there.clear()

    def _append(self, tx: Transaction, ways: Mapping[str, str]) -> None:
        now = self._context.clock()
        subjects = [sha256(person.encode()).digest() for person in ways]
        are_first = limits.spend_each(tx, FAILED_LOG_INS, subjects, ROWS_FOR_ONE, now)
        for (person, way), is_first in zip(ways.items(), are_first, strict=True):
            if is_first:
                audit.append(tx, _row(person, way, int(now)))


def _row(person: str, way: str, now: int) -> Entry:
    return Entry(
        at=now,
        actor=_SOMEBODY,
        action="session.begin",
        object=f"person {person}" if person else None,
        fields=(way,),
        outcome=REFUSED,
    )
