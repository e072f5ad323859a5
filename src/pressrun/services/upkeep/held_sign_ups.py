"""What operators do with sign-ups that are on hold because far more came in than usual: list, release or delete them.

A released confirmation is sent once, if it is still useful: people who have since confirmed, left, been suppressed or
erased get none. Nobody outside can find out what became of a sign-up.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from msgspec import Struct

from pressrun.core.addresses.address import find_address
from pressrun.core.errors import NotFound
from pressrun.core.signing.tokens import digests_of
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.readers.confirmations import Confirmed, check_link
from pressrun.services.suppression import may_confirm
from pressrun.services.upkeep.housekeeping import forget_unconfirmed
from pressrun.store.lists import lists
from pressrun.store.paging import AFTER_ALL
from pressrun.store.readers import held_sign_ups, subscriptions
from pressrun.store.readers.held_sign_ups import HeldInfo, HeldSelection, HeldSignUp
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.readers")


class HeldReleased(Struct, frozen=True, kw_only=True):
    """How many requests to confirm go out, and how many had become useless."""

    released: int
    forgotten: int


class HeldDropped(Struct, frozen=True, kw_only=True):
    """How many sign-ups were removed."""

    dropped: int


class HeldSignUps:
    """The use cases around held sign-ups, over one database."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def release(self, choice: HeldSelection) -> HeldReleased:
        """Send the emails that are still useful (`released`) and delete the others (`forgotten`); raises NotFound."""
        await self._context.database.read(_require_held, choice)
        released = forgotten = 0
        while some := await self._context.database.write(self._release_some, choice):
            released += some.count(True)
            forgotten += some.count(False)
            self._context.wake()
        event(log, "subscription.released", released=released, forgotten=forgotten)
        return HeldReleased(released=released, forgotten=forgotten)

    async def drop(self, choice: HeldSelection) -> HeldDropped:
        """Delete sign-ups as if their links had expired, `dropped` of them; raises NotFound."""
        await self._context.database.read(_require_held, choice)
        dropped = 0
        while number := await self._context.database.write(self._drop_some, choice):
            dropped += number
        event(log, "subscription.dropped", dropped=dropped)
        return HeldDropped(dropped=dropped)

    def _release_some(self, tx: Transaction, choice: HeldSelection) -> Sequence[bool]:
        now = int(self._context.clock())
        expires_at = int(now + self._context.tokens.confirm_lifetime_seconds)
        released = []
        for sign_up in held_sign_ups.claim_held(tx, choice, now):
            released.append(self._is_useful(tx, sign_up))
            if released[-1]:
                held_sign_ups.queue_held(tx, sign_up, now=now, expires_at=expires_at)
            else:
                held_sign_ups.forget_held(tx, sign_up, now=now)
        return released

    def _drop_some(self, tx: Transaction, choice: HeldSelection) -> int:
        now = int(self._context.clock())
        some = held_sign_ups.claim_held(tx, choice, now)
        for sign_up in some:
            held_sign_ups.forget_held(tx, sign_up, now=now)
        while forget_unconfirmed(tx, self._context.entropy, now):
            pass
        return len(some)

    def _is_useful(self, tx: Transaction, sign_up: HeldSignUp) -> bool:
        target = lists.find_list_by_id(tx, sign_up.list_id)
        if target is None:
            return False
        address = find_address(sign_up.address)
        if address is None or not may_confirm(tx, digests_of(self._context.keys, address)):
            return False
        if sign_up.confirmation_id is not None:
            outcome, _ = check_link(tx, sign_up.confirmation_id, self._context.clock())
            return outcome is Confirmed.CONFIRMED
        subscription = subscriptions.find_subscription(tx, list_id=sign_up.list_id, subscriber_id=sign_up.subscriber_id)
        return target.closed_at is None and subscription is not None and subscription.reads


def list_held(tx: Transaction, list_name: str | None, *, after: int = 0, limit: int = AFTER_ALL) -> list[HeldInfo]:
    """`held ls`: the held sign-ups after an id, oldest first; raises NotFound for an unknown list."""
    if list_name is not None:
        lists.get_list(tx, list_name)
    return held_sign_ups.list_held(tx, list_name, after=after, limit=limit)


def _require_held(tx: Transaction, choice: HeldSelection) -> None:
    unknown = held_sign_ups.unknown_ids(tx, choice)
    if unknown and choice.until is None:
        raise NotFound(f"no such held sign-up: {', '.join(map(str, unknown))}", see="held ls")
