"""Undoing a leaving, by the link in the note about it: that one subscription is again what it was.

Whoever has the link gets the reader's mail. Nothing else comes back with it: no other list, and no confirmation link
from before, since those stay void.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

from pressrun.core.leaving_reason import LeavingReason
from pressrun.core.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.services.editions.welcome_edition import greet_after_all
from pressrun.services.ports import Clock, Entropy, Waker
from pressrun.services.readers.sign_ups import Origin, SubscriptionDetails, find_subscription_details, record_consent
from pressrun.services.readers.suspension import restored
from pressrun.services.suppression import find_reason
from pressrun.store import editions, subscriptions, unsubscribes
from pressrun.store.database import Database
from pressrun.store.transaction import Transaction
from pressrun.store.unsubscribes import Unsubscribe


class UndoOutcome(StrEnum):
    """What undoing does, or did."""

    RESTORED = "restored"
    ALREADY = "already"  # they are back, by this link or in another way
    OVER = "over"  # it cannot be undone any more


class UndoUnsubscribe:
    """The use cases of the link in a note about a leaving, over one database."""

    def __init__(self, *, database: Database, clock: Clock, entropy: Entropy, wake: Waker) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._wake = wake

    async def find(self, leaving_id: int) -> tuple[UndoOutcome, SubscriptionDetails | None]:
        """What undoing would do now (RESTORED: the button is offered), and for whom."""
        outcome, standing, _ = await self._database.read(self._look, leaving_id)
        return outcome, standing

    async def find_unsubscribe(self, subscription_id: int) -> Unsubscribe | None:
        """The leaving of a subscription that can still be undone, for whoever has just made it."""
        return await self._database.read(unsubscribes.find_unsubscribe, subscription_id, int(self._clock()))

    async def say_why(self, leaving_id: int, reason: LeavingReason) -> None:
        """Count why somebody left, once for each leaving; nothing is kept of the reader, and nothing else follows."""
        await self._database.write(self._say_why, leaving_id, reason)

    async def undo(self, leaving_id: int, origin: Origin) -> tuple[UndoOutcome, SubscriptionDetails | None]:
        """Restore the subscription; doing it twice is as good as once."""
        answer = await self._database.write(self._undo, leaving_id, origin)
        self._wake()  # copies that were cancelled with the leaving may go out after all
        return answer

    def _say_why(self, tx: Transaction, leaving_id: int, reason: LeavingReason) -> None:
        outcome, standing, _ = self._look(tx, leaving_id)
        if outcome is UndoOutcome.RESTORED and standing is not None:
            month = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m")
            unsubscribes.count_reason(tx, leaving_id, list_id=standing.list.id, month=month, reason=reason)

    def _look(
        self, tx: Transaction, leaving_id: int
    ) -> tuple[UndoOutcome, SubscriptionDetails | None, Unsubscribe | None]:
        leaving = unsubscribes.get_unsubscribe(tx, leaving_id)
        if leaving is None or leaving.expires_at <= self._clock():
            return UndoOutcome.OVER, None, None
        standing = find_subscription_details(tx, leaving.subscription_id)
        if standing is None or standing.list.closed_at is not None:
            return UndoOutcome.OVER, None, None
        if standing.subscription.state in (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED):
            return UndoOutcome.ALREADY, standing, leaving
        if move(standing.subscription.state, SubscriptionEvent.RETURN) is None:
            return UndoOutcome.OVER, None, None
        if find_reason(tx, standing.person.digests) is not None:
            return UndoOutcome.OVER, None, None
        return UndoOutcome.RESTORED, standing, leaving

    def _undo(self, tx: Transaction, leaving_id: int, origin: Origin) -> tuple[UndoOutcome, SubscriptionDetails | None]:
        outcome, standing, leaving = self._look(tx, leaving_id)
        if outcome is not UndoOutcome.RESTORED or standing is None or leaving is None:
            return outcome, standing
        now = int(self._clock())
        former = {**leaving.former, "state": SubscriptionState(leaving.former["state"])}
        back = restored(tx, replace(standing.subscription, state_before=None, **former), now)
        subscriptions.record_subscription(tx, back)
        if back.state is SubscriptionState.ACTIVE:
            unsubscribes.requeue_copies(tx, leaving, now)
            greet_after_all(tx, back.list_id, back.id, left_at=leaving.left_at, now=now)
        if leaving.edition_id is not None:
            editions.uncount_unsubscribed(tx, leaving.edition_id, leaving.left_at)
        record_consent(tx, standing.list, standing.person, "restored", origin, now=now, salt=self._entropy(16))
        return UndoOutcome.RESTORED, replace(standing, subscription=back)
