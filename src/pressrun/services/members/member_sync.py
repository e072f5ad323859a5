"""The sync of a list with a roster: its members of the source `sync` become what the roster says, and nobody else.

Members from other sources are not changed, and anyone who left or is suppressed is not added. Changes are made in
slices, each a transaction with its evidence, so a killed sync leaves a list that the next one completes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.errors import BadInput
from pressrun.core.lifecycles.subscription import SYNC, SubscriptionState
from pressrun.services.context import ServiceContext
from pressrun.store.lists import lists
from pressrun.store.paging import each_row
from pressrun.store.queue import deliveries
from pressrun.store.readers import consent, enrolment, subscriptions
from pressrun.store.readers.consent import ConsentEvent
from pressrun.store.transaction import Transaction

NOBODY_MOVED: Mapping[str, Address] = MappingProxyType({})
_PAGE = 1000
_LIMIT = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(%?)", re.ASCII)


class LeaveLimit(Struct, frozen=True):
    """How many members may leave in one sync: a number, or a percentage of those whom syncs have brought in."""

    text: str
    number: float
    is_percentage: bool

    def is_exceeded(self, leaving: int, members: int) -> bool:
        """Whether more would leave."""
        return leaving > (members * self.number / 100 if self.is_percentage else self.number)


def parse_limit(text: str) -> LeaveLimit:
    """A limit such as 5% or 20; raises BadInput."""
    match = _LIMIT.fullmatch(text.strip())
    if match is None or (match[2] and float(match[1]) > 100):
        raise BadInput(f"invalid limit {text!r}. Write 5% or 20")
    return LeaveLimit(text.strip(), float(match[1]), bool(match[2]))


def synced_members(tx: Transaction, list_name: str) -> Iterator[str]:
    """The address keys of all members that a sync has brought in, in their order. Raises NotFound, Refused."""
    list_id = lists.get_open_list(tx, list_name).id
    yield from each_row(partial(enrolment.members_of_source, tx, list_id=list_id, source=SYNC), str, "", _PAGE)


def page_of_synced(tx: Transaction, list_id: int, after: str) -> list[str]:
    """The same after a key, some at a time."""
    return enrolment.members_of_source(tx, list_id=list_id, source=SYNC, after=after, limit=_PAGE)


def remove_synced(tx: Transaction, list_name: str, keys: Sequence[str], context: ServiceContext) -> int:
    """End the subscriptions of these people that a sync has brought in; returns how many. Raises NotFound, Refused."""
    target = lists.get_open_list(tx, list_name)
    leaving = [
        known
        for known in enrolment.find_standings(tx, list_id=target.id, keys=sorted(keys))
        if known.source == SYNC and known.state is not SubscriptionState.UNSUBSCRIBED
    ]
    ids = [known.subscription_id for known in leaving]
    if not ids:
        return 0
    now = context.now
    enrolment.lock_subscriptions(tx, ids)
    subscriptions.end_subscriptions(tx, ids, SYNC, now)
    deliveries.cancel_copies(tx, ids, now)
    events = [
        ConsentEvent(
            subscriber_id=known.subscriber_id,
            list_id=target.id,
            list_name=target.name,
            event="removed",
            at=now,
            source=SYNC,
            salt=context.entropy(16),
            address=known.address,
        )
        for known in leaving
    ]
    consent.append_consent(tx, *events)
    return len(ids)


def listed_keys(key: str, moved: Mapping[str, Address]) -> list[str]:
    """Whom a row lists: somebody who has changed their address since is not missing from a file with the former one."""
    return [key, moved[key].key] if key in moved else [key]


class ListedKeys:
    """The keys of all listed addresses in their order, to be compared once with those of members in the same order."""

    def __init__(self, keys: Iterator[str]) -> None:
        self._keys = keys
        self._next = next(keys, None)

    def lack(self, member: str) -> bool:
        """Whether a member is not listed, who comes after all that were compared before."""
        while self._next is not None and self._next < member:
            self._next = next(self._keys, None)
        return self._next != member


def leavers(listed: Iterator[str], members: Iterator[str]) -> Iterator[str]:
    """The members who are not listed; both are in the same order, and none comes twice among the members."""
    keys = ListedKeys(listed)
    return (member for member in members if keys.lack(member))
