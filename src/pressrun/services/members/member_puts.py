"""Adds and changes members for programs: requests that arrive together are carried out as one set.

A program may put very many members, each in a separate request, so requests that arrive at the same time share a few
statements. A request that arrives alone is a set of one.

Nothing here overrides a reader's choice: people who have unsubscribed or are suppressed stay as they are and get no
mail. A former address stands for the reader who has changed it. Whatever a request does not name stays as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.abuse.sign_up import Trust
from pressrun.core.addresses.address import Address
from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.core.quantities import wait_seconds
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import Digests, digests_of
from pressrun.services.context import ServiceContext
from pressrun.services.members.member_changes import Confirm, MemberChanges
from pressrun.services.readers.abuse_limits import AbuseLimits
from pressrun.services.readers.confirmation_requests import MAILED, request_confirmation
from pressrun.services.readers.requests import Origin, ReaderRequest
from pressrun.services.reports.members import Member, describe_member
from pressrun.services.suppression import SuppressionReason, find_reasons
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import address_changes, enrolment, subscribers, subscriptions
from pressrun.store.readers.enrolment import NewSubscriber, NewSubscription, ProfileChange, StateChange
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription
from pressrun.store.transaction import Transaction

_State = SubscriptionState
_BY_PROGRAM = "operator"  # the source of a confirmation mail that the reader did not ask for


class PutRequest(Struct, frozen=True, kw_only=True):
    """An address to add to a list, or what to change of a member there."""

    list_name: str
    address: Address
    changes: MemberChanges
    confirm: Confirm | None
    origin: Origin


class KnownMember(Struct, frozen=True, kw_only=True):
    """What is known about an address on a list, within one transaction. `key` is the key of the address."""

    list: MailingList
    address: Address
    key: str
    digests: Digests
    person: Subscriber | None
    subscription: Subscription | None
    reason: SuppressionReason | None

    @property
    def is_suppressed(self) -> bool:
        """Whether the address gets no mail at all."""
        return self.reason is not None

    @property
    def stays_out(self) -> bool:
        """Whether only the reader may change anything."""
        if self.is_suppressed:
            return True
        state = None if self.subscription is None else self.subscription.state
        before = None if self.subscription is None else self.subscription.state_before
        return _State.UNSUBSCRIBED in (state, before)


def find_members(tx: Transaction, keys: KeyRing, list_name: str, addresses: Sequence[Address]) -> list[KnownMember]:
    """What is known of each address. Raises NotFound, and Refused for a closed list."""
    target = lists.get_open_list(tx, list_name)
    digests = [digests_of(keys, address) for address in addresses]
    reasons = find_reasons(tx, digests)
    people = subscribers.find_subscribers(tx, addresses)
    subscribed = subscriptions.find_subscriptions(
        tx, list_id=target.id, people=[person.id for person in people.values()]
    )
    return [
        KnownMember(
            list=target,
            address=address,
            key=(key := address.key),
            digests=pair,
            person=(person := people.get(key)),
            subscription=None if person is None else subscribed.get(person.id),
            reason=reason,
        )
        for address, pair, reason in zip(addresses, digests, reasons, strict=True)
    ]


_Put = tuple[KnownMember, PutRequest]


class MemberPuts:
    """Carries out the requests of programs to add or change somebody, in a transaction of the caller."""

    def __init__(self, context: ServiceContext, abuse_limits: AbuseLimits) -> None:
        self._context = context
        self._abuse_limits = abuse_limits

    def put(self, tx: Transaction, requests: Sequence[PutRequest]) -> list[Member]:
        """Carry out requests, those about one address in their order; returns the member for each request.

        Raises NotFound, and Refused for a closed list.
        """
        answers: dict[int, Member] = {}
        for places in _apart(requests):
            answers.update(zip(places, self._put_apart(tx, [requests[place] for place in places]), strict=True))
        return [answers[place] for place in range(len(requests))]

    def find_moved(self, tx: Transaction, members: Sequence[KnownMember]) -> dict[int, Address]:
        """The present addresses, by their place, of those whose former one is unknown on the list and not suppressed.

        Only people who are or were on the list: others are nothing that a program may learn of.
        """
        unknown = {
            place: member
            for place, member in enumerate(members)
            if member.subscription is None and not member.is_suppressed
        }
        moved = address_changes.moved_addresses(tx) if unknown else {}
        now = {place: moved[member.key] for place, member in unknown.items() if member.key in moved}
        there = find_members(tx, self._context.keys, members[0].list.name, [*now.values()]) if now else []
        return {
            place: member.address for place, member in zip(now, there, strict=True) if member.subscription is not None
        }

    def request_confirmation(self, tx: Transaction, known: KnownMember, person: Subscriber, origin: Origin) -> bool:
        """Ask a person to confirm, by mail unless a limit forbids it; returns whether a mail was queued."""
        verdict = self._abuse_limits.admit(tx, known.address, Trust.PROVEN, self._context.clock())
        if verdict not in MAILED and known.subscription is not None:
            return False
        request, wanted = ReaderRequest(tx, origin, self._context), [(known.list, known.subscription)]
        request.record("requested", known.list, person)
        # A suppression stops this mail, whatever its reason.
        request_confirmation(request, wanted, person, verdict, name="", answers=_BY_PROGRAM)
        return verdict in MAILED

    def mails_again_in(self, tx: Transaction, address: Address) -> int | None:
        """Seconds until a limit allows another confirmation to an address; None if it never does."""
        now = self._context.clock()
        opens_at = self._abuse_limits.opens_at(tx, address, Trust.PROVEN, now)
        return None if opens_at is None else wait_seconds(opens_at, now)

    def _put_apart(self, tx: Transaction, requests: Sequence[PutRequest]) -> list[Member]:
        """Like `put`, for requests about one list and from one source, each about a different address."""
        members = find_members(tx, self._context.keys, requests[0].list_name, [request.address for request in requests])
        if moved := self.find_moved(tx, members):
            return self._put_moved(tx, requests, moved)
        puts = [(known, request) for known, request in zip(members, requests, strict=True) if not known.stays_out]
        people = self._store_people(tx, puts)
        joined = self._add(tx, [put for put in puts if _is_vouched(*put)], people)
        for known, request in puts:
            if _is_asked(known, request):
                person = people[known.key]
                self.request_confirmation(tx, known, person, request.origin)
                pending = subscriptions.find_subscription(tx, list_id=known.list.id, subscriber_id=person.id)
                joined |= {} if pending is None else {person.id: pending}
        return [_describe(known, people.get(known.key), joined) for known in members]

    def _put_moved(self, tx: Transaction, requests: Sequence[PutRequest], moved: Mapping[int, Address]) -> list[Member]:
        """The same where some of the addresses were changed since: what is said of them is meant for the new ones."""
        others = [place for place in range(len(requests)) if place not in moved]
        followed = [replace(requests[place], address=address) for place, address in moved.items()]
        answers = dict(zip(moved, self.put(tx, followed), strict=True))
        if others:
            answers.update(zip(others, self._put_apart(tx, [requests[place] for place in others]), strict=True))
        return [answers[place] for place in range(len(requests))]

    def _store_people(self, tx: Transaction, puts: Sequence[_Put]) -> dict[str, Subscriber]:
        """Store new people, and what changes of the others; returns all of them by their keys."""
        new = [put for put in puts if put[0].person is None]
        now, ids = self._context.now, enrolment.reserve_subscriber_ids(tx, len(new))
        people = {
            known.key: _new_person(number, known, request.changes, now)
            for number, (known, request) in zip(ids, new, strict=True)
        }
        rows = [NewSubscriber(known.address, known.key, known.digests, people[known.key].profile) for known, _ in new]
        enrolment.insert_subscribers(tx, ids, rows, now)
        changed = []
        for known, request in puts:
            if known.person is not None:
                person = people[known.key] = request.changes.applied_to(known.person)
                if person != known.person:
                    changed.append(ProfileChange(person.id, person.profile))
        enrolment.update_profiles(tx, changed, how="")
        return people

    def _add(self, tx: Transaction, puts: Sequence[_Put], people: Mapping[str, Subscriber]) -> dict[int, Subscription]:
        """Make members of people for whom the program vouches; returns their subscriptions by the person."""
        if not puts:
            return {}
        now, target, source = self._context.now, puts[0][0].list, puts[0][1].origin.source
        before = [(people[known.key].id, known.subscription) for known, _ in puts]
        new = [NewSubscription(person, _added(None), now) for person, earlier in before if earlier is None]
        ids = iter(enrolment.insert_subscriptions(tx, new, list_id=target.id, source=source))
        waiting = [earlier for _, earlier in before if earlier is not None]
        moves = [StateChange(earlier.id, earlier.state, _added(earlier), now) for earlier in waiting]
        enrolment.change_states(tx, moves, source=source)
        for known, request in puts:
            ReaderRequest(tx, request.origin, self._context).record("added", target, people[known.key])
        return {
            person: _member(next(ids), target.id, person, source, now)
            if earlier is None
            else replace(earlier, state=_added(earlier), state_before=None, source=source, since=now)
            for person, earlier in before
        }


def _apart(requests: Sequence[PutRequest]) -> Iterable[list[int]]:
    """The places of the requests, in sets about one list and from one source, each with an address once.

    What comes later about an address is in a later set.
    """
    sets: dict[tuple[str, str, int], list[int]] = {}
    seen: Counter[str] = Counter()
    for place, request in enumerate(requests):
        key = request.address.key
        sets.setdefault((request.list_name, request.origin.source, seen[key]), []).append(place)
        seen[key] += 1
    return [places for _, places in sorted(sets.items(), key=lambda pair: pair[0][2])]


def _is_asked(known: KnownMember, request: PutRequest) -> bool:
    state = None if known.subscription is None else known.subscription.state
    return request.confirm is Confirm.SEND and state in (None, _State.PENDING)


def _is_vouched(known: KnownMember, request: PutRequest) -> bool:
    if known.subscription is None:
        return request.confirm is not Confirm.SEND
    return known.subscription.state is _State.PENDING and request.confirm is Confirm.VOUCH


def _added(before: Subscription | None) -> SubscriptionState:
    state = move(None if before is None else before.state, SubscriptionEvent.ADD)
    assert state is not None
    return state


def _new_person(number: int, known: KnownMember, changes: MemberChanges, now: int) -> Subscriber:
    """A person as they are stored."""
    return Subscriber(
        id=number,
        address=known.address.typed,
        address_key=known.key,
        domain=known.address.domain,
        suppression_digest=known.digests.own,
        mailbox_digest=known.digests.mailbox,
        name=changes.name or "",
        language=changes.language or "",
        attributes=changes.attributes,
        epoch=0,
        created_at=now,
    )


def _member(number: int, list_id: int, subscriber_id: int, source: str, now: int) -> Subscription:
    """A new subscription as it is stored."""
    return Subscription(
        id=number,
        list_id=list_id,
        subscriber_id=subscriber_id,
        state=_added(None),
        state_before=None,
        suspended_for=None,
        paused_until=None,
        source=source,
        since=now,
        round=0,
    )


def _describe(known: KnownMember, person: Subscriber | None, joined: Mapping[int, Subscription]) -> Member:
    if person is None:  # left, or suppressed
        return describe_member(known.address, known.person, known.subscription, known.reason, created=False)
    subscription = joined.get(person.id, known.subscription)
    return describe_member(known.address, person, subscription, known.reason, created=known.subscription is None)
