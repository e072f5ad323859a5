"""What operators do with suppressions: add one, remove one, and import a file of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import BadInput
from pressrun.core.signing.tokens import digests_of
from pressrun.observe.log import event
from pressrun.services.answers import Answer
from pressrun.services.context import ServiceContext
from pressrun.services.lists.setting_kinds import read_field
from pressrun.services.members.import_rows import SuppressionRow
from pressrun.services.members.row_checks import parse_past
from pressrun.services.reports.suppression_listing import not_suppressed
from pressrun.services.suppression import NewSuppression, SuppressionReason, find_reason, lift, suppress
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.members")


class SuppressionSet(Struct, frozen=True, kw_only=True):
    """A suppression in force; an earlier one stays if its reason is stronger."""

    address: str | None
    reason: str


class SuppressionAdmin:
    """The use cases around suppressions, over one database."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._database = context.database

    async def add(self, address: Address, reason: str) -> SuppressionSet:
        """Suppress an address and cancel what waits for it; raises BadInput.

        An earlier, stronger reason stays; the answer has the reason that is in force.
        """
        parsed = parse_reason(reason)
        stored = await self._database.write(lambda tx: self._suppress(tx, address, parsed, self._context.now))
        event(log, "suppression.added", reason=stored)
        self._context.wake()
        return SuppressionSet(address=_shown(address, stored), reason=stored.value)

    async def remove(self, address: Address) -> None:
        """Lift the suppression of an address; raises NotFound when it is not suppressed."""
        await self._database.write(self._lift, address)
        event(log, "suppression.removed")

    def _lift(self, tx: Transaction, address: Address) -> None:
        if not lift(tx, digests_of(self._context.keys, address)):
            raise not_suppressed(address)

    async def import_batch(self, rows: Sequence[SuppressionRow]) -> Answer:
        """Import rows of a file in one transaction; a suppressed address changes only for a stronger reason."""
        now = self._context.now
        wanted, invalid = await asyncio.to_thread(self._prepare, rows, now)  # it would hold the event loop up
        added = await self._database.write(suppress, wanted, now)
        answer: Answer = {"added": added, "unchanged": len(wanted) - added, "invalid": invalid}
        event(log, "suppression.added", number=answer["added"])
        self._context.wake()
        return answer

    def _prepare(
        self, rows: Sequence[SuppressionRow], now: int
    ) -> tuple[list[NewSuppression], list[dict[str, object]]]:
        """The rows as they are to be stored, and the line and the reason of those that are refused."""
        wanted, invalid = list[NewSuppression](), list[dict[str, object]]()
        for row in rows:
            try:
                address = parse_address(row.address)
                reason = parse_reason(row.reason or SuppressionReason.OPERATOR)
                since = read_field("since", partial(parse_past, now=now), row.since) if row.since.strip() else now
            except BadInput as problem:
                invalid.append({"line": row.line, "reason": str(problem)})
                continue
            wanted.append(
                NewSuppression(digests_of(self._context.keys, address), reason, _shown(address, reason), since)
            )
        return wanted, invalid

    def _suppress(self, tx: Transaction, address: Address, reason: SuppressionReason, now: int) -> SuppressionReason:
        """Suppress an address; returns the reason in force, which may be an earlier and stronger one."""
        digests = digests_of(self._context.keys, address)
        suppress(tx, [NewSuppression(digests, reason, _shown(address, reason), now)], now)
        stored = find_reason(tx, digests)
        assert stored is not None  # it was just written
        return stored


def parse_reason(text: str) -> SuppressionReason:
    """A reason by its word; raises BadInput."""
    try:
        return SuppressionReason(text.strip().lower())
    except ValueError:
        raise BadInput(f"{text!r} is not a reason; use one of {', '.join(SuppressionReason)}") from None


def _shown(address: Address, reason: SuppressionReason) -> str | None:
    """What operators see of a suppressed address."""
    return None if reason is SuppressionReason.ERASED else address.typed
