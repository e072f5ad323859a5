"""The built-in layouts, read from `assets/layouts/`: one file each, and `shared` for what all of them use.

Their texts hold places `[[name]]`. `fill` replaces each once, with text that is already escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import msgspec

from pressrun.assets import convert_asset, read_asset

LAYOUT_NAMES = ("letter", "classic", "notice", "magazine")
DEFAULT_LAYOUT = LAYOUT_NAMES[0]  # of a list that chose none
PAGE_WIDTH = 600  # pixels
HIDDEN_SPACE = ("&#8199;&#65279;&#847; " * 40).rstrip()  # behind a preheader

Styles = Mapping[str, tuple[str, str]]  # by element: its class, by which the sheet finds it in the dark, and its style

_PLACE = re.compile(r"\[\[([a-z_]+)\]\]")


class SharedPieces(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pieces that every layout shares; the file explains them."""

    head: str
    sheet: str
    plain_sheet: str
    body: str
    own_document: str
    own_layout: str
    preheader: str
    logo: str
    brand: str
    masthead_line: str
    headline: str
    footer_link: str
    footer_paragraph: str
    button: str
    inline_button: str
    scroller: str
    hero_row: str
    hero_caption: str
    column_start: str
    column_end: str
    fonts: dict[str, str]
    outlook_fonts: dict[str, str]
    styles: dict[str, tuple[str, str]]


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A layout: rows of one column.

    `title_style` is that of the list's name. Where there is a logo, `logo_masthead` takes the masthead's place, and
    `logo_type` is the style of the words shown for it where images are off. With `shows_subject` the subject is a
    heading above content that has none of the first rank, else the list's name is. With `has_hero` an opening picture
    is lifted above the content, over the whole width. "" means: as without a logo, or not shown.
    """

    summary: str
    accent: str
    inner_width: int  # of the content, in pixels
    masthead: str
    rows: str
    title_style: str
    title_class: str = "pr-strong"  # "" where it is on the accent, which is the same in the dark
    day_style: str = ""  # of the day that a copy was made
    tagline_style: str = ""  # of the list's description below its name
    logo_masthead: str = ""
    logo_type: str = ""
    is_on_card: bool = False  # the whole mail has the ground of the content
    gutter: str = "28px 12px 36px"
    mso_heading_font: str = ""  # Outlook uses Times if it does not know the first font; "": as the text
    narrow: str = ""  # rules of the sheet for a phone
    shows_subject: bool = False
    has_hero: bool = False
    styles: dict[str, tuple[str, str]] = {}

    def all_styles(self) -> Styles:
        """The shared styles of elements, and those that this layout changes."""
        return {**shared_pieces().styles, **self.styles}


@cache
def built_in_layout(name: str) -> Layout:
    """The layout of that name, one of LAYOUT_NAMES. Raises AssetError."""
    file = f"layouts/{name}"
    return convert_asset(file, "", read_asset(file), Layout)


@cache
def shared_pieces() -> SharedPieces:
    """What all layouts share. Raises AssetError."""
    return convert_asset("layouts/shared", "", read_asset("layouts/shared"), SharedPieces)


def fill(template: str, **parts: str) -> str:
    """The template with each `[[name]]` replaced; the replacements are not searched again."""
    return _PLACE.sub(lambda match: parts[match[1]], template)
