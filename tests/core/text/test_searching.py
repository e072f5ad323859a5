"""Words as they are searched for: what is written one way is found by writing it another way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.text.searching import (
    LONGEST_QUERY,
    LONGEST_WORD,
    MOST_OCTETS,
    MOST_TERMS,
    SPLIT,
    Term,
    indexed_words,
    parse_query,
    prose,
    searchable,
    words_of,
)


def test_prose_is_one_line_without_rules_numbers_and_addresses() -> None:
    text = (
        "# High water\n==========\n\nThe *first* _boat_ [1] came [2].\nsnake_case stays\n\n[1] https://quay.example/a"
    )
    assert "High water · The first boat came. snake_case stays" == prose(text)


def test_prose_has_no_marks_of_items_quotations_and_tables() -> None:
    """Dashes within a line are the author's."""
    text = "Bring:\n\n- a rope\n  - or two - or none\n\n> > - said Ann\n> at -5 °C\n\nA  Day\n-  ---\n1  Monday\n"
    assert "Bring: a rope · or two - or none · said Ann at -5 °C · A Day · 1 Monday" == prose(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＡＢＣ ｶﾅ ﬁsh", "ABC カナ fish"),
        ("هٰذَا كِتَابٌ", "هذا كتاب"),
        ("סֵפֶר", "ספר"),
        ("東京", "東京"),
        ("a\0b\ud800c", "a b c"),
    ],
    ids=["compatibility forms", "Arabic points", "Hebrew points", "signs", "no characters"],
)
def test_what_is_one_word_is_written_one_way(text: str, expected: str) -> None:
    assert expected == searchable(text).replace(SPLIT, "")


def test_signs_without_spaces_are_words_of_their_own() -> None:
    """Any run of them is found, and Latin letters beside them are a word."""
    assert ["東", "京", "Tokyo"] == [word for word in searchable("東京Tokyo").split(SPLIT) if word]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Straße STRASSE Élan", "strasse strasse elan"),
        ("ΣΟΦΊΑ σοφίας", "σοφια σοφιασ"),
        ("Ёж Йод", "еж иод"),
        ("à la carte a\u036f", "a la carte a"),
        ("İstanbul", "istanbul"),
        ("Ა ა", "ა ა"),
        ("हिन्दी", "हिन्दी"),
        ("东京", "东 京"),
        ("a-b_c 3.14 x²", "a b c 3 14 x2"),
        ("\u0301 \u200b … '#:*", ""),
        ("x" * (LONGEST_WORD + 1), "x" * LONGEST_WORD),
    ],
)
def test_words_are_compared_without_case_and_accents(text: str, expected: str) -> None:
    """Where SQLite and PostgreSQL would each have rules of their own."""
    assert expected == words_of(searchable(text))


def test_of_a_text_as_long_as_a_book_the_beginning_is_indexed() -> None:
    """A word counts with six octets beside its own, which is what a tsvector may need for it."""
    words = indexed_words("ab " * 200_000).split()
    assert MOST_OCTETS // 8 == len(words)
    assert "a b" == indexed_words("a b c", 14)
    assert "" == indexed_words("", 0)


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("high water", (Term("high", True), Term("water", True))),
        ('"high water" tide', (Term("high water", False), Term("tide", True))),
        ("\u201chigh water\u201d", (Term("high water", False),)),
        ('"high', (Term("high", True),)),
        ("NEAR(a b) -c title:d *", tuple(Term(word, True) for word in ("NEAR(a", "b)", "-c", "title:d"))),
        ('"" * - ( ) \0', ()),
        ("", ()),
    ],
)
def test_any_text_is_a_query(query: str, terms: tuple[Term, ...]) -> None:
    assert terms == parse_query(query)


def test_a_query_has_its_limits() -> None:
    """A long one is cut, and one of many words keeps the first ones."""
    assert LONGEST_QUERY == len(parse_query("x" * 500)[0].words)
    assert MOST_TERMS == len(parse_query(" ".join("abcdefghijklmnopqrstuvwxyz")))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("w " * 50, ["w"]),
        ("w Wo wor", ["wor"]),
        ("wor w the", ["wor", "the"]),
        ('boats "boats"', ["boats"]),
        ('boat "the boats"', ["boat", "the boats"]),
        ("東 東京", [searchable("東京")]),
    ],
)
def test_what_another_term_implies_is_not_looked_for(query: str, expected: list[str]) -> None:
    assert expected == [term.words for term in parse_query(query)]


@given(st.text())
def test_a_term_always_holds_something_to_find(text: str) -> None:
    assert all(any(sign.isalnum() or sign.isnumeric() for sign in term.words) for term in parse_query(text))
