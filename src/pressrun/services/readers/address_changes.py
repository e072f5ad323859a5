"""Another address for a reader: requested by their own link, confirmed by the new address, undone by the old one.

Nothing changes until the new address has confirmed. The old one is notified at once, with a link that stops the change,
and again when it is done, with one that undoes it for a week. Each of these ends every preferences link so far.

If the new address already belongs to a reader, the two are merged (reader_merges). Name, language and the like move,
unless the new address has ever confirmed anything. Links in earlier mails to the old address then unsubscribe the new
one, as they do after any change of address.

Undoing gives each of them back what they had, unless they have changed it since. It also undoes the reader's later
changes of address, whose own links to undo could otherwise take the lists away again. If somebody has signed up the old
address in the meantime, the subscriptions move to the reader who has it now.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.tokens import Digests, digests_of
from pressrun.services.context import ServiceContext
from pressrun.services.readers.double_clicks import by_link, meter_of_requests
from pressrun.services.readers.reader_merges import merge_readers, split_readers
from pressrun.services.readers.requests import Origin, ReaderRequest, carry_out
from pressrun.services.readers.subscription_records import choose_list_of_mail, list_subscriptions, live_subscriptions
from pressrun.services.readers.suspension import begin_at_address
from pressrun.services.suppression import find_reason, lift_for_reader, may_confirm
from pressrun.store import limits
from pressrun.store.limits import Meter
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import address_changes, subscribers, subscriptions
from pressrun.store.readers.address_changes import AddressChange, ChangeState
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Transaction

ASK, NOTIFY = "address_change", "address_moving"  # notices to the new and to the old address
LIMIT = "address_changes_per_reader"


class AddressChangeOutcome(StrEnum):
    """What a link about a change of address does, or did."""

    DONE = "done"
    ALREADY = "already"
    OVER = "over"  # too late, stopped, or no longer possible


class AddressChangePage(Struct, frozen=True, kw_only=True):
    """What the page of a link shows: the addresses, the list it speaks for, the reader's language if known."""

    old: Address
    new: Address
    list: MailingList
    language: str


class _Pending(NamedTuple):
    """A change that a link can carry out."""

    page: AddressChangePage
    change: AddressChange
    person: Subscriber


class _Check(Struct, frozen=True, kw_only=True):
    """What a link would do; `pending` is there where `outcome` is DONE."""

    outcome: AddressChangeOutcome
    page: AddressChangePage | None = None
    pending: _Pending | None = None

    @property
    def answer(self) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        return self.outcome, self.page


_OVER = _Check(outcome=AddressChangeOutcome.OVER)


class AddressChanges:
    """The services behind a change of address."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def request(self, subscriber_id: int, new: Address, origin: Origin, *, epoch: int | None = None) -> None:
        """Ask the new address and notify the old one. Over a limit, or for a suppressed address, nothing happens.

        Nor does anything if the person's links of this epoch have ended.
        """
        await carry_out(self._context, origin, self._request, subscriber_id, new, epoch)

    async def find(self, change_id: int) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        """What confirming would do now. DONE: the page offers the button."""
        return (await self._context.database.read(self._check_confirm, change_id)).answer

    async def find_undo(self, change_id: int) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        """What undoing would do now. DONE: the page offers the button."""
        return (await self._context.database.read(self._check_undo, change_id)).answer

    async def confirm(self, change_id: int, origin: Origin) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        """Move everything to the new address; a second time changes nothing."""
        return (await carry_out(self._context, origin, self._confirm, change_id)).answer

    async def undo(self, change_id: int, origin: Origin) -> tuple[AddressChangeOutcome, AddressChangePage | None]:
        """Stop a change, or undo it; a second time changes nothing."""
        return (await carry_out(self._context, origin, self._undo, change_id)).answer

    # ------------------------------------------------------------------ the request

    def _request(self, request: ReaderRequest, subscriber_id: int, new: Address, epoch: int | None) -> None:
        tx = request.tx
        person = subscribers.find_subscriber_by_id(tx, subscriber_id)
        if person is None or new.key == person.address_key or epoch not in (None, person.epoch):
            return
        target = choose_list_of_mail(tx, person)
        if target is None or not self._may_ask(tx, person, new):
            return
        number = address_changes.insert_change(
            tx,
            subscriber_id=person.id,
            old=person.address,
            new=new,
            now=request.now,
            expires_at=request.confirm_until,
        )
        payload: dict[str, object] = {"change": number, "expires_at": request.confirm_until}
        request.answer(ASK, target, person, payload, to=new)
        payload |= {"is_done": False, "new": new.masked()}
        request.answer(NOTIFY, target, person, payload, to=parse_address(person.address))

    def _may_ask(self, tx: Transaction, person: Subscriber, new: Address) -> bool:
        if find_reason(tx, digests_of(self._context.keys, new)) is not None:
            return False
        rates = self._context.limits
        meters = (
            meter_of_requests(self._context, by_link(person.id), ASK, new.typed),
            Meter(LIMIT, b"%d" % person.id, rates.address_changes_per_reader),
            self._context.meter_of("confirmations_per_address", new),
            Meter("confirmations", b"", rates.confirmations),
        )
        return limits.spend(tx, meters, self._context.clock())

    # ------------------------------------------------------------------ checks

    def _check_confirm(self, tx: Transaction, change_id: int) -> _Check:
        check = self._check(tx, change_id, {ChangeState.ASKED}, ChangeState.DONE)
        if check.pending is not None and check.pending.person.address_key == check.pending.page.new.key:
            return _Check(outcome=AddressChangeOutcome.ALREADY, page=check.page)  # never merge readers with themselves
        return check

    def _check_undo(self, tx: Transaction, change_id: int) -> _Check:
        return self._check(tx, change_id, {ChangeState.ASKED, ChangeState.DONE}, ChangeState.UNDONE)

    def _check(self, tx: Transaction, change_id: int, waiting: set[ChangeState], done: ChangeState) -> _Check:
        change = address_changes.find_change(tx, change_id)
        if change is None or change.expires_at <= self._context.clock():
            return _OVER
        person = subscribers.find_subscriber_by_id(tx, change.subscriber_id)
        target = None if person is None else choose_list_of_mail(tx, person)
        if person is None or target is None or change.state not in {*waiting, done}:
            return _OVER
        page = AddressChangePage(
            old=parse_address(change.old_address),
            new=parse_address(change.new_address),
            list=target,
            language=person.language,
        )
        if change.state is done:
            return _Check(outcome=AddressChangeOutcome.ALREADY, page=page)
        return _Check(outcome=AddressChangeOutcome.DONE, page=page, pending=_Pending(page, change, person))

    # ------------------------------------------------------------------ doing and undoing

    def _confirm(self, request: ReaderRequest, change_id: int) -> _Check:
        tx, now = request.tx, request.now
        check = self._check_confirm(tx, change_id)
        if check.pending is None:
            return check
        page, change, person = check.pending
        digests = digests_of(self._context.keys, page.new)
        if not may_confirm(tx, digests):
            return _OVER
        lift_for_reader(tx, digests)
        other = subscribers.find_subscriber(tx, page.new)
        former: Mapping[str, Any] = {}
        if other is None:
            reader = _move_to_address(request, person, page.new, digests)
        else:
            begin_at_address(tx, other, now)
            former = merge_readers(request, person, other)
            subscribers.end_links(tx, person.id)
            reader = other
        for details in live_subscriptions(tx, reader):
            request.record("moved", details.list, reader)
        until = int(self._context.clock() + self._context.tokens.undo_change_seconds)
        address_changes.record_confirmed(tx, change.id, former=former, expires_at=until)
        payload = {"change": change.id, "expires_at": until, "is_done": True, "new": page.new.masked()}
        request.answer(NOTIFY, page.list, person, payload, to=page.old)
        return check

    def _undo(self, request: ReaderRequest, change_id: int) -> _Check:
        check = self._check_undo(request.tx, change_id)
        if check.pending is None:
            return check
        page, change, person = check.pending
        if change.state is ChangeState.DONE:  # copies that the change has stopped may go out after all
            reader = self._bring_back(request, change, person, page.old)
            for details in live_subscriptions(request.tx, reader):
                request.record("restored", details.list, reader)
        subscribers.end_links(request.tx, person.id)
        address_changes.record_undone(request.tx, change)
        return check

    def _bring_back(
        self, request: ReaderRequest, change: AddressChange, person: Subscriber, old: Address
    ) -> Subscriber:
        """Bring the subscriptions back to the old address; returns who has it now.

        In the meantime anybody can sign the old address up, which makes another reader of it. That must not take
        away the way back, so this reader gets the subscriptions.
        """
        tx, now, digests = request.tx, request.now, digests_of(self._context.keys, old)
        lift_for_reader(tx, digests)
        other = subscribers.find_subscriber(tx, old)
        if not change.former and other is not None and other.id != person.id:
            begin_at_address(tx, other, now)
            merge_readers(request, person, other)
            return other
        if not change.former:
            return _move_to_address(request, person, old, digests)
        begin_at_address(tx, person, now)
        lists.lock_members(tx, [details.list.id for details in list_subscriptions(tx, person)])
        split_readers(tx, change.former, person, now)
        return replace(person, address=old.typed)


def _move_to_address(request: ReaderRequest, person: Subscriber, address: Address, digests: Digests) -> Subscriber:
    """Give a person an address that nobody else has, and that they have just proved."""
    _void_requests(request.tx, person, request.now)
    subscribers.move_to_address(request.tx, person.id, address, digests)
    begin_at_address(request.tx, person, request.now)
    return replace(person, address=address.typed)


def _void_requests(tx: Transaction, person: Subscriber, now: int) -> None:
    """End the requests that wait for the owner of one address, which must not be proof for another."""
    for details in list_subscriptions(tx, person):
        subscription = details.subscription
        if subscription.state is SubscriptionState.PENDING:
            voided = replace(subscription, round=subscription.round + 1)
            subscriptions.record_subscription(tx, subscription, voided, now)
