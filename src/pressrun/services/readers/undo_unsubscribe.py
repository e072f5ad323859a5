"""Undoing an unsubscribe by the link in its notice: that one subscription is again what it was.

The link is in the reader's own mail. The links to the list's archive in earlier mails work again, too. It restores
nothing else: no other list, and no earlier confirmation link, all of which stay void.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.lifecycles.subscription import LeavingReason, SubscriptionEvent, SubscriptionState, move
from pressrun.services.context import ServiceContext
from pressrun.services.editions.welcome_edition import greet_after_all
from pressrun.services.readers.requests import Origin, ReaderRequest, carry_out
from pressrun.services.readers.suspension import still_suspended
from pressrun.services.suppression import find_reason
from pressrun.store.editions import editions
from pressrun.store.readers import unsubscribes
from pressrun.store.readers.subscriptions import SubscriptionDetails, find_subscription_details
from pressrun.store.readers.unsubscribes import Unsubscribe
from pressrun.store.transaction import Transaction


class UndoOutcome(StrEnum):
    """What undoing does, or did."""

    RESTORED = "restored"
    ALREADY = "already"  # they are back, by this link or otherwise
    OVER = "over"  # it can no longer be undone


class _Undoing(Struct, frozen=True):
    """What undoing would do now, for whom, and the unsubscribe that it would undo."""

    outcome: UndoOutcome
    details: SubscriptionDetails | None = None
    stored: Unsubscribe | None = None


class UndoUnsubscribe:
    """The services behind the link in the notice about an unsubscribe."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def find(self, unsubscribe_id: int) -> tuple[UndoOutcome, SubscriptionDetails | None]:
        """What undoing would do now, and for whom. RESTORED: the page offers the button."""
        undoing = await self._context.database.read(self._check, unsubscribe_id)
        return undoing.outcome, undoing.details

    async def record_reason(self, unsubscribe_id: int, reason: LeavingReason) -> None:
        """Count why somebody left, once for each unsubscribe; nothing about the reader is kept."""
        await self._context.database.write(self._record_reason, unsubscribe_id, reason)

    async def undo(self, unsubscribe_id: int, origin: Origin) -> tuple[UndoOutcome, SubscriptionDetails | None]:
        """Restore the subscription; a second time changes nothing."""
        return await carry_out(self._context, origin, self._undo, unsubscribe_id)

    def _record_reason(self, tx: Transaction, unsubscribe_id: int, reason: LeavingReason) -> None:
        undoing = self._check(tx, unsubscribe_id)
        if undoing.outcome is UndoOutcome.RESTORED and undoing.details is not None:
            month = datetime.fromtimestamp(self._context.clock(), UTC).strftime("%Y-%m")
            unsubscribes.count_reason(tx, unsubscribe_id, list_id=undoing.details.list.id, month=month, reason=reason)

    def _check(self, tx: Transaction, unsubscribe_id: int) -> _Undoing:
        stored = unsubscribes.find_unsubscribe_by_id(tx, unsubscribe_id)
        if stored is None or stored.expires_at <= self._context.clock():
            return _Undoing(UndoOutcome.OVER)
        details = find_subscription_details(tx, stored.subscription_id)
        if details is None or details.list.closed_at is not None:
            return _Undoing(UndoOutcome.OVER)
        if details.subscription.is_live:
            return _Undoing(UndoOutcome.ALREADY, details, stored)
        if move(details.subscription.state, SubscriptionEvent.RETURN) is None:
            return _Undoing(UndoOutcome.OVER)
        if find_reason(tx, details.person.digests) is not None:
            return _Undoing(UndoOutcome.OVER)
        return _Undoing(UndoOutcome.RESTORED, details, stored)

    def _undo(self, request: ReaderRequest, unsubscribe_id: int) -> tuple[UndoOutcome, SubscriptionDetails | None]:
        tx, now = request.tx, request.now
        undoing = self._check(tx, unsubscribe_id)
        details, stored = undoing.details, undoing.stored
        if undoing.outcome is not UndoOutcome.RESTORED or details is None or stored is None:
            return undoing.outcome, details
        former = {**stored.former, "state": SubscriptionState(stored.former["state"])}
        back = still_suspended(tx, replace(details.subscription, state_before=None, **former), now)
        request.change(details, back, "restored", how="undone")
        unsubscribes.void_requests(tx, back.id, now_round=details.subscription.round, restored=back.round)
        if back.state is SubscriptionState.ACTIVE:  # copies that the unsubscribe cancelled may go out after all
            unsubscribes.requeue_copies(tx, back.id, since=stored.left_at, now=now)
            greet_after_all(tx, back.list_id, back.id, left_at=stored.left_at, now=now)
        if stored.edition_id is not None:
            editions.uncount_unsubscribed(tx, stored.edition_id, stored.left_at)
        return UndoOutcome.RESTORED, replace(details, subscription=back)
