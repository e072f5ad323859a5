"""`list ls`, `list show` and `editor ls`: lists with their settings, their counts of readers, and their editors."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import msgspec

from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList, ShownSettings
from pressrun.store.paging import split_page
from pressrun.store.people import people
from pressrun.store.readers import unsubscribes, welcomes
from pressrun.store.transaction import Transaction


def list_lists(tx: Transaction) -> list[Answer]:
    """`list ls`: every list with its counts, by name."""
    return [describe_list(tx, target) for target in lists.all_lists(tx)]


def page_of_lists(
    tx: Transaction, may_see: Callable[[str], bool], *, after: str, limit: int
) -> tuple[list[Answer], str | None]:
    """Lists that somebody may see, by name, after the name `after`; and the name after which the next page begins."""
    seen = [target for target in lists.all_lists(tx) if target.name > after and may_see(target.name)]
    page, following = split_page(seen, limit, lambda target: target.name)
    return [describe_list(tx, target) for target in page], following


def show_list(tx: Transaction, name: str) -> Answer:
    """`list show`; raises NotFound."""
    return describe_list(tx, lists.get_list(tx, name))


def describe_list(tx: Transaction, target: MailingList) -> Answer:
    """One list with its settings and its number of readers in each state."""
    counts = lists.count_subscriptions(tx, target.id)
    return {
        "name": target.name,
        "title": target.title,
        "from": target.from_address,
        **{state.value: counts.get(state, 0) for state in BY_ACTIVITY},
        **{name: getattr(target, name) for name in ShownSettings.__struct_fields__},
        "logo": None if target.logo is None else lists.find_logo_name(tx, target.id),
        **_describe_welcome(welcomes.find_welcome(tx, target.id)),
        "created_at": rfc3339(target.created_at),
        "closed_at": rfc3339(target.closed_at),
        "leaving_reasons": unsubscribes.count_reasons(tx, target.id),
        "revision": settings_revision(target),
    }


def settings_revision(target: MailingList) -> int:
    """A 40-bit number that changes when any setting of a list changes, except its welcome email."""
    settings = blake2b(msgspec.json.encode(target), digest_size=5).digest()
    return int.from_bytes(settings)


def _describe_welcome(welcome: Edition | None) -> Answer:
    """The file of the welcome mail, and the edition that reports on it."""
    if welcome is None:
        return {"welcome": None, "welcome_edition": None}
    return {"welcome": welcome.source_name, "welcome_edition": welcome.id}


def count_readers(tx: Transaction, name: str) -> int:
    """How many subscriptions a list has, in any state; raises NotFound."""
    return sum(lists.count_subscriptions(tx, lists.get_list(tx, name).id).values())


BY_ACTIVITY = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.SUSPENDED,
    SubscriptionState.UNSUBSCRIBED,
)


def list_editors(tx: Transaction, name: str) -> list[Answer]:
    """`editor ls`: the addresses that may post to a list by mail."""
    return [{"address": address} for address in people.list_editors(tx, lists.get_list(tx, name).id)]
