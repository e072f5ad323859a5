"""How the tables of wordings are written."""

from __future__ import annotations

import pytest

from pressrun.core import refusals
from pressrun.core.bounce_wordings.notation import Table


@pytest.mark.parametrize(
    "text", ["the box is full", "a mailbox here is full", "inbox overflowing", "box one two three full"]
)
def test_a_row_is_a_phrase_or_a_beginning_with_its_endings(text: str) -> None:
    """With names for words, and a gap of up to six words."""
    found = Table((r"inbox overflow", (r"<box> … ", (r"is full", r"full"))), words={"box": (r"box", r"mailbox")})
    assert found.is_in(text)


@pytest.mark.parametrize("text", ["box 1 2 3 4 5 6 7 full", "boxfull", "inbox", "to that box. it is full"])
def test_what_stands_further_apart_or_is_not_written_is_not_found(text: str) -> None:
    """The gap ends, at the latest with the sentence, and the blank counts."""
    assert not Table(((r"<box> … ", (r"full",)),), words={"box": (r"box",)}).is_in(text)


def test_a_name_that_nobody_gave_is_refused() -> None:
    with pytest.raises(KeyError):
        _ = Table((r"<crate> full",), words={"box": (r"box",)}).pattern


def test_all_tables_can_be_read() -> None:
    """They are when the first refusal comes."""
    assert all(table.pattern for table, _ in refusals._WORDINGS)


@pytest.mark.parametrize("text", ["boîte saturée", "boite saturee", "boite saturée"])
def test_a_letter_with_a_mark_is_found_without_it(text: str) -> None:
    """Many servers answer in ASCII."""
    assert Table((r"boîte saturée",)).is_in(text)


@pytest.mark.parametrize("text", ["empfänger größer", "empfaenger groesser", "empfanger grosser"])
def test_a_letter_that_ascii_writes_as_two_is_found_as_two(text: str) -> None:
    """And as its first alone, as those write it who take the mark off."""
    assert Table((r"empfänger größer",)).is_in(text)


def test_a_set_of_letters_says_itself_what_it_finds() -> None:
    """Nothing is added to it."""
    assert not Table((r"t[éè]te",)).is_in("tete")
