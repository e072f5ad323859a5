"""How the tables of wordings are written."""

from __future__ import annotations

import pytest

from pressrun.core.bounce_wordings.notation import pattern_of


@pytest.mark.parametrize(
    "text", ["the box is full", "a mailbox here is full", "inbox overflowing", "box one two three full"]
)
def test_a_row_is_a_phrase_or_a_beginning_with_its_endings(text: str) -> None:
    """With names for words, and a gap of up to six words."""
    found = pattern_of((r"inbox overflow", (r"<box> … ", (r"is full", r"full"))), {"box": (r"box", r"mailbox")})
    assert found.search(text)


@pytest.mark.parametrize("text", ["box 1 2 3 4 5 6 7 full", "boxfull", "inbox", "to that box. it is full"])
def test_what_stands_further_apart_or_is_not_written_is_not_found(text: str) -> None:
    """The gap ends, at the latest with the sentence, and the blank counts."""
    assert not pattern_of(((r"<box> … ", (r"full",)),), {"box": (r"box",)}).search(text)


def test_a_name_that_nobody_gave_is_refused() -> None:
    """When the table is read, not when a mail comes."""
    with pytest.raises(KeyError):
        pattern_of((r"<crate> full",), {"box": (r"box",)})


@pytest.mark.parametrize("text", ["boîte saturée", "boite saturee", "boite saturée"])
def test_a_letter_with_a_mark_is_found_without_it(text: str) -> None:
    """Many servers answer in ASCII."""
    assert pattern_of((r"boîte saturée",)).search(text)


@pytest.mark.parametrize("text", ["empfänger größer", "empfaenger groesser", "empfanger grosser"])
def test_a_letter_that_ascii_writes_as_two_is_found_as_two(text: str) -> None:
    """And as its first alone, as those write it who take the mark off."""
    assert pattern_of((r"empfänger größer",)).search(text)


def test_a_set_of_letters_says_itself_what_it_finds() -> None:
    """Nothing is added to it."""
    assert not pattern_of((r"t[éè]te",)).search("tete")
