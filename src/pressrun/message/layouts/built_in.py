"""What a layout consists of, and the table of those that we bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from pressrun.core.colour import Colour
from pressrun.message.layouts.content import TYPE, Styles


class Headline(StrEnum):
    """What is the first heading of a mail whose content has none of the first rank."""

    LIST = "list"  # the list's name at the top
    SUBJECT = "subject"  # the subject, set above the content


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A layout as data: rows of one column. Texts name colours and parts as `[[name]]`.

    `title_style` is that of the list's name; `logo_masthead` stands where there is a logo instead, and `logo_type` is
    that of the words which stand for it where images are off. Where `has_hero`, a picture with which the content
    begins stands above it over the whole width.
    """

    name: str
    summary: str
    accent: Colour
    inner_width: int  # of the content, in pixels
    masthead: str
    rows: str
    title_style: str
    title_class: str = "pr-strong"  # "" where it stands on the accent, which is the same in the dark
    day_style: str = ""  # of the day that a copy was made; "": it is not shown
    tagline_style: str = ""  # of the list's description below its name; "": it is not shown
    logo_masthead: str = ""  # "": as without a logo
    logo_type: str = ""
    is_on_card: bool = False  # the whole mail has the ground of the content
    gutter: str = "28px 12px 36px"
    mso_heading_font: str = ""  # Outlook takes Times where it does not know the first of a row; "": as the text
    narrow: str = ""  # rules of the sheet for a phone
    headline: Headline = Headline.LIST
    headline_style: str = ""
    has_hero: bool = False
    content: Styles = field(default_factory=lambda: TYPE)


def styles(changed: Mapping[str, tuple[str, str]]) -> Styles:
    """The shared type with some elements shown otherwise."""
    return MappingProxyType({**TYPE, **changed})
