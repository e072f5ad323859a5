"""`list ls`, `list show` and `editor ls`: lists with their settings, their counts of readers, and their editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import asdict

from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList, ShownSettings
from pressrun.store.paging import split_page
from pressrun.store.people import people
from pressrun.store.readers import unsubscribes, welcomes
from pressrun.store.transaction import Transaction


class _ListHead(ShownSettings, frozen=True, rename={"from_": "from"}):
    """What is shown of a list before its settings: members that are not keyword-only precede inherited ones."""

    name: str
    title: str
    from_: str
    active: int
    pending: int
    suspended: int
    unsubscribed: int


class ListInfo(_ListHead, frozen=True, kw_only=True):
    """A list with its settings, and its number of readers in each state. Times are RFC 3339."""

    logo: str | None
    welcome: str | None
    welcome_edition: int | None
    created_at: str
    closed_at: str | None
    leaving_reasons: Mapping[str, Mapping[str, int]]
    revision: int


class CheckedList(ListInfo, frozen=True, kw_only=True):
    """The same, with what preflight finds in its new welcome email."""

    findings: Sequence[Mapping[str, Any]]


def list_lists(tx: Transaction) -> list[ListInfo]:
    """`list ls`: every list with its counts, by name."""
    return [describe_list(tx, target) for target in lists.all_lists(tx)]


def page_of_lists(
    tx: Transaction, may_see: Callable[[str], bool], *, after: str, limit: int
) -> tuple[list[ListInfo], str | None]:
    """Lists that somebody may see, by name, after the name `after`; and the name after which the next page begins."""
    seen = [target for target in lists.all_lists(tx) if target.name > after and may_see(target.name)]
    page, following = split_page(seen, limit, lambda target: target.name)
    return [describe_list(tx, target) for target in page], following


def show_list(tx: Transaction, name: str) -> ListInfo:
    """`list show`; raises NotFound."""
    return describe_list(tx, lists.get_list(tx, name))


def describe_list(tx: Transaction, target: MailingList) -> ListInfo:
    """One list with its settings and its number of readers in each state."""
    counts, welcome = lists.count_subscriptions(tx, target.id), welcomes.find_welcome(tx, target.id)
    return ListInfo(
        name=target.name,
        title=target.title,
        from_=target.from_address,
        active=counts.get(SubscriptionState.ACTIVE, 0),
        pending=counts.get(SubscriptionState.PENDING, 0),
        suspended=counts.get(SubscriptionState.SUSPENDED, 0),
        unsubscribed=counts.get(SubscriptionState.UNSUBSCRIBED, 0),
        logo=None if target.logo is None else lists.find_logo_name(tx, target.id),
        welcome=None if welcome is None else welcome.source_name,
        welcome_edition=None if welcome is None else welcome.id,
        created_at=rfc3339(target.created_at),
        closed_at=rfc3339(target.closed_at),
        leaving_reasons=unsubscribes.count_reasons(tx, target.id),
        revision=settings_revision(target),
        **{name: getattr(target, name) for name in ShownSettings.__struct_fields__},
    )


def settings_revision(target: MailingList) -> int:
    """A 40-bit number that changes when any setting of a list changes, except its welcome email."""
    settings = {"title": target.title, **asdict(target)}  # in the order by which programs have had the number so far
    return int.from_bytes(blake2b(msgspec.json.encode(settings), digest_size=5).digest())


def list_editors(tx: Transaction, name: str) -> list[Answer]:
    """`editor ls`: the addresses that may post to a list by mail."""
    return [{"address": address} for address in people.list_editors(tx, lists.get_list(tx, name).id)]
