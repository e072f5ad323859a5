"""`subscriber ls`: the subscribers of a list, page by page, all of them or those that a search finds.

A search for the beginning of addresses, or for a domain, uses an index. Any other one reads every subscriber of the
list, and compares text here, so that each engine finds the same. Memory does not grow with the list.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from msgspec import Struct

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, MalformedAddress, UsageError
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer
from pressrun.services.reports.list_descriptions import BY_ACTIVITY
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import subscriptions
from pressrun.store.transaction import Row, Transaction

PAGE = 1000
MOST_READ = 20_000  # rows in one go: a search that finds few holds others up for tens of milliseconds, not for seconds
_AFTER_ALL = "\U0010ffff"  # sorts after every character of an address
_NEXT = "\x01"  # an address and this sort right after the address: no address has a control character

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

    It may have fewer than were asked for, or none, and others may follow all the same.
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

    Raises as `list_subscribers`.
    """
    assert selection.limit is not None
    is_chosen, rows, last = _choice(selection), list[Row](), None
    for number, (cursor, row) in enumerate(_listed(tx, lists.get_list(tx, name), selection)):
        if len(rows) == selection.limit or number == MOST_READ:
            return PartOfListing(rows=rows, following=last)
        last = cursor
        if is_chosen(row):
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
        return _of_domain(tx, target, _domain(search), selection)
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


def _domain(search: str) -> str:
    """The A-label of the domain of `@DOMAIN`."""
    try:
        return parse_address(f"a{search}").domain
    except MalformedAddress:
        raise BadInput(f"invalid domain {search[1:]!r}. Write a whole one, as in @example.org") from None


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())


def _by_state(tx: Transaction, target: MailingList, selection: SubscriberSelection) -> Iterator[Listed]:
    states = list(BY_ACTIVITY if selection.state is None else (SubscriptionState(selection.state),))
    first, after = _read_cursor(selection.after, states)
    for state in states[states.index(first) :]:
        page_of = partial(subscriptions.page_of_subscribers, tx, list_id=target.id, state=state, limit=selection.page)
        while page := page_of(after=after):
            after = page[-1]["id"]
            yield from ((f"{state}:{row['id']}", row) for row in page)
            if len(page) < selection.page:
                break
        after = 0


def _read_cursor(cursor: str, states: list[SubscriptionState]) -> tuple[SubscriptionState, int]:
    if not cursor:
        return states[0], 0
    state, _, number = cursor.partition(":")
    if state not in states or not number.isdecimal():
        raise _foreign(cursor)
    return SubscriptionState(state), int(number[:18])


def _foreign(cursor: str) -> UsageError:
    return UsageError(f"invalid cursor {cursor!r}. Use one that the same list, state and search have shown")


def _of_domain(tx: Transaction, target: MailingList, domain: str, selection: SubscriberSelection) -> Iterator[Listed]:
    if selection.after and not selection.after.isdecimal():
        raise _foreign(selection.after)
    after = int(selection.after[:18] or 0)
    page_of = partial(subscriptions.page_of_domain, tx, list_id=target.id, limit=PAGE)
    while page := page_of(domain=domain, after=after):
        after = page[-1]["subscriber_id"]
        yield from ((str(row["subscriber_id"]), row) for row in page)


def _beginning_with(
    tx: Transaction, target: MailingList, prefix: str, selection: SubscriberSelection
) -> Iterator[Listed]:
    low, high = prefix, prefix + _AFTER_ALL
    if selection.after:
        low = max(low, selection.after + _NEXT)
    page_of = partial(subscriptions.page_of_prefix, tx, list_id=target.id, limit=PAGE)
    while page := page_of(low=low, high=high):
        low = page[-1]["address_key"] + _NEXT
        yield from ((row["address_key"], row) for row in page)
