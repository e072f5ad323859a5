"""Statements for many people at once, as adding, importing and exporting need them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.lifecycles.events import EventType, of_subscription
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.tokens import Digests
from pressrun.store.programs import events
from pressrun.store.queue import deliveries
from pressrun.store.readers.subscribers import PersonProfile
from pressrun.store.transaction import Conflict, Row, Transaction, in_json


class NewSubscriber(NamedTuple):
    """A person whose address nobody has."""

    address: Address
    key: str
    digests: Digests
    profile: PersonProfile


class ProfileChange(NamedTuple):
    """What a person's profile becomes."""

    subscriber_id: int
    profile: PersonProfile


class NewSubscription(NamedTuple):
    """The first subscription of a person to a list."""

    subscriber_id: int
    state: SubscriptionState
    since: int


class StateChange(NamedTuple):
    """A subscription that becomes active, or suspended because a file says so."""

    subscription_id: int
    before: SubscriptionState | None
    state: SubscriptionState | None
    since: int


class PriorState(Struct, frozen=True, gc=False, kw_only=True):
    """What is known of an address and its subscription to a list; of an unknown one zero ids and no state.

    `address` is the stored spelling, `source` that of the subscription, which is in its state since `since`. The caller
    finds out whether it is suppressed.
    """

    subscriber_id: int = 0
    subscription_id: int = 0
    address: str = ""
    address_key: str = ""
    name: str = ""
    language: str = ""
    attributes: Mapping[str, str] = {}
    state: SubscriptionState | None = None
    source: str = ""
    since: int | None = None
    has_left: bool = False
    is_suppressed: bool = False

    @property
    def profile(self) -> PersonProfile:
        """Name, language and imported columns."""
        return PersonProfile(self.name, self.language, self.attributes)


def find_standings(tx: Transaction, *, list_id: int, keys: Iterable[str]) -> list[PriorState]:
    """The people with these address keys, and their subscriptions to a list."""
    return tx.parsed_rows(PriorState, "enrolment.standings", list_id=list_id, keys=in_json([(key,) for key in keys]))


def members_of_source(tx: Transaction, *, list_id: int, source: str, after: str, limit: int) -> list[str]:
    """The address keys of those on a list whom a source has brought in, in order: `limit` of them after a key."""
    rows = tx.rows("enrolment.members_of_source", list_id=list_id, source=source, after=after, limit=limit)
    return [row["address_key"] for row in rows]


def find_suppressed(tx: Transaction, digests: Sequence[Digests]) -> list[int]:
    """The places of those addresses that are suppressed, or whose mailbox said "never again"."""
    octets = b"".join(digest for pair in digests for digest in pair)
    rows = tx.rows("enrolment.suppressed", places=in_json([(place,) for place in range(len(digests))]), octets=octets)
    return [row["place"] for row in rows]


def reserve_subscriber_ids(tx: Transaction, number: int) -> list[int]:
    """Ids for `number` people who are to be stored; nobody else gets them."""
    return _draw_ids(tx, "subscriber", number) if number else []


def insert_subscribers(tx: Transaction, ids: Sequence[int], people: Sequence[NewSubscriber], now: int) -> None:
    """Store new people by their ids."""
    if not people:
        return
    rows = [
        (new_id, address.typed, key, address.domain, *digests, *_profile_columns(profile), now)
        for new_id, (address, key, digests, profile) in zip(ids, people, strict=True)
    ]
    tx.run_rows("enrolment.insert_subscribers", rows)


def _draw_ids(tx: Transaction, table: str, number: int) -> list[int]:
    """Ids of a table that nobody else gets, as one JSON text, which is cheaper than a row for each."""
    ids: list[int] = json.loads(tx.value("enrolment.draw_ids", table=table, number=number))
    return ids


def update_profiles(tx: Transaction, changes: Sequence[ProfileChange], *, how: str) -> None:
    """Write name, language and imported columns of people back; `how` they came to change."""
    if changes:
        rows = [(change.subscriber_id, *_profile_columns(change.profile)) for change in changes]
        tx.run("enrolment.update_profiles", changes=in_json(rows))
        readers = [(None, change.subscriber_id) for change in changes]
        events.record_for_readers(tx, EventType.SUBSCRIBER_CHANGED, readers, how)


def _profile_columns(profile: PersonProfile) -> tuple[str, str, str]:
    return profile.name, profile.language, in_json(dict(profile.attributes))


def insert_subscriptions(tx: Transaction, new: Sequence[NewSubscription], *, list_id: int, source: str) -> list[int]:
    """Store subscriptions of people who have none to this list; returns the id of each."""
    if not new:
        return []
    ids = _draw_ids(tx, "subscription", len(new))
    rows = [(new_id, *subscription, list_id, source) for new_id, subscription in zip(ids, new, strict=True)]
    tx.run_rows("enrolment.insert_subscriptions", rows)
    by_type: dict[EventType | None, list[tuple[int, int]]] = {}
    state, readers = None, list[tuple[int, int]]()
    for subscription in new:
        if state is not subscription.state:  # nearly all have the same
            state = subscription.state
            readers = by_type.setdefault(of_subscription(None, (state, None)), [])
        readers.append((list_id, subscription.subscriber_id))
    for type_, readers in by_type.items():
        assert type_ is not None  # a new subscription stands otherwise than none
        events.record_for_readers(tx, type_, readers, source)
    return ids


def insert_confirmations(
    tx: Transaction, requests: Sequence[tuple[int, str, str]], *, now: int, expires_at: int
) -> dict[int, int]:
    """Store requests of new subscriptions that wait for a confirmation: the subscription, the name and the language.

    Returns the id of each by that of its subscription.
    """
    rows = tx.rows("enrolment.insert_confirmations", requests=in_json(requests), now=now, expires_at=expires_at)
    return {row["subscription_id"]: row["id"] for row in rows}


def lock_subscriptions(tx: Transaction, ids: Sequence[int]) -> None:
    """Let nobody change these subscriptions until the commit."""
    tx.rows("enrolment.lock_subscriptions", ids=in_json(ids))


def change_states(tx: Transaction, changes: Sequence[StateChange], *, source: str) -> None:
    """Activate subscriptions, or suspend them because a file says so.

    Raises Conflict when the state of one was not as it was.
    """
    if not changes:
        return
    changed = tx.rows("enrolment.change_states", changes=in_json(changes), source=source)
    if len(changed) < len(changes):
        raise Conflict("the state of a subscription has changed")
    before = {change.subscription_id: change.before for change in changes}
    for row in changed:
        was = before[row["id"]]
        events.record_move(
            tx,
            row["id"],
            list_id=row["list_id"],
            subscriber_id=row["subscriber_id"],
            before=None if was is None else (was, None),
            after=(SubscriptionState(row["state"]), row["suspended_for"]),
            how=source,
        )


def export_page(tx: Transaction, *, list_id: int, state: str, after: int, limit: int) -> list[Row]:
    """Members in one state, ordered by id: `limit` of them after the id `after`.

    Each comes with the latest event of their consent: its content, its time and the network address it came from.
    """
    return tx.rows("enrolment.export_page", list_id=list_id, state=state, after=after, limit=limit)


def evidence_of(tx: Transaction, list_id: int, people: Sequence[int]) -> dict[int, Row]:
    """`consent`, `consented_at` and `consent_ip` of people on a list, as in `export_page`, by their ids."""
    rows = tx.rows("enrolment.evidence_of", list_id=list_id, people=in_json(people))
    return {row["subscriber_id"]: row for row in rows}


def list_columns(tx: Transaction, list_id: int) -> list[str]:
    """The imported columns that subscribers of a list have, in any state, by name."""
    return [row["name"] for row in tx.rows("enrolment.columns", list_id=list_id)]


def count_audience(tx: Transaction, list_id: int) -> int:
    """How many readers would get an edition of a list now."""
    return int(tx.value("enrolment.count_audience", list_id=list_id))


def cancel_everything(tx: Transaction, *subscriber_ids: int, now: int) -> None:
    """Cancel the unclaimed copies and notices of people."""
    tx.run("enrolment.cancel_notices", people=in_json(subscriber_ids), now=now)
    deliveries.cancel_copies_of(tx, *subscriber_ids, now=now)
