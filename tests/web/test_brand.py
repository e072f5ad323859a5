"""A list's colour on its pages: any colour can be read."""

from __future__ import annotations

import re
from importlib import resources

from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.colour import READABLE, Colour, contrast
from pressrun.web.brand import DARK_GROUNDS, DEFAULT, LIGHT_GROUNDS, brand_sheet

COLOURS = st.builds(Colour, *(st.integers(0, 255) for _ in range(3)))
SHEET = resources.files("pressrun.web").joinpath("static", "pressrun.css").read_text("utf-8")


def shades(sheet: str) -> list[dict[str, Colour]]:
    """The colours that a sheet names, for light and for dark."""
    found = [dict(re.findall(r"--([a-z-]+): ?(#[0-9a-f]{3,6})", part)) for part in re.split(r"@media", sheet)[:2]]
    return [{name: Colour.parse(text) for name, text in part.items()} for part in found]


@given(COLOURS)
def test_every_colour_can_be_read(accent: Colour) -> None:
    """Words in the accent on each ground, and words on it, as it is and under the pointer."""
    for named, grounds in zip(shades(brand_sheet(accent)), (LIGHT_GROUNDS, DARK_GROUNDS), strict=True):
        pairs = [(named["accent"], ground) for ground in grounds] + [
            (named["accent-dark"], ground) for ground in grounds
        ]
        pairs += [(named["on-accent"], named["accent"]), (named["on-hover"], named["accent-dark"])]
        assert min(contrast(one, other) for one, other in pairs) >= READABLE


def test_a_colour_that_can_be_read_is_not_changed() -> None:
    accent = Colour.parse("#0b6b3a")
    assert accent == shades(brand_sheet(accent))[0]["accent"]


def test_the_built_in_colours_can_be_read() -> None:
    """The grounds here are those of the style sheet, and each of its words stands out from its ground."""
    for named, grounds in zip(shades(SHEET), (LIGHT_GROUNDS, DARK_GROUNDS), strict=True):
        assert set(grounds) == {named["page"], named["card"], named["code"]}
        words = [
            (named[name], ground) for name in ("accent", "accent-dark", "text", "strong", "soft") for ground in grounds
        ]
        words += [(named[f"{name}-text"], named[name]) for name in ("good", "look", "bad")]
        words += [(named["bad-text"], named["card"]), (named["on-accent"], named["accent"])]
        words += [(named["on-hover"], named["accent-dark"])]
        assert [] == [(str(one), str(other)) for one, other in words if contrast(one, other) < READABLE]
    assert DEFAULT == shades(SHEET)[0]["accent"]
