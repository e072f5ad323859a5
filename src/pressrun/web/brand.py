"""A list's colour on its pages: the style sheet that replaces the built-in colour, and the icon.

Whatever colour an operator chooses, text in it and on it is readable, on light and dark backgrounds.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from pressrun.core.colour import BLACK, WHITE, Colour, ink_on, readable_on

DEFAULT = Colour.parse("#1a56c4")
# The backgrounds of text in the accent colour: page, card and sign, as in pressrun.css.
LIGHT_GROUNDS = tuple(Colour.parse(text) for text in ("#ffffff", "#f3f5f7", "#eef1f4"))
DARK_GROUNDS = tuple(Colour.parse(text) for text in ("#14171a", "#1e2226"))

_TINT = 0.06  # share of the accent in the background of boxes
_HOVER = 0.2  # how far an accent moves under the pointer, away from its background, so that it stays readable


@lru_cache(maxsize=500)
def brand_sheet(accent: Colour) -> str:
    """The style sheet after the built-in one; a page's policy must name its digest."""
    light, dark = readable_on(accent, *LIGHT_GROUNDS), readable_on(accent, *DARK_GROUNDS)
    by_day, by_night = _shades(light, BLACK, LIGHT_GROUNDS[0]), _shades(dark, WHITE, DARK_GROUNDS[0])
    return f":root{{{by_day}}}@media(prefers-color-scheme:dark){{:root{{{by_night}}}}}"


@lru_cache(maxsize=500)
def icon(drawing: str, accent: Colour) -> str:
    """The envelope of `icon.svg` in another colour, as a data URL, which costs no request."""
    coloured = drawing.replace(str(DEFAULT), str(accent)).replace("#fff", str(ink_on(accent)))
    return f"data:image/svg+xml;base64,{base64.b64encode(coloured.strip().encode()).decode('ascii')}"


def _shades(accent: Colour, away: Colour, page: Colour) -> str:
    hover, tint = accent.towards(away, _HOVER), page.towards(accent, _TINT)
    inks = f"--on-accent:{ink_on(accent)};--on-hover:{ink_on(hover)}"
    return f"--accent:{accent};--accent-dark:{hover};{inks};--tint:{tint}"
