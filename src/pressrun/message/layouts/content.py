"""How an author's content looks in a layout: inline styles, buttons, and the opening picture.

Markdown brings no styles, and Gmail may drop the sheet. A style names colours as `[[text]]` and sides as `[[start]]`
and `[[end]]`, so that it serves both modes and both directions of writing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from msgspec import Struct

from pressrun.message.content.html import ANY_TAG, ATTRIBUTE, TAG
from pressrun.message.content.markdown import BUTTON
from pressrun.message.layouts.built_in import PAGE_WIDTH, Styles, fill, shared_pieces

_IMAGE = r'(?P<link><a href="[^"]*"[^>]*>)?\s*<img(?P<image>(?:[^>"]|"[^"]*")*)>\s*(?:</a>)?'
_OPENING = re.compile(
    r"\A(?P<heading>\s*<h1[^>]*>(?:(?!</h1>).)*</h1>)?\s*"
    rf"(?:<p>\s*{_IMAGE}\s*</p>|<figure[^>]*>\s*{_IMAGE.replace('P<', 'P<f')}\s*"
    r"(?:<figcaption[^>]*>(?P<caption>(?:(?!</figcaption>).)*)</figcaption>)?\s*</figure>)",
    re.DOTALL,
)
_NARROWEST = 480  # pixels
_EDGE = re.compile(rf"</(pre|table)>|{TAG.pattern}")
_ALIGNED = re.compile(r"(text-align:\s*(?:left|center|right))\s*;?", re.ASCII)  # as Markdown aligns a column
_OUR_ALIGNMENT = re.compile(r"text-align:(?:left|right);")
_LAID_OUT = frozenset({"bgcolor", "cellpadding", "cellspacing", "border", "role", "width", "height"})
_WORDS = r"(?!\s*(?:https?:|www\.|<))([^<]++)"  # an address that is shown as it is stays a link
_LONE_LINK = re.compile(rf'<p>\s*<a href="([^"]*)"(?: (?:title|class)="[^"]*")*>{_WORDS}</a>\s*</p>')
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_MARGIN = re.compile(r'(style="margin:)([^;"]+)')


class PictureRoom(Struct, frozen=True, kw_only=True):
    """How wide the content may be, and the known widths of its pictures by their `src`, in pixels."""

    width: int
    pictures: Mapping[str, int]

    def attribute_for(self, source: str) -> str:
        """The attribute that limits a picture in Outlook, which does not know `max-width`."""
        return f' width="{self.width}"' if self.pictures.get(source, 0) > self.width else ""


def style_content(
    body: str, styles: Styles, named: Mapping[str, str], *, room: PictureRoom, table_label: str, is_first: bool = True
) -> str:
    """Clean HTML with inline styles on the elements that have none of their own.

    Tables get scrollers, and no picture is wider than its room. The first element, unless a heading of ours is above
    it, and the last have no outer margin, because Gmail does not know `:first-child`.
    """
    painter = _Painter(
        {tag: (class_, fill(style, **named)) for tag, (class_, style) in styles.items()},
        fill(shared_pieces().scroller, label=html.escape(table_label)),
        room,
        fill(shared_pieces().inline_button, **named),
    )
    return _without_outer_margins(_EDGE.sub(painter.paint, body), is_first=is_first)


def _without_outer_margins(body: str, *, is_first: bool) -> str:
    """The content without the margins above its first element, below its last, and below the last of each quotation."""
    cuts: dict[int, tuple[int, ...]] = {}  # by the place of a tag: the sides of its margin that become 0
    opened: list[tuple[str, int, int | None]] = []  # tag, its place, and that of the last element inside so far
    last: int | None = None
    for match in ANY_TAG.finditer(body):
        is_end, tag = match[1] == "/", match[2]
        if not is_end and is_first and not opened and last is None:
            cuts[match.start()] = (0,)
        if is_end:
            if not opened or opened[-1][0] != tag:
                continue
            _, place, inside = opened.pop()
            if tag == "blockquote" and inside is not None:
                cuts[inside] = (*cuts.get(inside, ()), 2)
        elif tag in _VOID:
            place = match.start()
        else:
            opened.append((tag, match.start(), None))
            continue
        if opened:
            opened[-1] = (*opened[-1][:2], place)
        else:
            last = place
    if last is not None:
        cuts[last] = (*cuts.get(last, ()), 2)
    return ANY_TAG.sub(lambda match: _cut(match[0], cuts.get(match.start(), ())), body)


def _cut(tag: str, sides: tuple[int, ...]) -> str:
    """The tag with a margin of 0 on these sides; 0 is the upper one, 2 the lower one."""
    match = _MARGIN.search(tag) if sides else None
    if match is None:
        return tag
    margins = match[2].split()
    sizes = [margins[side if side < len(margins) else side % 2 if len(margins) > 1 else 0] for side in range(4)]
    sizes = ["0" if side in sides else size for side, size in enumerate(sizes)]
    shown = "0" if set(sizes) == {"0"} else " ".join(sizes[: 3 if sizes[1] == sizes[3] else 4])
    return f"{tag[: match.start()]}{match[1]}{shown}{tag[match.end() :]}"


def buttons_from_links(body: str, named: Mapping[str, str], *, margin: str) -> str:
    """Clean HTML with each link that is alone in its paragraph as a button; `margin` is that of its two sides."""

    def button(match: re.Match[str]) -> str:
        return fill(shared_pieces().button, url=match[1], words=match[2].strip(), margin=margin, **named)

    return _LONE_LINK.sub(button, body)


class _Painter:
    """Rewrites the tags in order, and knows whether it is inside a program or a table."""

    def __init__(self, styles: Styles, scroller: str, room: PictureRoom, button: str) -> None:
        self._styles = styles
        self._scroller = scroller
        self._room = room
        self._button = button
        self._programs = 0
        self._tables: list[bool] = []  # the open ones, and whether each is in a scroller

    def paint(self, match: re.Match[str]) -> str:
        """The tag with its style."""
        match match[1]:
            case "pre":
                self._programs = max(0, self._programs - 1)
                return match[0]
            case "table":
                return match[0] + ("</div>" if self._tables and self._tables.pop() else "")
        attributes: dict[str, str] = dict(ATTRIBUTE.findall(match[3]))
        opened = self._opened(match[2], attributes)
        return opened + self._styled(match, attributes)

    def _opened(self, name: str, attributes: Mapping[str, str]) -> str:
        if name == "pre":
            self._programs += 1
        if name != "table":
            return ""
        self._tables.append(not any(self._tables) and not _is_laid_out(attributes))
        return self._scroller if self._tables[-1] else ""

    def _styled(self, match: re.Match[str], attributes: Mapping[str, str]) -> str:
        whole, name, rest = match[0], match[2], match[3]
        style = self._styles.get(name)
        aligned = _ALIGNED.fullmatch(attributes.get("style", ""))
        if style is None or ("style" in attributes and not aligned) or (name == "code" and self._programs):
            return whole
        if name in ("table", "td", "th") and _is_laid_out(attributes):
            return whole
        if name == "a" and attributes.get("class") == BUTTON:
            return f'<a{rest} style="{self._button}">'
        class_, inline = style
        if aligned or "align" in attributes:
            inline = _OUR_ALIGNMENT.sub("", inline)
        if aligned:
            rest = rest.replace(f' style="{attributes["style"]}"', "")
            inline = f"{inline};{aligned[1]}"
        if name == "img" and "width" not in attributes:
            rest += self._room.attribute_for(html.unescape(attributes.get("src", "")))
        marked = f' class="{class_}"' if class_ and "class" not in attributes else ""
        return f'<{name}{marked}{rest} style="{inline}">'


def _is_laid_out(attributes: Mapping[str, str]) -> bool:
    """Whether its author laid out a table by hand, so that our margins and rules would spoil it."""
    return bool(attributes.keys() & _LAID_OUT)


def lift_hero(body: str, named: Mapping[str, str], pictures: Mapping[str, int]) -> tuple[str, str]:
    """The row of the picture that opens the content, or "", and the content without it.

    A first-rank heading may precede it and stays with the content. `pictures` are the known widths, because a small
    picture is not enlarged.
    """
    match = _OPENING.match(body)
    if match is None:
        return "", body
    parts = match.groupdict(default="")
    attributes: dict[str, str] = dict(ATTRIBUTE.findall(parts["image"] or parts["fimage"]))
    source = html.unescape(attributes.get("src", ""))
    if not source or pictures.get(source, PAGE_WIDTH) < _NARROWEST:
        return "", body
    link = parts["link"] or parts["flink"]
    row = fill(
        shared_pieces().hero_row,
        source=attributes["src"],
        alt=attributes.get("alt", ""),
        width=str(PAGE_WIDTH),
        open=link,
        close="</a>" if link else "",
        caption=fill(shared_pieces().hero_caption, words=parts["caption"], **named) if parts["caption"] else "",
        **named,
    )
    return row, parts["heading"] + body[match.end() :]
