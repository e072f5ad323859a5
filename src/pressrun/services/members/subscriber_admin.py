"""What operators do with subscribers: add, remove and erase one, and import many.

Operators are responsible for the consent of the people they add, so these are active at once; with a confirmation they
are asked like anybody who signs up. Neither way brings back anyone who unsubscribed, is suppressed or is suspended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from pressrun.core.abuse.sign_up import Verdict
from pressrun.core.addresses.address import Address
from pressrun.core.errors import Refused
from pressrun.core.lifecycles.subscription import SYNC, SubscriptionEvent, SubscriptionState, move
from pressrun.core.signing.tokens import digests_of
from pressrun.observe.log import event
from pressrun.services.answers import Answer
from pressrun.services.context import ServiceContext
from pressrun.services.lists.setting_kinds import read_field, read_line
from pressrun.services.members.import_decision import ImportOptions, RowOutcome
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.members.member_sync import remove_synced
from pressrun.services.members.subscriber_import import import_rows, prepare_rows
from pressrun.services.readers.confirmation_requests import request_confirmation
from pressrun.services.readers.erasure import erase_reader
from pressrun.services.readers.requests import Origin, ReaderRequest
from pressrun.services.reports.members import find_membership, no_such_member
from pressrun.services.suppression import find_reason
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import address_changes, subscribers, subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription, SubscriptionDetails
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.members")

SOURCE = "operator"


class ErasureAnswer(Struct, frozen=True, kw_only=True):
    """What was erased: whether there was a reader, and where else the address was. A repeat has only `erased`."""

    erased: bool
    reader: bool | UnsetType = UNSET
    evidence_of_others: int | UnsetType = UNSET
    mails: int | UnsetType = UNSET
    address_changes: int | UnsetType = UNSET
    editions: list[int] | UnsetType = UNSET


class SubscriberAdmin:
    """The use cases around subscribers, over one database."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._database = context.database

    async def add(self, list_name: str, address: Address, *, name: str = "", asks: bool = False) -> Answer:
        """Subscribe an address at once, or (`asks`) once they confirm; adding a member again changes nothing.

        Raises NotFound, and Refused for a closed list or for anyone who unsubscribed, is suppressed or is suspended.
        """
        answer = await self._database.write(self._add, list_name, address, read_field("name", read_line, name), asks)
        self._context.wake()
        return answer

    async def remove(self, list_name: str, address: Address, source: str = SOURCE) -> Answer:
        """End a subscription, or one that a sync has ended for good; raises NotFound when there is none.

        A former address stands for the reader who has changed it.
        """
        answer = await self._database.write(self._remove, list_name, address, source)
        event(log, "subscription.ended", list=list_name, by=source)
        self._context.wake()
        return answer

    async def erase(self, address: Address) -> ErasureAnswer:
        """Erase a person everywhere, except for a keyed hash that keeps them out; raises NotFound, Refused."""
        erased = await erase_reader(self._context, address)
        assert erased is not None  # an operator may always erase
        others = erased.of_others
        return ErasureAnswer(
            erased=True,
            reader=erased.is_reader,
            evidence_of_others=others.evidence,
            mails=others.mails + others.notices,
            address_changes=others.changes,
            editions=list(erased.editions),
        )

    async def remove_synced(self, list_name: str, keys: Sequence[str]) -> Answer:
        """End subscriptions that a sync has brought in, in one transaction; raises NotFound, Refused."""
        number = await self._database.write(remove_synced, list_name, keys, self._context)
        event(log, "subscriber.imported", list=list_name, rows=len(keys), changed=number)
        self._context.wake()
        return {"left": number}

    async def import_batch(
        self, list_name: str, rows: Sequence[ImportRow], *, asks: bool = False, source: str = "import"
    ) -> Answer:
        """Import, or sync, rows of a file in one transaction; raises NotFound, and Refused for a closed list."""
        options = ImportOptions.of(self._context, list_name, asks=asks, source=source)
        prepared = await asyncio.to_thread(prepare_rows, options, rows)  # it would hold the event loop up
        counts = await self._database.write(import_rows, options, prepared)
        changed = counts.rows[RowOutcome.ADDED] + counts.rows[RowOutcome.UPDATED]
        event(log, "subscriber.imported", list=list_name, rows=len(rows), changed=changed)
        if changed:  # confirmations may be waiting, and an edition may have lost its last readers
            self._context.wake()
        return counts.plain()

    def _add(self, tx: Transaction, list_name: str, address: Address, name: str, asks: bool) -> Answer:
        now = self._context.now
        target = lists.get_open_list(tx, list_name)
        digests = digests_of(self._context.keys, address)
        reason = find_reason(tx, digests)
        if reason is not None:
            raise Refused(f"{address} is suppressed ({reason}). `pressrun suppression rm` lifts that")
        person = subscribers.find_subscriber(tx, address)
        if person is None:
            person = subscribers.insert_subscriber(tx, address, digests=digests, now=now, name=name)
        elif name and name != person.name:
            named = replace(person, name=name)
            subscribers.update_profile(tx, person, named, how=SOURCE)
            person = named
        subscription = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
        if subscription is None:
            _require_unmoved(tx, target, address)
        _require_addable(subscription, target, address, asks=asks)
        state = self._subscribe(tx, target, person, subscription, asks=asks)
        return {"list": target.name, "address": person.address, "name": person.name, "state": state.value}

    def _subscribe(
        self,
        tx: Transaction,
        target: MailingList,
        person: Subscriber,
        subscription: Subscription | None,
        *,
        asks: bool,
    ) -> SubscriptionState:
        if subscription is not None and subscription.state is SubscriptionState.ACTIVE:
            return subscription.state
        request = ReaderRequest(tx, Origin(source=SOURCE), self._context)
        if asks:
            request.record("requested", target, person)
            wanted = [(target, subscription)]
            return request_confirmation(request, wanted, person, Verdict.ACCEPTED, name=person.name).state
        state = move(None if subscription is None else subscription.state, SubscriptionEvent.ADD)
        assert state is not None
        if subscription is None:
            subscriptions.insert_subscription(
                tx, list_id=target.id, subscriber_id=person.id, state=state, source=SOURCE, now=request.now
            )
            request.record("added", target, person)
        else:
            active = replace(subscription, state=state, state_before=None, source=SOURCE, since=request.now)
            details = SubscriptionDetails(list=target, person=person, subscription=subscription)
            request.change(details, active, "added")
        return state

    def _remove(self, tx: Transaction, list_name: str, address: Address, source: str) -> Answer:
        member = find_membership(tx, list_name, address) or _find_moved(tx, list_name, address)
        if member is None or _has_left(member.subscription):
            raise no_such_member(list_name, address)
        ended = ReaderRequest(tx, Origin(source=source), self._context).end(member, "removed")
        return {"list": member.list.name, "address": member.person.address, "state": ended.state.value}


def _find_moved(tx: Transaction, list_name: str, address: Address) -> SubscriptionDetails | None:
    """The membership of a reader who had this address before, as long as that is known."""
    present = address_changes.moved_addresses(tx).get(address.key)
    return None if present is None else find_membership(tx, list_name, present)


def _require_unmoved(tx: Transaction, target: MailingList, address: Address) -> None:
    """Raise Refused for a former address of somebody whom the list knows: they would get each edition twice."""
    moved = _find_moved(tx, target.name, address)
    if moved is not None:
        raise Refused(
            f"{address} has changed to {moved.person.address}, which is {moved.subscription.state} on {target.name}:"
            " nothing was changed"
        )


def _has_left(subscription: Subscription) -> bool:
    """Whether nobody but the reader can bring it back."""
    return subscription.state is SubscriptionState.UNSUBSCRIBED and subscription.source != SYNC


def _require_addable(subscription: Subscription | None, target: MailingList, address: Address, *, asks: bool) -> None:
    """Raise Refused for anyone who unsubscribed or is suspended.

    People who left and have signed up again, but not confirmed, may be asked again; they may not just be added.
    """
    if subscription is None:
        return
    if subscription.state is SubscriptionState.SUSPENDED:
        raise Refused(f"{address} {_why_suspended(subscription)} {target.name}: nothing was changed")
    has_left = subscription.state is SubscriptionState.UNSUBSCRIBED
    is_returning = (
        subscription.state is SubscriptionState.PENDING and subscription.state_before is SubscriptionState.UNSUBSCRIBED
    )
    if has_left or (is_returning and not asks):
        raise Refused(f"{address} unsubscribed from {target.name}. Only they can come back, by signing up")


def _why_suspended(subscription: Subscription) -> str:
    if subscription.is_off:
        return "was imported as suspended on"
    return "paused their subscription of" if subscription.is_paused else "is suspended after bounces of"
