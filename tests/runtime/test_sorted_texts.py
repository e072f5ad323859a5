"""Texts are sorted in runs, whatever is in them."""

from __future__ import annotations

from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from pressrun.runtime.sorted_texts import TextSorter, repeated_texts, sorted_texts


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"])), max_size=20))
def test_runs_are_merged_in_the_order_of_characters(texts: list[str]) -> None:
    """Which is also that of SQLite and, with the collation C, of PostgreSQL."""
    with sorted_texts(texts, run=3) as merged:
        assert sorted(texts) == list(merged)


@given(st.lists(st.text("abé", max_size=9), max_size=20))
def test_long_texts_fill_a_run_sooner(texts: list[str]) -> None:
    """The texts in memory have at most this many characters."""
    with closing(TextSorter(characters=8)) as sorter:
        for text in texts:
            sorter.add(text)
            assert sorter.characters < 8
        assert sorted(texts) == list(sorter)


@given(st.lists(st.sampled_from("abcdeé"), max_size=12))
def test_texts_that_come_more_than_once_are_found(texts: list[str]) -> None:
    """Each of them once."""
    assert {text for text in texts if texts.count(text) > 1} == repeated_texts(texts)
