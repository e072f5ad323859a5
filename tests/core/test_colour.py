"""Colours: read, compared, and moved until they can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.colour import BLACK, READABLE, WHITE, Colour, contrast, ink_on, readable_on
from pressrun.core.errors import BadInput

colours = st.builds(Colour, *(st.integers(0, 255) for _ in range(3)))


@pytest.mark.parametrize(("text", "shown"), [("#1a56c4", "#1a56c4"), ("#FFF", "#ffffff"), (" #0aF ", "#00aaff")])
def test_a_colour_is_read_in_both_forms(text: str, shown: str) -> None:
    """Three digits stand for six."""
    assert str(Colour.parse(text)) == shown


@pytest.mark.parametrize("text", ["", "red", "1a56c4", "#12345", "#1a56c4;x", "rgb(1,2,3)", "#ｆｆｆ"])
def test_anything_else_is_no_colour(text: str) -> None:
    """What could reach a style sheet is six digits and nothing else; the error says how to write it."""
    with pytest.raises(BadInput, match="#1a56c4"):
        Colour.parse(text)


def test_contrast_is_that_of_the_standard() -> None:
    """Values that WCAG's own examples and calculators give."""
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(Colour.parse("#767676"), WHITE) == pytest.approx(4.54, abs=0.005)
    assert contrast(Colour.parse("#ff0000"), WHITE) == pytest.approx(3.998, abs=0.002)


@given(ground=colours)
def test_there_is_an_ink_for_every_ground(ground: Colour) -> None:
    """Whatever colour a list chooses, a title on it can be read."""
    assert contrast(ink_on(ground), ground) >= READABLE


@given(colour=colours, ground=st.sampled_from(["#f2f3f4", "#fdfdfd", "#14171a", "#292f34"]))
def test_every_colour_becomes_readable_and_one_that_is_stays(colour: Colour, ground: str) -> None:
    """A link keeps the list's colour where that can be read, and is moved no further than needed where not."""
    behind = Colour.parse(ground)
    ink = readable_on(colour, behind)
    assert contrast(ink, behind) >= READABLE
    if contrast(colour, behind) >= READABLE:
        assert ink == colour
    else:
        assert contrast(ink, behind) < READABLE + 0.6


def test_a_colour_moves_in_each_of_its_parts() -> None:
    """By half, and up or down."""
    assert Colour(50, 75, 100) == Colour(0, 100, 150).towards(Colour(100, 50, 50), 0.5)
