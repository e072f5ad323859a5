"""`subscriber ls`: the subscribers of a list, page by page, all of them or those that a search finds.

A search for the beginning of addresses, or for a domain, uses an index. Any other one reads every subscriber of the
list, and compares text here, so that each engine finds the same. Memory does not grow with the list.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from operator import itemgetter

from msgspec import Struct

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, MalformedAddress
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.paging import each_row, read_cursor, read_number
from pressrun.store.readers import subscriptions
from pressrun.store.transaction import Row, Transaction

PAGE = 1000
MOST_READ = 20_000  # rows in one go: a search that finds few holds others up for tens of milliseconds, not for seconds
_AFTER_ALL = "\U0010ffff"  # sorts after every character of an address
_NEXT = "\x01"  # an address and this sort right after the address: no address has a control character
_BY_ACTIVITY = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.SUSPENDED,
    SubscriptionState.UNSUBSCRIBED,
)

Listed = tuple[str, Row]
"""A subscriber, and the place after which a later page goes on."""


class SubscriberSelection(Struct, frozen=True, kw_only=True):
    """Which subscribers: in one state, since a time, found by a search, after a place of an earlier page.

    `limit` None: all of them. A search is `@DOMAIN`, `TEXT*` for addresses that begin so, or text that an address or a
    name contains. Letter case does not matter.
    """

    state: str | None = None
    since: int = 0
    search: str = ""
    after: str = ""
    limit: int | None = None

    @property
    def page(self) -> int:
        """How many rows to read at once: one more shows that there is a further page."""
        if self.limit is None or self.since or self.search:
            return PAGE
        return min(self.limit + 1, PAGE)


class PartOfListing(Struct, frozen=True, kw_only=True):
    """The next of the chosen subscribers; `following` is the place after which others may follow, None where none can.

    It may have fewer than were asked for, or none, and others may follow all the same. The place may be that of
    somebody on another list, so programs must not see it.
    """

    rows: list[Row]
    following: str | None


def list_subscribers(tx: Transaction, name: str, selection: SubscriberSelection) -> Iterator[Answer]:
    """The chosen subscribers of a list; with a limit each has the `cursor` after which the next page begins.

    Raises NotFound for an unknown list, BadInput for a domain that is none, and UsageError for a foreign cursor.
    """
    is_chosen = _choice(selection)
    chosen = (listed for listed in _listed(tx, lists.get_list(tx, name), selection) if is_chosen(listed[1]))
    return (_entry(row, None if selection.limit is None else cursor) for cursor, row in islice(chosen, selection.limit))


def part_of_listing(tx: Transaction, name: str, selection: SubscriberSelection) -> PartOfListing:
    """The next of the chosen subscribers, found among the next MOST_READ ones: others wait while this reads.

    A full part ends before another chosen one. If it ended before anybody at all, it would tell whether somebody with
    such an address is on another list. Raises as `list_subscribers`.
    """
    assert selection.limit is not None
    is_chosen, rows, last = _choice(selection), list[Row](), None
    for number, (cursor, row) in enumerate(_listed(tx, lists.get_list(tx, name), selection)):
        belongs = is_chosen(row)
        if number == MOST_READ or (belongs and len(rows) == selection.limit):
            return PartOfListing(rows=rows, following=last)
        last = cursor
        if belongs:
            rows.append(row)
    return PartOfListing(rows=rows, following=None)


def _entry(row: Row, cursor: str | None) -> Answer:
    entry: Answer = {
        "address": row["address"],
        "name": row["name"],
        "state": row["state"],
        "since": rfc3339(row["since"]),
        "source": row["source"],
    }
    return entry if cursor is None else {**entry, "cursor": cursor}


def _listed(tx: Transaction, target: MailingList, selection: SubscriberSelection) -> Iterator[Listed]:
    """The people among whom the chosen ones are, in their order."""
    search = selection.search.strip()
    if search.startswith("@"):
        return _of_domain(tx, target, parse_domain(search[1:]), selection)
    if search.endswith("*"):
        return _beginning_with(tx, target, search.removesuffix("*").lower(), selection)
    return _by_state(tx, target, selection)


def _choice(selection: SubscriberSelection) -> Callable[[Row], bool]:
    """Whether one of those is chosen: somebody at a domain may not be on the list at all, or in another state."""
    search, state, since = selection.search.strip(), selection.state, selection.since
    wanted = "" if search.startswith("@") or search.endswith("*") else _folded(search)

    def is_chosen(row: Row) -> bool:
        if row["state"] is None or state not in (None, row["state"]) or row["since"] < since:
            return False
        return not wanted or wanted in _folded(row["address"]) or wanted in _folded(row["name"])

    return is_chosen


def parse_domain(text: str) -> str:
    """The A-label of the domain of some addresses; raises BadInput for text that is none."""
    try:
        return parse_address(f"a@{text}").domain
    except MalformedAddress:
        raise BadInput(f"invalid domain {text!r}. Write a whole one, as in @example.org") from None


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())


def _by_state(tx: Transaction, target: MailingList, selection: SubscriberSelection) -> Iterator[Listed]:
    states = list(_BY_ACTIVITY if selection.state is None else (SubscriptionState(selection.state),))
    first, after = read_cursor(selection.after, partial(_read_place, states), (states[0], 0))
    for state in states[states.index(first) :]:
        page_of = partial(subscriptions.page_of_subscribers, tx, list_id=target.id, state=state)
        rows = each_row(page_of, itemgetter("id"), after, selection.page)
        yield from ((f"{state}:{row['id']}", row) for row in rows)
        after = 0


def _read_place(states: Sequence[SubscriptionState], cursor: str) -> tuple[SubscriptionState, int]:
    state, _, number = cursor.partition(":")
    return states[states.index(SubscriptionState(state))], read_number(number)


def _of_domain(tx: Transaction, target: MailingList, domain: str, selection: SubscriberSelection) -> Iterator[Listed]:
    page_of = partial(subscriptions.page_of_domain, tx, list_id=target.id, domain=domain)
    after = read_cursor(selection.after, read_number, 0)
    yield from ((str(row["subscriber_id"]), row) for row in each_row(page_of, itemgetter("subscriber_id"), after, PAGE))


def _beginning_with(
    tx: Transaction, target: MailingList, prefix: str, selection: SubscriberSelection
) -> Iterator[Listed]:
    def page_of(after: str, limit: int) -> list[Row]:
        low = max(prefix, after + _NEXT) if after else prefix
        return subscriptions.page_of_prefix(tx, list_id=target.id, low=low, high=prefix + _AFTER_ALL, limit=limit)

    key_of: Callable[[Row], str] = itemgetter("address_key")
    yield from ((key_of(row), row) for row in each_row(page_of, key_of, selection.after, PAGE))
