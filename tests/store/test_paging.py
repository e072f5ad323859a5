"""Listings page by page: every row once, and no next page after the last row."""

from __future__ import annotations

import pytest

from pressrun.core.errors import UsageError
from pressrun.store.paging import each_row, place_after, read_cursor, read_number, split_page

ROWS = list(range(1, 8))


def _next(after: int, limit: int) -> list[int]:
    return [row for row in ROWS if row > after][:limit]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_each_row_comes_once_whatever_the_length_of_pages(limit: int) -> None:
    assert ROWS == list(each_row(_next, int, 0, limit))
    assert ROWS[3:] == list(each_row(_next, int, 3, limit))


def test_nothing_is_read_after_a_page_that_is_not_full() -> None:
    asked = []

    def page_of(after: int, limit: int) -> list[int]:
        asked.append(after)
        return _next(after, limit)

    assert ROWS == list(each_row(page_of, int, 0, 4))
    assert [0, 4] == asked


def test_a_full_page_may_be_followed_by_another() -> None:
    assert 7 == place_after(ROWS, 7, int)
    assert place_after(ROWS, 8, int) is None
    assert place_after([], 8, int) is None


def test_with_one_row_more_than_a_page_has_it_is_known_whether_another_follows() -> None:
    assert ([1, 2], 2) == split_page([1, 2, 3], 2, int)
    assert ([1, 2], None) == split_page([1, 2], 2, int)


def test_a_cursor_that_nobody_was_shown_is_refused() -> None:
    assert (5, 0) == (read_cursor("5", read_number, 0), read_cursor("", read_number, 0))
    for text in ("five", "-5", " 5"):
        with pytest.raises(UsageError, match="invalid cursor"):
            read_cursor(text, read_number, 0)
