"""Another address for a reader: asked for by their own link, confirmed by the new address, undone by the old one.

Until the new address has confirmed, nothing changes. The old one is told at once, with a link that stops it, and again
when it is done, with one that brings everything back for a week; both end every preferences link that is out there.

Where the new address is a reader already, they stay two people and the subscriptions go over: each list that the old
one reads, and the new one does not. Undoing gives each of them back what they had, as far as they have not changed it
since. It undoes later changes of that reader as well, so that nobody can take them away again by a link of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from pressrun.core.address import Address, parse_address
from pressrun.core.subscription import SubscriptionState
from pressrun.core.tokens import digests_of, suppression_digest
from pressrun.services.readers.context import ReaderContext
from pressrun.services.readers.reader_notices import ReaderNotice, queue_notice
from pressrun.services.readers.sign_ups import (
    Origin,
    end_subscription,
    is_member,
    record_consent,
)
from pressrun.services.readers.suspension import welcome_back
from pressrun.services.suppression import find_reason, lift_for_reader, may_confirm
from pressrun.store import address_changes, limits, lists, subscribers, subscriptions
from pressrun.store.address_changes import ChangeState
from pressrun.store.lists import MailingList
from pressrun.store.subscribers import Subscriber
from pressrun.store.subscriptions import Subscription
from pressrun.store.transaction import Transaction

ASK, TELL = "address_change", "address_moving"  # notices to the new and to the old address
LIMIT = "address_changes_per_reader"
SOURCE = "move"  # of subscriptions that went over to somebody who was a reader already
_RESTORED = ("state", "state_before", "suspended_for", "paused_until", "source", "since")


class AddressChangeOutcome(StrEnum):
    """What a link about a change of address does, or did."""

    DONE = "done"
    ALREADY = "already"
    OVER = "over"  # too late, stopped, or not possible any more


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChangePage:
    """What the page of a link shows: the addresses, a list to speak for them all, the reader's language if known."""

    old: Address
    new: Address
    list: MailingList
    language: str


class AddressChanges:
    """The use cases of a change of address, over one database."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    async def request(self, subscriber_id: int, new: Address, origin: Origin) -> None:
        """Ask the new address and tell the old one; over a limit, or where no mail may go, nothing happens or shows."""
        await self._context.database.write(self._request, subscriber_id, new, origin)
        self._context.wake()

    async def find(self, change_id: int) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        """What confirming would do now (DONE: the button is offered)."""
        return await self._context.database.read(self._look, change_id, ChangeState.ASKED, ChangeState.DONE)

    async def find_undo(self, change_id: int) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        """What undoing would do now (DONE: the button is offered)."""
        return await self._context.database.read(self._look_at_undo, change_id)

    async def confirm(self, change_id: int, origin: Origin) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        """Move everything to the new address; doing it twice is as good as once."""
        answer = await self._context.database.write(self._confirm, change_id, origin)
        self._context.wake()
        return answer

    async def undo(self, change_id: int, origin: Origin) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        """Stop a change, or take it back; doing it twice is as good as once."""
        return await self._context.database.write(self._undo, change_id, origin)

    # ------------------------------------------------------------------ asking

    def _request(self, tx: Transaction, subscriber_id: int, new: Address, origin: Origin) -> None:
        now = self._context.clock()
        person = subscribers.get_subscriber(tx, subscriber_id)
        if person is None or new.key == person.address_key:
            return
        target = _list_that_speaks(tx, person)
        if target is None or not self._may_ask(tx, person, new, now):
            return
        at, expires_at = int(now), int(now + self._context.tokens.confirm_lifetime_seconds)
        number = address_changes.insert_change(
            tx, subscriber_id=person.id, old=person.address, new=new, now=at, expires_at=expires_at
        )
        payload = {"change": number, "expires_at": expires_at}
        self._mail(tx, ASK, new.typed, target, person, origin, payload)
        told = payload | {"is_done": False, "new": new.masked()}
        self._mail(tx, TELL, person.address, target, person, origin, told)

    def _may_ask(self, tx: Transaction, person: Subscriber, new: Address, now: float) -> bool:
        if find_reason(tx, digests_of(self._context.keys, new)) is not None:
            return False
        fold, rates = suppression_digest(self._context.keys, new.fold), self._context.limits
        return (
            limits.spend(tx, LIMIT, b"%d" % person.id, rates.address_changes_per_reader, now)
            and limits.spend(tx, "confirmations_per_address", fold, rates.confirmations_per_address, now)
            and limits.spend(tx, "confirmations", b"", rates.confirmations, now)
        )

    def _mail(
        self,
        tx: Transaction,
        kind: str,
        address: str,
        target: MailingList,
        person: Subscriber,
        origin: Origin,
        payload: Mapping[str, object],
    ) -> None:
        mailing = ReaderNotice(kind=kind, secret=self._context.entropy(16), payload=payload)
        queue_notice(tx, mailing, target, replace(person, address=address), origin, int(self._context.clock()))

    # ------------------------------------------------------------------ looking

    def _look(
        self, tx: Transaction, change_id: int, waiting: ChangeState, done: ChangeState
    ) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        change = address_changes.get_change(tx, change_id)
        if change is None or change.expires_at <= self._context.clock():
            return AddressChangeOutcome.OVER, None
        person = subscribers.get_subscriber(tx, change.subscriber_id)
        target = None if person is None else _list_that_speaks(tx, person)
        if person is None or target is None:
            return AddressChangeOutcome.OVER, None
        old, new = parse_address(change.old_address), parse_address(change.new_address)
        move = AddressChangePage(old=old, new=new, list=target, language=person.language)
        if change.state is done:
            return AddressChangeOutcome.ALREADY, move
        return (AddressChangeOutcome.DONE, move) if change.state is waiting else (AddressChangeOutcome.OVER, None)

    def _look_at_undo(self, tx: Transaction, change_id: int) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        change = address_changes.get_change(tx, change_id)
        waiting = ChangeState.ASKED if change is None else change.state
        outcome, move = self._look(tx, change_id, waiting, ChangeState.UNDONE)
        if outcome is AddressChangeOutcome.DONE and change is not None and change.state is ChangeState.DONE:
            other = subscribers.find_subscriber(tx, parse_address(change.old_address))
            if other is not None and other.id != change.subscriber_id:
                return AddressChangeOutcome.OVER, None  # somebody signed up with the old address since
        return outcome, move

    # ------------------------------------------------------------------ doing and undoing

    def _confirm(
        self, tx: Transaction, change_id: int, origin: Origin
    ) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        outcome, move = self._look(tx, change_id, ChangeState.ASKED, ChangeState.DONE)
        change = address_changes.get_change(tx, change_id)
        if outcome is not AddressChangeOutcome.DONE or move is None or change is None:
            return outcome, move
        person = subscribers.get_subscriber(tx, change.subscriber_id)
        assert person is not None  # _look saw them
        now = self._context.clock()
        digests = digests_of(self._context.keys, move.new)
        if not may_confirm(tx, digests):
            return AddressChangeOutcome.OVER, None
        lift_for_reader(tx, digests)
        other = subscribers.find_subscriber(tx, move.new)
        former: Mapping[str, Any] = {}
        if other is None:
            _void_requests(tx, person)
            subscribers.move_to_address(tx, person.id, move.new, digests)
            welcome_back(tx, person, int(now))
            reader = replace(person, address=move.new.typed)
        else:
            welcome_back(tx, other, int(now))
            former = self._hand_over(tx, person, other, origin)
            subscribers.end_links(tx, person.id)
            reader = other
        for item in _live(tx, reader):
            self._record(tx, item, reader, "moved", origin)
        until = int(now + self._context.tokens.undo_change_seconds)
        address_changes.record_change(tx, replace(change, state=ChangeState.DONE, former=former, expires_at=until))
        payload = {"change": change.id, "expires_at": until, "is_done": True, "new": move.new.masked()}
        self._mail(tx, TELL, change.old_address, move.list, person, origin, payload)
        return AddressChangeOutcome.DONE, move

    def _undo(
        self, tx: Transaction, change_id: int, origin: Origin
    ) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        outcome, move = self._look_at_undo(tx, change_id)
        change = address_changes.get_change(tx, change_id)
        if outcome is not AddressChangeOutcome.DONE or move is None or change is None:
            return outcome, move
        person = subscribers.get_subscriber(tx, change.subscriber_id)
        assert person is not None  # _look_at_undo saw them
        if change.state is ChangeState.DONE:
            digests = digests_of(self._context.keys, move.old)
            lift_for_reader(tx, digests)
            welcome_back(tx, person, int(self._context.clock()))
            if change.former:
                _give_back(tx, change.former, int(self._context.clock()))
            else:
                _void_requests(tx, person)
                subscribers.move_to_address(tx, person.id, move.old, digests)
            for item in _live(tx, person):
                self._record(tx, item, replace(person, address=move.old.typed), "restored", origin)
        subscribers.end_links(tx, person.id)
        address_changes.record_undone(tx, change)
        return AddressChangeOutcome.DONE, move

    def _hand_over(
        self, tx: Transaction, person: Subscriber, other: Subscriber, origin: Origin
    ) -> dict[str, list[dict[str, Any]]]:
        """Let the subscriptions of one person go over to another; returns what undoing restores."""
        now = int(self._context.clock())
        restored = []
        for subscription, target in list(_live(tx, person)):
            theirs = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=other.id)
            if not is_member(theirs):
                taken = _take_over(tx, subscription, theirs, other, now)
                subscriptions.hand_copies_over(tx, subscription.id, taken.id, other.domain)
                restored.append(_remember(theirs, taken))
            gone = end_subscription(tx, subscription, SOURCE, now)
            restored.append(_remember(subscription, gone))
            self._record(tx, (gone, target), person, "withdrawn", origin)
        return {"subscriptions": restored}

    def _record(
        self, tx: Transaction, item: tuple[Subscription, MailingList], person: Subscriber, event: str, origin: Origin
    ) -> None:
        record_consent(
            tx, item[1], person, event, origin, now=int(self._context.clock()), salt=self._context.entropy(16)
        )


def _live(tx: Transaction, person: Subscriber) -> Iterator[tuple[Subscription, MailingList]]:
    """The lists that somebody is on, a pause or bounces notwithstanding."""
    for row in subscriptions.subscriptions_of(tx, person.id):
        if row["state"] in (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED):
            subscription, target = subscriptions.get_subscription(tx, row["id"]), lists.get_list(tx, row["list_id"])
            assert subscription is not None
            assert target is not None  # the subscription holds it by a foreign key
            yield subscription, target


def _list_that_speaks(tx: Transaction, person: Subscriber) -> MailingList | None:
    """In whose name the mails go out: the first list that they are on, or were on."""
    rows = [row for row in subscriptions.subscriptions_of(tx, person.id) if row["state"] != SubscriptionState.PENDING]
    rows.sort(key=lambda row: row["state"] == SubscriptionState.UNSUBSCRIBED)
    return lists.get_list(tx, rows[0]["list_id"]) if rows else None


def _void_requests(tx: Transaction, person: Subscriber) -> None:
    """Requests that wait for the owner of one address to confirm must not be proof for another."""
    for row in subscriptions.subscriptions_of(tx, person.id):
        subscription = subscriptions.get_subscription(tx, row["id"])
        assert subscription is not None
        if subscription.state is SubscriptionState.PENDING:
            subscriptions.record_subscription(tx, replace(subscription, round=subscription.round + 1))


def _take_over(
    tx: Transaction, given: Subscription, theirs: Subscription | None, other: Subscriber, now: int
) -> Subscription:
    """Somebody gets a subscription that was another's, as it was but for bounces, which were the other mailbox's."""
    if theirs is None:
        number = subscriptions.insert_subscription(
            tx, list_id=given.list_id, subscriber_id=other.id, state=given.state, source=SOURCE, now=now
        )
        found = subscriptions.get_subscription(tx, number)
        assert found is not None
        theirs = found
    is_paused = given.suspended_for == "paused"
    taken = replace(
        theirs,
        state=SubscriptionState.SUSPENDED if is_paused else SubscriptionState.ACTIVE,
        state_before=None,
        suspended_for=given.suspended_for if is_paused else None,
        paused_until=given.paused_until,
        source=SOURCE,
        since=now,
    )
    subscriptions.record_subscription(tx, taken)
    return taken


def _remember(before: Subscription | None, after: Subscription) -> dict[str, Any]:
    """What a subscription was (None: there was none), and by what it is known again."""
    fields = None if before is None else {name: getattr(before, name) for name in _RESTORED}
    return {"id": after.id, "before": fields, "round": after.round, "since": after.since, "state": after.state}


def _give_back(tx: Transaction, former: Mapping[str, Any], now: int) -> None:
    """Restore what a hand-over changed; what its reader has changed since stays as it is."""
    for item in former["subscriptions"]:
        found = subscriptions.get_subscription(tx, item["id"])
        if found is None or (found.round, found.since, found.state) != (item["round"], item["since"], item["state"]):
            continue
        subscriptions.cancel_copies(tx, [found.id], now)
        if item["before"] is None:
            subscriptions.delete_subscription(tx, found.id)
        else:
            subscriptions.record_subscription(tx, replace(found, **_typed(item["before"])))


def _typed(fields: Mapping[str, Any]) -> dict[str, Any]:
    before = fields["state_before"]
    return {
        **fields,
        "state": SubscriptionState(fields["state"]),
        "state_before": None if before is None else SubscriptionState(before),
    }
