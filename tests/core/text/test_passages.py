"""The passage that a search shows: the place with most of what was looked for, at the cost of one look."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.text.searching import LENGTH, MOST_READ, best_passage, parse_query, searchable

LONG = " ".join(f"filler{number}" for number in range(400))


def shown(text: str, query: str) -> str:
    pieces = best_passage(searchable(text), parse_query(query))
    return "".join(f"[{piece}]" if is_found else piece for piece, is_found in pieces)


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("The boats came.", "boat", "The [boats] came."),
        ("The boats came.", '"boat"', "The boats came."),
        ("High water, high tide", '"high tide"', "High water, [high tide]"),
        ("A naïve CAFÉ", "cafe NAIVE", "A [naïve] [CAFÉ]"),
        ("wording and words", "w word", "[wording] and [words]"),
        ("(a+b)?c", "(a+b)?c", "([a+b)?c]"),
        ("nothing here", "zzz", "nothing here"),
        ("", "zzz", ""),
    ],
)
def test_what_was_found_stands_apart(text: str, query: str, expected: str) -> None:
    assert expected == shown(text, query)


def test_it_is_the_first_place_with_most_of_the_terms() -> None:
    """Cut between words, with signs that there is more on both sides."""
    passage = shown(f"boats {LONG} tides {LONG} boats and tides {LONG} tides of boats", "boats tides")
    assert "[boats] and [tides]" in passage
    assert "of [boats]" not in passage
    assert passage.startswith("…filler")
    assert passage.endswith("…")
    assert len(passage) <= LENGTH + 10


def test_a_later_place_with_as_many_terms_is_not_shown() -> None:
    passage = shown(f"boats and tides {LONG} ropes and tides {LONG}", "boats tides ropes")
    assert passage.startswith("[boats] and [tides] filler0 ")


def test_a_word_longer_than_a_passage_is_cut() -> None:
    """Where no blank is there to cut at."""
    assert f"{'y' * LENGTH}…" == shown("y" * 2 * LENGTH, "xxx")


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_and_any_query_give_a_passage(text: str, query: str) -> None:
    """Never longer than it may be, and nothing in it that the text has not."""
    stored = searchable(text)
    pieces = best_passage(stored, parse_query(query))
    passage = "".join(piece for piece, _ in pieces).strip("…")
    assert passage in stored.replace("\u200b", "") or "…" in text
    assert all(piece for piece, _ in pieces)


@pytest.mark.parametrize("query", ["w " * 60, "a b c d e f g h i j k l", '"w w" "w w w" "w w w w"', "w wo wor word"])
def test_no_query_takes_long(query: str) -> None:
    """A look at each character, however often a short word stands in a text of the greatest length."""
    text = "w a b word wo wor " * (MOST_READ // 18)
    began = time.process_time()
    best_passage(text, parse_query(query))
    assert time.process_time() - began < 0.5


def test_a_syllable_of_several_letters_is_one_character() -> None:
    """Hangul is decomposed into letters, not into a letter and its accents."""
    assert "거 [가]" == shown("거 가", "가")


def test_a_passage_begins_with_the_first_words_where_they_are_near() -> None:
    """Up to 80 characters before what was found; beyond that 40, cut between words."""
    near, far = "x" * 79 + " tides", "x" * 50 + " " + "y" * 29 + " tides"
    assert "x" * 79 + " [tides]" == shown(near, "tides")
    assert "…" + "y" * 29 + " [tides]" == shown(far, "tides")


def test_a_term_that_left_the_passage_counts_no_longer() -> None:
    """Two places of one term are one term."""
    text = f"tides tides tides {LONG} boats tides {LONG}"
    assert "[boats] [tides]" in shown(text, "boats tides")
