"""The HTML page of a mail: content in its layout.

An author's own document is left as it is, with the footer below it. A fragment is put into the layout that the list
chose, with every style inline.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Self

from msgspec import Struct, field

from pressrun.core.colour import Colour
from pressrun.message.content.html import CleanHtml
from pressrun.message.layouts.built_in import (
    DEFAULT_LAYOUT,
    HIDDEN_SPACE,
    LAYOUT_NAMES,
    Layout,
    Styles,
    built_in_layout,
    fill,
    shared_pieces,
)
from pressrun.message.layouts.content import PictureRoom, buttons_from_links, lift_hero, style_content
from pressrun.message.layouts.design import Design, Logo
from pressrun.message.layouts.footer import Footer, address_html, footer_html
from pressrun.message.layouts.own_layout import OwnLayout
from pressrun.message.layouts.palette import Palette, dark_palette, light_palette
from pressrun.message.words import Words, direction_of

_OWN_INNER_WIDTH = 520  # of a column of 600 pixels with margins as most have them
_HEADING = re.compile(r"<h1[\s>]")


class Cover(Struct, frozen=True, kw_only=True):
    """What a page says beside its content. `logo_source` is the address of the logo, or None; `day` is the date.

    `pictures` holds the known widths of pictures in the content by their `src`.
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
    """The HTML part of an edition. `own` is given where the list's layout is the operator's own."""
    setting = _Setting.of(design.layout if design.layout in LAYOUT_NAMES else DEFAULT_LAYOUT, design, cover)
    foot = footer_html(footer, words, setting.named)
    if content.is_document:
        return setting.own_document(content, foot)
    if own is not None:
        address = address_html(footer.postal_address)
        return setting.own_layout(own, content, words, foot=foot, address=address)
    return setting.laid_out(content, foot, words, design.logo)


def letter(content: str, footer: Sequence[str], words: Words, design: Design, cover: Cover) -> str:
    """A page that we wrote, in the plainest layout with the list's colour and logo; all texts are finished HTML."""
    setting = _Setting.of("letter", design, cover)
    foot = "\n".join(fill(shared_pieces().footer_paragraph, text=paragraph) for paragraph in footer)
    return setting.laid_out(CleanHtml(body=content), foot, words, design.logo)


class _Setting(Struct, frozen=True, kw_only=True):
    """A layout with the colours, sides and fonts that its texts name in one edition."""

    layout: Layout
    cover: Cover
    accent: Colour
    named: Mapping[str, str]

    @classmethod
    def of(cls, name: str, design: Design, cover: Cover) -> Self:
        """The built-in layout of that name for one edition; the accent is the layout's where the list chose none."""
        layout, shared, typeface = built_in_layout(name), shared_pieces(), design.typeface
        accent = design.accent or Colour.parse(layout.accent)
        direction = direction_of(cover.language)
        start, end = ("right", "left") if direction == "rtl" else ("left", "right")
        named = {
            **_grounded(light_palette(accent), layout, own="card"),
            "start": start,
            "end": end,
            "font": shared.fonts[typeface],
            "serif": shared.fonts["serif"],
            "mono": shared.fonts["mono"],
            "mso_font": shared.outlook_fonts[typeface],
            "mso_heading_font": layout.mso_heading_font or shared.outlook_fonts[typeface],
            "tight": "normal" if direction == "rtl" else "-.01em",  # letters that join must not be moved
            "language": html.escape(cover.language),
            "direction": direction,
            "title": html.escape(cover.title),
            "subject": html.escape(cover.subject or cover.title),
            "preheader": fill(shared_pieces().preheader, text=html.escape(cover.preheader), space=HIDDEN_SPACE)
            if cover.preheader
            else "",
        }
        return cls(layout=layout, cover=cover, accent=accent, named=named)

    def laid_out(self, content: CleanHtml, foot: str, words: Words, logo: Logo | None) -> str:
        """A fragment in its layout."""
        layout, named, shared, body = self.layout, self.named, shared_pieces(), content.body
        styles = layout.all_styles()
        has_heading = _HEADING.search(body) is not None
        headline = self._subject_heading(styles) if layout.shows_subject and not has_heading else ""
        hero, body = lift_hero(body, named, self.cover.pictures) if layout.has_hero else ("", body)
        rows = fill(
            layout.rows,
            **named,
            masthead=self._masthead(logo, is_heading=not has_heading and not headline),
            headline=headline,
            hero=hero,
            content=self._styled(body, styles, layout.inner_width, words, is_first=not headline),
            footer=foot,
        )
        sheet = self._sheet(narrow=layout.narrow, styles=content.styles)
        return fill(shared.head, **named) + sheet + fill(shared.body, **named, gutter=layout.gutter, rows=rows)

    def own_document(self, content: CleanHtml, foot: str) -> str:
        """A document that its author laid out, with the footer below it."""
        return fill(
            shared_pieces().head + shared_pieces().own_document,
            **self.named,
            styles=content.styles,
            body_style=html.escape(content.body_style or "margin:0;padding:0"),
            content=content.body,
            footer=foot,
        )

    def own_layout(self, own: OwnLayout, content: CleanHtml, words: Words, *, foot: str, address: str) -> str:
        """A fragment in an operator's layout."""
        shared = shared_pieces()
        headline = "" if _HEADING.search(content.body) else self._subject_heading(shared.styles)
        body = self._styled(content.body, shared.styles, _OWN_INNER_WIDTH, words, is_first=not headline)
        filled = own.filled(headline=headline, content=body, footer=foot, postal_address=address)
        styles = f"{filled.styles}\n{content.styles}".strip()
        sheet = self._sheet(narrow="", styles=styles) if own.turns_dark else fill(shared.plain_sheet, styles=styles)
        body_style = html.escape(filled.body_style or "margin:0;padding:0")
        whole = fill(shared.own_layout, **self.named, body_style=body_style, content=filled.body)
        return fill(shared.head, **self.named) + sheet + whole

    def _sheet(self, *, narrow: str, styles: str) -> str:
        dark = _grounded(dark_palette(self.accent), self.layout, own="page")
        return fill(shared_pieces().sheet, narrow=narrow, styles=styles, **dark)

    def _styled(self, body: str, styles: Styles, width: int, words: Words, *, is_first: bool) -> str:
        room = PictureRoom(width=width, pictures=self.cover.pictures)
        body = buttons_from_links(body, self.named, margin="0")
        return style_content(body, styles, self.named, room=room, table_label=words("Table"), is_first=is_first)

    def _subject_heading(self, styles: Styles) -> str:
        """The subject in the style of a heading of the first rank."""
        if not self.cover.subject:
            return ""
        style = fill(styles["h1"][1], **self.named)
        return fill(shared_pieces().headline, style=style, subject=html.escape(self.cover.subject))

    def _masthead(self, logo: Logo | None, *, is_heading: bool) -> str:
        """The list's logo or its name, which is the first heading of a mail that has no other."""
        layout, named, shared = self.layout, self.named, shared_pieces()
        masthead, type_, shown = layout.masthead, layout.title_style, named["title"]
        if logo is not None and self.cover.logo_source is not None:
            masthead, type_ = layout.logo_masthead or masthead, layout.logo_type or type_
            width, height = (str(size) for size in logo.shown_size)
            source = html.escape(self.cover.logo_source)
            shown = fill(shared.logo, source=source, width=width, height=height, type=fill(type_, **named), title=shown)
        tag = "h1" if is_heading else "p"
        brand = fill(shared.brand, tag=tag, type=fill(type_, **named), kind=layout.title_class, shown=shown)
        tagline = self._line(layout.tagline_style, self.cover.description)
        return fill(masthead, **named, brand=brand, tagline=tagline, day=self._line(layout.day_style, self.cover.day))

    def _line(self, style: str, text: str) -> str:
        """A line below the list's name: its description, or the day."""
        if not text or not style:
            return ""
        return fill(shared_pieces().masthead_line, style=fill(style, **self.named), text=html.escape(text))


def _grounded(palette: Palette, layout: Layout, *, own: str) -> dict[str, str]:
    """The colours of a layout. On one ground, all have that of `own`, and the footer's band has the other."""
    named = palette.named()
    if not layout.is_on_card:
        return {**named, "band": named["page"]}
    ground, band = named[own], named["page" if own == "card" else "card"]
    return {**named, "page": ground, "card": ground, "band": band}
