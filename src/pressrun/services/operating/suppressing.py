"""What operators do with suppressions: keep an address out, let it in again, and take over a file of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pressrun.core.address import Address, parse_address
from pressrun.core.errors import BadInput, NotFound
from pressrun.core.keys import KeyRing
from pressrun.core.tokens import suppression_digest
from pressrun.observe.log import event
from pressrun.services.operating.entries import read_moment
from pressrun.services.ports import Clock, Waker
from pressrun.services.readers.subscribing import LIFTED_BY_READER
from pressrun.services.reports.reporting import Answer
from pressrun.store import enrolment, subscribers, suppressions
from pressrun.store.database import Database
from pressrun.store.transaction import Transaction

_log = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why an address gets nothing. A reader's own confirmation lifts `hard-bounce` and `erased`."""

    HARD_BOUNCE = "hard-bounce"
    COMPLAINT = "complaint"
    ERASED = "erased"
    NEVER_AGAIN = "never-again"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRow:
    """One row of a file; `line` is where it begins. An empty reason is the operator's, an empty date is now."""

    line: int
    address: str
    reason: str = ""
    since: str = ""


class Suppressing:
    """The use cases around suppressions, over one database."""

    def __init__(self, *, database: Database, keys: KeyRing, clock: Clock, wake: Waker) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._wake = wake

    async def add(self, address: Address, reason: str) -> Answer:
        """Keep an address out; what waits for it is cancelled. An earlier reason gives way. Raises BadInput."""
        found = read_reason(reason)
        await self._database.write(lambda tx: self._suppress(tx, address, found, int(self._clock())))
        event(_log, "suppression.added", reason=found)
        self._wake()
        return {"address": None if found is Reason.ERASED else address.typed, "reason": found.value}

    async def remove(self, address: Address) -> None:
        """Let an address in again; raises NotFound when it is not suppressed."""
        if not await self._database.write(self._lift, address):
            raise NotFound(f"{address} is not suppressed")
        event(_log, "suppression.removed")

    async def import_batch(self, rows: Sequence[SuppressionRow]) -> Answer:
        """Take some rows of a file in one transaction; an address that stands there already is left as it is."""
        answer = await self._database.write(self._import, rows)
        event(_log, "suppression.added", number=answer["added"])
        self._wake()
        return answer

    def _lift(self, tx: Transaction, address: Address) -> bool:
        own = suppressions.lift_suppression(tx, suppression_digest(self._keys, address.key))
        # "Never again" was said for the whole mailbox: letting one spelling in lets the mailbox in.
        fold = suppression_digest(self._keys, address.fold)
        whole = suppressions.find_suppression(tx, fold) == Reason.NEVER_AGAIN
        return (whole and suppressions.lift_suppression(tx, fold)) or own

    def _import(self, tx: Transaction, rows: Sequence[SuppressionRow]) -> Answer:
        now, added, unchanged = int(self._clock()), 0, 0
        invalid: list[dict[str, object]] = []
        for row in rows:
            try:
                address = parse_address(row.address)
                reason = read_reason(row.reason or Reason.OPERATOR)
                since = _read_since(row.since, now)
            except BadInput as problem:
                invalid.append({"line": row.line, "reason": str(problem)})
                continue
            if suppressions.find_suppression(tx, suppression_digest(self._keys, address.key)) is not None:
                unchanged += 1
                continue
            self._suppress(tx, address, reason, now, since)
            added += 1
        return {"added": added, "unchanged": unchanged, "invalid": invalid}

    def _suppress(self, tx: Transaction, address: Address, reason: Reason, now: int, since: int | None = None) -> None:
        shown = None if reason is Reason.ERASED else address.typed
        digest = suppression_digest(self._keys, address.key)
        suppressions.suppress(tx, digest, address=shown, reason=reason, now=now if since is None else since)
        person = subscribers.find_subscriber(tx, address)
        if person is None:
            return
        if reason in LIFTED_BY_READER:  # a confirmation that they asked for may still come
            enrolment.cancel_all_copies(tx, person.id, now)
        else:
            enrolment.cancel_everything(tx, person.id, now)


def read_reason(text: str) -> Reason:
    """A reason by its word; raises BadInput."""
    try:
        return Reason(text.strip().lower())
    except ValueError:
        raise BadInput(f"{text!r} is no reason: {', '.join(Reason)}") from None


def _read_since(text: str, now: int) -> int | None:
    if not text.strip():
        return None
    since = read_moment(text)
    if not 0 <= since <= now + 86400:
        raise BadInput(f"since: {text!r} is before 1970 or in the future")
    return since
