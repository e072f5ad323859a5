"""The subscribers of a list as programs see them, one or a page of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.json import Decoder

from pressrun.core.addresses.address import Address
from pressrun.core.errors import NotFound
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import digests_of
from pressrun.core.timestamps import rfc3339
from pressrun.services.reports.subscriber_listing import SubscriberSelection, part_of_listing
from pressrun.services.suppression import SuppressionReason, find_reason
from pressrun.store.lists import lists
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription, SubscriptionDetails
from pressrun.store.transaction import Row, Transaction

_decode_fields = Decoder(dict[str, str]).decode


class Member(Struct, frozen=True, kw_only=True):
    """A subscriber of a list. `suppressed` is why they get no mail at all; times are RFC 3339.

    `state` is null if the address is not on the list. `created` is whether this request has added it.
    """

    email: str
    name: str
    language: str
    fields: Mapping[str, str]
    state: str | None
    since: str | None
    source: str | None
    suppressed: str | None
    paused_until: str | None
    created: bool | UnsetType = UNSET


class SignedUp(Struct, frozen=True, kw_only=True):
    """The answer to tokens that may only sign people up: the same for every address."""

    state: Literal["pending"] = "pending"


def no_such_member(list_name: str, address: Address) -> NotFound:
    """The error for an address that has no subscription to a list."""
    return NotFound(f"{address} is not subscribed to {list_name}")


def find_membership(tx: Transaction, list_name: str, address: Address) -> SubscriptionDetails | None:
    """The subscription of an address to a list, in any state. Raises NotFound for an unknown list."""
    target = lists.get_list(tx, list_name)
    person = subscribers.find_subscriber(tx, address)
    if person is None:
        return None
    subscription = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
    if subscription is None:
        return None
    return SubscriptionDetails(list=target, person=person, subscription=subscription)


def require_membership(tx: Transaction, list_name: str, address: Address) -> SubscriptionDetails:
    """The same; raises NotFound if there is none."""
    membership = find_membership(tx, list_name, address)
    if membership is None:
        raise no_such_member(list_name, address)
    return membership


def page_of_members(tx: Transaction, list_name: str, selection: SubscriberSelection) -> tuple[list[Member], str | None]:
    """The chosen members, and the place after which others may follow, None where none can.

    Raises NotFound for an unknown list, and BadInput for a domain that is none.
    """
    part = part_of_listing(tx, list_name, selection)
    return [_listed(row) for row in part.rows], part.following


def count_members(tx: Transaction, list_name: str, state: str | None = None) -> int:
    """How many are on a list, in one state or in all; raises NotFound."""
    counts = lists.count_subscriptions(tx, lists.get_list(tx, list_name).id)
    return sum(counts.values()) if state is None else counts.get(state, 0)


def count_part(tx: Transaction, list_name: str, selection: SubscriberSelection) -> tuple[int, str | None]:
    """How many of the chosen members are in the next part, and the place after it, as in `page_of_members`."""
    part = part_of_listing(tx, list_name, selection)
    return len(part.rows), part.following


def show_member(tx: Transaction, keys: KeyRing, list_name: str, address: Address) -> Member:
    """The subscriber with this address, in any state. Raises NotFound."""
    member = require_membership(tx, list_name, address)
    return describe_member(address, member.person, member.subscription, find_reason(tx, digests_of(keys, address)))


def show_address(tx: Transaction, keys: KeyRing, list_name: str, address: Address) -> Member:
    """The same, also of an address that is not on the list. Raises NotFound for an unknown list."""
    member, reason = find_membership(tx, list_name, address), find_reason(tx, digests_of(keys, address))
    if member is None:
        return describe_member(address, None, None, reason)
    return describe_member(address, member.person, member.subscription, reason)


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
            email=address.typed,
            name="",
            language="",
            fields={},
            state=None,
            since=None,
            source=None,
            suppressed=reason,
            paused_until=None,
            created=created,
        )
    return Member(
        email=person.address,
        name=person.name,
        language=person.language,
        fields=person.attributes,
        state=subscription.state,
        since=rfc3339(subscription.since),
        source=subscription.source,
        suppressed=reason,
        paused_until=rfc3339(subscription.paused_until),
        created=created,
    )


def _listed(row: Row) -> Member:
    return Member(
        email=row["address"],
        name=row["name"],
        language=row["language"],
        fields=_decode_fields(row["attributes"]),
        state=row["state"],
        since=rfc3339(row["since"]),
        source=row["source"],
        suppressed=row["suppressed"],
        paused_until=rfc3339(row["paused_until"]),
    )
