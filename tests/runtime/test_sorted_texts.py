"""Texts are sorted in runs, whatever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun.runtime.sorted_texts import repeated_texts, sorted_texts


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"])), max_size=20))
def test_runs_are_merged_in_the_order_of_characters(texts: list[str]) -> None:
    """Which is also that of SQLite and, with the collation C, of PostgreSQL."""
    with sorted_texts(texts, run=3) as found:
        assert sorted(texts) == list(found)


@given(st.lists(st.sampled_from("abcdeé"), max_size=12))
def test_texts_that_come_more_than_once_are_found(texts: list[str]) -> None:
    """Each of them once."""
    assert {text for text in texts if texts.count(text) > 1} == repeated_texts(texts)
