"""Listings page by page, by keyset SQL: `where id > :after order by id limit :limit`.

The place after a row is what the statement compares, so pages stay right while rows come and go. Its text is a cursor,
which programs get sealed (web.api.cursors), and people at the shell as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from pressrun.core.errors import UsageError

T = TypeVar("T")
Place = TypeVar("Place")

AFTER_ALL = 1 << 62  # an id that no row has
_MOST_DIGITS = 18  # of an id that every engine can compare


def each_row(page_of: Callable[..., Sequence[T]], place: Callable[[T], Place], after: Place, limit: int) -> Iterator[T]:
    """All rows after a place, read a page at a time with `page_of(after=…, limit=…)`."""
    while page := page_of(after=after, limit=limit):
        yield from page
        if len(page) < limit:
            return
        after = place(page[-1])


def place_after(page: Sequence[T], limit: int, place: Callable[[T], Place]) -> Place | None:
    """Where the page after a full one begins; None if this page is not full, since nothing follows it."""
    return place(page[-1]) if len(page) == limit else None


def split_page(rows: Sequence[T], limit: int, place: Callable[[T], Place]) -> tuple[list[T], Place | None]:
    """The first `limit` rows, and the place after them if there are more: one more was read to know that."""
    return [*rows[:limit]], place(rows[limit - 1]) if len(rows) > limit else None


def read_cursor(text: str, read: Callable[[str], Place], first: Place) -> Place:
    """The place in a cursor, or the first place without a cursor.

    Raises UsageError if `read` raises ValueError, since no page of this listing has such a cursor.
    """
    try:
        return read(text) if text else first
    except ValueError:
        raise UsageError(f"invalid cursor {text!r}. Use one from the same list, state and search") from None


def read_number(text: str) -> int:
    """The id in a cursor; raises ValueError."""
    if not text.isdecimal():
        raise ValueError(text)
    return int(text[:_MOST_DIGITS])
