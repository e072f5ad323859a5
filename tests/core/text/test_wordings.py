"""How tables of phrases are written, and what is said of a mistake in one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pressrun.assets import AssetError, read_asset
from pressrun.core.bounces import refusals
from pressrun.core.text import wordings
from pressrun.core.text.wordings import Phrase, Wordings, as_expression, fold

BOX = {"box": ["box", "mailbox"]}


def finds(text: str, *phrases: Phrase, finds_ascii: bool = True) -> bool:
    return re.search(as_expression(phrases, BOX, finds_ascii=finds_ascii), text) is not None


@pytest.mark.parametrize(
    "text", ["the box is full", "a mailbox here is full", "inbox overflowing", "box one two three full"]
)
def test_a_row_is_a_phrase_or_a_beginning_with_its_endings(text: str) -> None:
    """With names for words, and a gap of up to six words."""
    assert finds(text, "inbox overflow", ("<box> … ", ["is full", "full"]))


@pytest.mark.parametrize("text", ["box 1 2 3 4 5 6 7 full", "boxfull", "inbox", "to that box. it is full"])
def test_what_stands_further_apart_or_is_not_written_is_not_found(text: str) -> None:
    """The gap ends with the sentence at the latest, and the blank counts."""
    assert not finds(text, ("<box> … ", ["full"]))


def test_a_letter_with_a_mark_is_itself_unless_a_table_says_otherwise() -> None:
    """Some words are others without their marks."""
    subjects = Wordings("automatic_replies", "subjects")
    assert [True, False] == [subjects.is_in("réponse automatique"), subjects.is_in("reponse automatique")]
    assert Wordings("automatic_replies", "subjects", finds_ascii=True).is_in("reponse automatique")


@pytest.mark.parametrize("text", ["boîte saturée", "boite saturee", "boite saturée"])
def test_a_letter_with_a_mark_is_found_without_it(text: str) -> None:
    """Many servers answer in ASCII."""
    assert finds(text, "boîte saturée")


@pytest.mark.parametrize("text", ["empfänger größer", "empfaenger groesser", "empfanger grosser"])
def test_a_letter_that_ascii_writes_as_two_is_found_as_two(text: str) -> None:
    """And as its first alone, as some systems drop the mark."""
    assert finds(text, "empfänger größer")


def test_a_set_of_letters_lists_all_that_it_finds() -> None:
    """Nothing is added to it."""
    assert not finds("tete", "t[éè]te")


def test_marks_count_where_a_table_does_not_ask_for_ascii() -> None:
    """A short word with a mark would otherwise be another word."""
    assert not finds("boite", "boîte", finds_ascii=False)


@pytest.mark.parametrize(("text", "expected"), [("I’m\r\n  AWAY", "i'm away"), ("İLETİLEMEDİ", "iletilemedi")])
def test_text_is_folded_before_it_is_searched(text: str, expected: str) -> None:
    """Also the capital of Turkish, which becomes two characters."""
    assert expected == fold(text)


def test_all_tables_of_refusals_can_be_used() -> None:
    """They are compiled when the first refusal comes, which would be late to find a mistake."""
    assert all(table.pattern for table, _ in refusals._WORDINGS)


@pytest.fixture
def edited(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A file as somebody edited it."""
    content: dict[str, Any] = {"words": {"box": ["box"]}}
    monkeypatch.setattr(wordings, "read_asset", lambda _name: content)
    return content


@pytest.mark.parametrize(
    ("phrases", "message"),
    [
        (["<crate> full"], "assets/full.toml: full.English: '<crate> full': [words] has no 'crate'"),
        (
            ["full", "(full"],
            "assets/full.toml: full.English: '(full': missing ), unterminated subpattern at position 0",
        ),
        (["full", 7], "assets/full.toml: full.English: Expected `str | array`, got `int` - at `$[1]`"),
        ("full", "assets/full.toml: full.English: Expected `array`, got `str`"),
    ],
)
def test_a_mistake_names_the_file_and_the_key(edited: dict[str, Any], phrases: object, message: str) -> None:
    """So that whoever edited the table finds the line."""
    edited["full"] = {"German": ["voll"], "English": phrases}
    with pytest.raises(AssetError) as raised:
        _ = Wordings("full", "full").pattern
    assert message == str(raised.value)


def test_a_missing_table_is_named(edited: dict[str, Any]) -> None:
    """It may have been renamed by mistake."""
    with pytest.raises(AssetError, match=r"^assets/full\.toml: full: the table is missing$"):
        _ = Wordings("full", "full").pattern


def test_a_file_that_is_not_toml_is_named_with_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser's own message holds the line and column."""
    monkeypatch.setattr("pkgutil.get_data", lambda _package, _name: b"[words]\nbox = [\n")
    with pytest.raises(AssetError, match=r"^assets/broken\.toml: .* \(at (?:line \d+, column \d+|end of document)\)$"):
        read_asset("broken")
