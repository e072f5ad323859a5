"""The colours of a mail, light and dark: neutral grounds and texts of ours, and one accent that the list chooses.

Nothing is pure black or pure white but what stands on the accent: mail programs that turn a light mail dark by
themselves leave what is already soft more or less as it is, and pure colours glare.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from pressrun.core.colour import Colour, ink_on, readable_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of one mode by what they are for: three grounds, then what stands on them."""

    page: Colour  # behind everything
    card: Colour  # behind the content
    code: Colour  # behind code
    accent: Colour  # a masthead, a bar, a button
    text: Colour
    strong: Colour  # headings
    soft: Colour  # what is said by the way
    line: Colour  # rules and borders
    link: Colour
    ink: Colour  # text on the accent

    def named(self) -> dict[str, str]:
        """The colours as a template names them."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}


_LIGHT = {
    name: Colour.parse(text)
    for name, text in {
        "page": "#f3f5f7",
        "card": "#fdfdfd",
        "code": "#eef1f4",
        "text": "#2a3036",
        "strong": "#12161a",
        "soft": "#56606a",
        "line": "#dfe3e7",
    }.items()
}
_DARK = {
    name: Colour.parse(text)
    for name, text in {
        "page": "#14171a",
        "card": "#1e2226",
        "code": "#292f34",
        "text": "#dfe3e6",
        "strong": "#f4f6f7",
        "soft": "#a6afb8",
        "line": "#353b42",
    }.items()
}


def light_palette(accent: Colour) -> Palette:
    """The colours that stand inline; links are the accent, as dark as they must be to be read."""
    return Palette(**_LIGHT, accent=accent, ink=ink_on(accent), link=_link(accent, _LIGHT))


def dark_palette(accent: Colour) -> Palette:
    """The colours for readers who have chosen the dark; the accent stays, links are as bright as they must be."""
    return Palette(**_DARK, accent=accent, ink=ink_on(accent), link=_link(accent, _DARK))


def _link(accent: Colour, grounds: dict[str, Colour]) -> Colour:
    return readable_on(accent, grounds["page"], grounds["card"], grounds["code"])
