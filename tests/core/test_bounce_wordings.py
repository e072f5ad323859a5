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


@pytest.mark.parametrize("text", ["box 1 2 3 4 5 6 7 full", "boxfull", "inbox"])
def test_what_stands_further_apart_or_is_not_written_is_not_found(text: str) -> None:
    """The gap ends, and the blank counts."""
    assert not pattern_of(((r"<box> … ", (r"full",)),), {"box": (r"box",)}).search(text)


def test_a_name_that_nobody_gave_is_refused() -> None:
    """When the table is read, not when a mail comes."""
    with pytest.raises(KeyError):
        pattern_of((r"<crate> full",), {"box": (r"box",)})
