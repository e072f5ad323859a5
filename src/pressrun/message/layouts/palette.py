"""The colours of a mail, light and dark: our neutral grounds and texts, and one accent that the list chooses.

Only text on the accent is pure black or white. Pure colours glare, and mail programs that darken a light mail by
themselves leave soft colours more or less alone.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import fields

from pressrun.core.colour import Colour, ink_on, readable_on


class Palette(Struct, frozen=True, kw_only=True):
    """The colours of one mode by their use: three grounds, then what is on them."""

    page: Colour  # behind everything
    card: Colour  # behind the content
    code: Colour  # behind code
    accent: Colour  # a masthead, a bar, a button
    text: Colour
    strong: Colour  # headings
    soft: Colour  # less important text
    line: Colour  # rules and borders
    link: Colour
    ink: Colour  # text on the accent

    def named(self) -> dict[str, str]:
        """The colours as a template names them."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}


def _neutrals(**colours: str) -> dict[str, Colour]:
    return {name: Colour.parse(text) for name, text in colours.items()}


_LIGHT = _neutrals(
    page="#f3f5f7", card="#fdfdfd", code="#eef1f4", text="#2a3036", strong="#12161a", soft="#56606a", line="#dfe3e7"
)
_DARK = _neutrals(
    page="#14171a", card="#1e2226", code="#292f34", text="#dfe3e6", strong="#f4f6f7", soft="#a6afb8", line="#353b42"
)


def light_palette(accent: Colour) -> Palette:
    """The colours used inline; links are the accent, darkened until they are readable."""
    return Palette(**_LIGHT, accent=accent, ink=ink_on(accent), link=_link(accent, _LIGHT))


def dark_palette(accent: Colour) -> Palette:
    """The colours for dark mode; the accent stays, and links are brightened until they are readable."""
    return Palette(**_DARK, accent=accent, ink=ink_on(accent), link=_link(accent, _DARK))


def _link(accent: Colour, grounds: dict[str, Colour]) -> Colour:
    return readable_on(accent, grounds["page"], grounds["card"], grounds["code"])
