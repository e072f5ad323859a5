"""One subscriber of a list as programs see them, the same wherever one is shown."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from pressrun.core.addresses.address import Address
from pressrun.core.errors import NotFound
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import digests_of
from pressrun.core.timestamps import rfc3339
from pressrun.services.suppression import SuppressionReason, find_reason
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription
from pressrun.store.transaction import Transaction


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A subscriber of a list. `state` is null for an address that has none there, `suppressed` the reason or null.

    `created`: whether the request that this answers has made it. Who may only sign people up learns the state alone,
    which is always pending.
    """

    state: str | None
    email: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    fields: dict[str, str] | UnsetType = UNSET
    since: str | UnsetType | None = UNSET
    source: str | UnsetType | None = UNSET
    suppressed: str | UnsetType | None = UNSET
    paused_until: str | UnsetType | None = UNSET
    created: bool | UnsetType = UNSET


def no_such_member(list_name: str, address: Address) -> NotFound:
    """The error for an address that has no subscription to a list."""
    return NotFound(f"{address} is not subscribed to {list_name}")


def find_membership(
    tx: Transaction, list_name: str, address: Address
) -> tuple[MailingList, Subscriber, Subscription] | None:
    """The subscription of an address to a list, in any state. Raises NotFound for an unknown list."""
    target = lists.get_list(tx, list_name)
    person = subscribers.find_subscriber(tx, address)
    if person is None:
        return None
    subscription = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
    return None if subscription is None else (target, person, subscription)


def require_membership(
    tx: Transaction, list_name: str, address: Address
) -> tuple[MailingList, Subscriber, Subscription]:
    """The same; raises NotFound where there is none."""
    membership = find_membership(tx, list_name, address)
    if membership is None:
        raise no_such_member(list_name, address)
    return membership


def show_member(tx: Transaction, keys: KeyRing, list_name: str, address: Address) -> Member:
    """The subscriber with this address, in any state. Raises NotFound."""
    _, person, subscription = require_membership(tx, list_name, address)
    return describe_member(address, person, subscription, find_reason(tx, digests_of(keys, address)))


def show_address(tx: Transaction, keys: KeyRing, list_name: str, address: Address) -> Member:
    """The same, also of an address that is not on the list. Raises NotFound for an unknown list."""
    _, person, subscription = find_membership(tx, list_name, address) or (None, None, None)
    return describe_member(address, person, subscription, find_reason(tx, digests_of(keys, address)))


def describe_member(
    address: Address,
    person: Subscriber | None,
    subscription: Subscription | None,
    reason: SuppressionReason | None,
    *,
    created: bool | UnsetType = UNSET,
) -> Member:
    """An address as it is on a list, suppressed for a reason or for none.

    Nothing is said of a person who has never been on the list.
    """
    if person is None or subscription is None:
        return Member(
            state=None,
            email=address.typed,
            name="",
            language="",
            fields={},
            since=None,
            source=None,
            suppressed=reason,
            created=created,
        )
    return Member(
        state=subscription.state.value,
        email=person.address,
        name=person.name,
        language=person.language,
        fields=dict(person.attributes),
        since=rfc3339(subscription.since),
        source=subscription.source,
        suppressed=reason,
        paused_until=rfc3339(subscription.paused_until),
        created=created,
    )
