"""Putting content into its layout: the HTML page of a mail.

The author's own document stands by itself, with the footer below it; a fragment stands in the layout that the list
chose, with every style inline.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from pressrun.core.colour import Colour
from pressrun.message.content.html import CleanHtml
from pressrun.message.layouts import shell
from pressrun.message.layouts.built_in import Headline, Layout
from pressrun.message.layouts.content import TYPE, PictureRoom, Styles, buttons_from_links, style_content
from pressrun.message.layouts.design import Design, Logo
from pressrun.message.layouts.filling import fill
from pressrun.message.layouts.footer import Footer, address_html, footer_html
from pressrun.message.layouts.hero import lift_hero
from pressrun.message.layouts.own_layout import OwnLayout
from pressrun.message.layouts.palette import Palette, dark_palette, light_palette
from pressrun.message.layouts.table import BUILT_IN, DEFAULT
from pressrun.message.words import Words, direction_of

_OWN_INNER_WIDTH = 520  # of a column of 600 pixels with margins as most have them
_HEADING = re.compile(r"<h1[\s>]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What a page says beside its content; `logo_source` is the address of the logo, None without one, `day` its date.

    `pictures` are the widths of pictures in the content by their `src`, as far as they are known.
    """

    title: str
    language: str
    subject: str = ""
    description: str = ""
    preheader: str = ""
    logo_source: str | None = None
    day: str = ""
    pictures: Mapping[str, int] = field(default_factory=dict)


def page(
    content: CleanHtml,
    footer: Footer,
    words: Words,
    design: Design,
    cover: Cover,
    own: OwnLayout | None = None,
) -> str:
    """The HTML part of an edition: the author's own document with a footer, or a fragment in the list's layout.

    `own` is given where that layout is the operator's own.
    """
    setting = _Setting.of(BUILT_IN.get(design.layout, BUILT_IN[DEFAULT]), design, cover)
    foot = footer_html(footer, words, setting.named)
    if content.is_document:
        return setting.own_document(content, foot)
    if own is not None:
        address = address_html(footer.postal_address)
        return setting.own_layout(own, content, words, foot=foot, address=address)
    return setting.laid_out(content, foot, words, design.logo)


def letter(content: str, footer: Sequence[str], words: Words, design: Design, cover: Cover) -> str:
    """A page of our own making, in the plainest layout with the list's colour and logo; all texts are finished HTML."""
    setting = _Setting.of(BUILT_IN["letter"], design, cover)
    foot = "\n".join(fill(shell.FOOTER_PARAGRAPH, text=paragraph) for paragraph in footer)
    return setting.laid_out(CleanHtml(body=content), foot, words, design.logo)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """A layout with the colours, sides and faces that its texts name in one edition."""

    layout: Layout
    cover: Cover
    accent: Colour
    named: Mapping[str, str]

    @classmethod
    def of(cls, layout: Layout, design: Design, cover: Cover) -> Self:
        """The setting of an edition; without an accent it has the layout's own."""
        accent, typeface = design.accent or layout.accent, design.typeface
        direction = direction_of(cover.language)
        start, end = ("right", "left") if direction == "rtl" else ("left", "right")
        named = {
            **_grounded(light_palette(accent), layout, own="card"),
            "start": start,
            "end": end,
            "font": shell.FONTS[typeface],
            "mso_font": shell.MSO_FONTS[typeface],
            "mso_heading_font": layout.mso_heading_font or shell.MSO_FONTS[typeface],
            "tight": "normal" if direction == "rtl" else "-.01em",  # letters that join must not be moved
            "language": html.escape(cover.language),
            "direction": direction,
            "title": html.escape(cover.title),
            "subject": html.escape(cover.subject or cover.title),
            "preheader": _preheader(cover.preheader),
        }
        return cls(layout=layout, cover=cover, accent=accent, named=named)

    def laid_out(self, content: CleanHtml, foot: str, words: Words, logo: Logo | None) -> str:
        """A fragment in its layout."""
        layout, named, body = self.layout, self.named, content.body
        has_heading = _HEADING.search(body) is not None
        headline = "" if has_heading else self._headline()
        hero, body = lift_hero(body, named, self.cover.pictures) if layout.has_hero else ("", body)
        rows = fill(
            layout.rows,
            **named,
            masthead=self._masthead(logo, is_heading=not has_heading and not headline),
            headline=headline,
            hero=hero,
            content=self._styled(body, layout.content, layout.inner_width, words, is_first=not headline),
            footer=foot,
        )
        dark = _grounded(dark_palette(self.accent), layout, own="page")
        sheet = fill(shell.SHEET, narrow=layout.narrow, styles=content.styles, **dark)
        return fill(shell.HEAD, **named) + sheet + fill(shell.BODY, **named, gutter=layout.gutter, rows=rows)

    def own_document(self, content: CleanHtml, foot: str) -> str:
        """A document that its author laid out, with the footer below it."""
        return fill(
            shell.HEAD + shell.OWN_DOCUMENT,
            **self.named,
            styles=content.styles,
            body_style=html.escape(content.body_style or "margin:0;padding:0"),
            content=content.body,
            footer=foot,
        )

    def own_layout(self, own: OwnLayout, content: CleanHtml, words: Words, *, foot: str, address: str) -> str:
        """A fragment in a layout of the operator's."""
        headline = "" if _HEADING.search(content.body) else self._subject_heading(TYPE["h1"][1])
        body = self._styled(content.body, TYPE, _OWN_INNER_WIDTH, words, is_first=not headline)
        filled = own.filled(headline=headline, content=body, footer=foot, postal_address=address)
        styles = f"{filled.styles}\n{content.styles}".strip()
        dark = _grounded(dark_palette(self.accent), self.layout, own="page")
        sheet = fill(shell.SHEET, narrow="", styles=styles, **dark) if own.turns_dark else ""
        return (
            fill(shell.HEAD, **self.named)
            + (sheet or fill(shell.PLAIN_SHEET, styles=styles))
            + fill(
                shell.OWN_LAYOUT,
                **self.named,
                body_style=html.escape(filled.body_style or "margin:0;padding:0"),
                content=filled.body,
            )
        )

    def _styled(self, body: str, styles: Styles, width: int, words: Words, *, is_first: bool) -> str:
        room = PictureRoom(width=width, pictures=self.cover.pictures)
        body = buttons_from_links(body, self.named, margin="0")
        return style_content(body, styles, self.named, room=room, table_label=words("Table"), is_first=is_first)

    def _headline(self) -> str:
        if self.layout.headline is not Headline.SUBJECT:
            return ""
        return self._subject_heading(self.layout.headline_style)

    def _subject_heading(self, style: str) -> str:
        subject = self.cover.subject
        if not subject:
            return ""
        return fill(shell.HEADLINE, style=fill(style, **self.named), subject=html.escape(subject))

    def _masthead(self, logo: Logo | None, *, is_heading: bool) -> str:
        """The list's logo or its name, which is the first heading of a mail that has no other."""
        layout, named = self.layout, self.named
        masthead, type_, shown = layout.masthead, layout.title_style, named["title"]
        if logo is not None and self.cover.logo_source is not None:
            masthead, type_ = layout.logo_masthead or masthead, layout.logo_type or type_
            width, height = (str(size) for size in logo.shown_size)
            source = html.escape(self.cover.logo_source)
            shown = fill(shell.LOGO, source=source, width=width, height=height, type=fill(type_, **named), title=shown)
        tag = "h1" if is_heading else "p"
        brand = fill(shell.BRAND, tag=tag, type=fill(type_, **named), kind=layout.title_class, shown=shown)
        return fill(masthead, **named, brand=brand, tagline=self._tagline(), day=self._day())

    def _day(self) -> str:
        day, style = self.cover.day, self.layout.day_style
        return fill(shell.DAY, style=fill(style, **self.named), day=html.escape(day)) if day and style else ""

    def _tagline(self) -> str:
        words, style = self.cover.description, self.layout.tagline_style
        if not words or not style:
            return ""
        return fill(shell.TAGLINE, style=fill(style, **self.named), words=html.escape(words))


def _grounded(shades: Palette, layout: Layout, *, own: str) -> dict[str, str]:
    """The colours of a layout; on one ground all have that of `own`, and the footer's band has the other."""
    named = shades.named()
    if not layout.is_on_card:
        return {**named, "band": named["page"]}
    ground, band = named[own], named["page" if own == "card" else "card"]
    return {**named, "page": ground, "card": ground, "band": band}


def _preheader(text: str) -> str:
    return fill(shell.PREHEADER, text=html.escape(text), space=shell.HIDDEN_SPACE) if text else ""
