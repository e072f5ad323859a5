"""Inline styles for an author's content: Markdown brings none of its own, and Gmail may drop the sheet.

`TYPE` is what the layouts share; each overrides what it shows otherwise. A style names colours as `[[text]]` and sides
as `[[start]]`, `[[end]]`, so that it serves both modes and both directions of writing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pressrun.message.content.html import ATTRIBUTE, TAG
from pressrun.message.content.markdown import BUTTON
from pressrun.message.layouts import shell
from pressrun.message.layouts.filling import fill

Styles = Mapping[str, tuple[str, str]]  # by element: its class, by which the sheet finds it in the dark, and its style

_CODE = f"background-color:[[code]];color:[[text]];font-family:{shell.MONO}"
_WRAP = "white-space:pre-wrap;word-wrap:break-word;overflow-wrap:anywhere"
_CELL = "padding-[[end]]:22px;vertical-align:top"

TYPE: Styles = {
    "h1": ("pr-strong pr-h1", "margin:0 0 18px;font-size:30px;line-height:37px;font-weight:700;color:[[strong]]"),
    "h2": ("pr-strong", "margin:36px 0 12px;font-size:22px;line-height:29px;font-weight:700;color:[[strong]]"),
    "h3": ("pr-strong", "margin:28px 0 8px;font-size:18px;line-height:25px;font-weight:700;color:[[strong]]"),
    "h4": ("pr-strong", "margin:24px 0 6px;font-size:16px;line-height:24px;font-weight:700;color:[[strong]]"),
    "p": ("", "margin:0 0 18px"),
    "a": ("pr-a", "color:[[link]];text-decoration:underline"),
    "ul": ("", "margin:0 0 18px;padding:0;padding-[[start]]:24px"),
    "ol": ("", "margin:0 0 18px;padding:0;padding-[[start]]:26px"),
    "li": ("", "margin:0 0 8px"),
    "dt": ("pr-strong", "margin:0;font-weight:700;color:[[strong]]"),
    "dd": ("", "margin:0 0 14px;margin-[[start]]:24px"),
    "img": ("pr-soft", "max-width:100%;height:auto;border:0;border-radius:6px;font-style:italic;color:[[soft]]"),
    "figure": ("", "margin:0 0 22px"),
    "figcaption": ("pr-soft", "margin:8px 0 0;font-size:14px;line-height:20px;color:[[soft]]"),
    "blockquote": (
        "pr-soft pr-line pr-quote",
        "margin:0 0 18px;padding:4px 0;padding-[[start]]:18px;border-[[start]]:3px solid [[line]];color:[[soft]]",
    ),
    "hr": ("pr-line", "margin:36px 0;border:0;border-top:1px solid [[line]]"),
    "pre": (
        "pr-code",
        f"margin:0 0 18px;padding:14px 16px;font-size:14px;line-height:21px;border-radius:6px;{_WRAP};{_CODE}",
    ),
    "code": ("pr-code", f"padding:1px 4px;font-size:90%;border-radius:4px;{_CODE}"),
    "table": ("", "margin:0 0 18px;border-collapse:collapse;font-size:15px;line-height:22px"),
    "caption": ("pr-soft", "padding:0 0 8px;text-align:[[start]];font-size:14px;color:[[soft]]"),
    "th": (
        "pr-line pr-strong pr-cell",
        f"padding:6px 0;{_CELL};border-bottom:2px solid [[line]];text-align:[[start]];color:[[strong]]",
    ),
    "td": ("pr-line pr-cell", f"padding:7px 0;{_CELL};border-bottom:1px solid [[line]]"),
}

_EDGE = re.compile(rf"</(pre|table)>|{TAG.pattern}")
_ALIGNED = re.compile(r"(text-align:\s*(?:left|center|right))\s*;?", re.ASCII)  # as Markdown aligns a column
_OUR_ALIGNMENT = re.compile(r"text-align:(?:left|right);")
_LAID_OUT = frozenset({"bgcolor", "cellpadding", "cellspacing", "border", "role", "width", "height"})
_WORDS = r"(?!\s*(?:https?:|www\.))([^<]*[^<\s][^<]*)"  # an address that is shown as it is stays a link
_LONE_LINK = re.compile(rf'<p>\s*<a href="([^"]*)"(?: (?:title|class)="[^"]*")*>{_WORDS}</a>\s*</p>')
_BLOCK = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:[^>\"]|\"[^\"]*\")*)>")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_MARGIN = re.compile(r'(style="margin:)([^;"]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRoom:
    """How wide the content may be, and the pictures in it are by their `src`, in pixels; others are not known."""

    width: int
    pictures: Mapping[str, int]

    def attribute_for(self, source: str) -> str:
        """What holds a picture inside where `max-width` is not known, as in Outlook."""
        return f' width="{self.width}"' if self.pictures.get(source, 0) > self.width else ""


def style_content(
    body: str, styles: Styles, named: Mapping[str, str], *, room: PictureRoom, table_label: str, is_first: bool = True
) -> str:
    """Clean HTML with inline styles on the elements that bring none of their own.

    Tables stand in scrollers, and no picture is wider than there is room. What comes first, unless a heading of ours
    stands above it, and what comes last has no outer margin: Gmail knows no `:first-child`.
    """
    painter = _Painter(
        {tag: (class_, fill(style, **named)) for tag, (class_, style) in styles.items()},
        fill(shell.SCROLLER, label=html.escape(table_label)),
        room,
        fill(shell.INLINE_BUTTON, **named),
    )
    return _without_outer_margins(_EDGE.sub(painter.paint, body), is_first=is_first)


def _without_outer_margins(body: str, *, is_first: bool) -> str:
    """The content without the margin above its first element, and below its last and the last of each quotation."""
    cuts: dict[int, tuple[int, ...]] = {}  # by the place of a tag, the sides of its margin that become 0
    opened: list[tuple[str, int, int | None]] = []  # tag, its place, that of the last element inside so far
    last: int | None = None
    for found in _BLOCK.finditer(body):
        is_end, tag = found[1] == "/", found[2]
        if not is_end and is_first and not opened and last is None:
            cuts[found.start()] = (0,)
        if is_end:
            if not opened or opened[-1][0] != tag:
                continue
            _, place, inside = opened.pop()
            if tag == "blockquote" and inside is not None:
                cuts[inside] = (*cuts.get(inside, ()), 2)
        elif tag in _VOID:
            place = found.start()
        else:
            opened.append((tag, found.start(), None))
            continue
        if opened:
            opened[-1] = (*opened[-1][:2], place)
        else:
            last = place
    if last is not None:
        cuts[last] = (*cuts.get(last, ()), 2)
    return _BLOCK.sub(lambda found: _cut(found[0], cuts.get(found.start(), ())), body)


def _cut(tag: str, sides: tuple[int, ...]) -> str:
    """A tag whose margin is 0 on these sides: 0 is the upper, 2 the lower."""
    found = _MARGIN.search(tag) if sides else None
    if found is None:
        return tag
    given = found[2].split()
    sizes = [given[side if side < len(given) else side % 2 if len(given) > 1 else 0] for side in range(4)]
    sizes = ["0" if side in sides else size for side, size in enumerate(sizes)]
    shown = "0" if set(sizes) == {"0"} else " ".join(sizes[: 3 if sizes[1] == sizes[3] else 4])
    return f"{tag[: found.start()]}{found[1]}{shown}{tag[found.end() :]}"


def buttons_from_links(body: str, named: Mapping[str, str], *, margin: str) -> str:
    """Clean HTML with each link that stands alone in its paragraph as a button; `margin` is that of its two sides."""

    def button(found: re.Match[str]) -> str:
        return fill(shell.BUTTON, url=found[1], words=found[2].strip(), margin=margin, **named)

    return _LONE_LINK.sub(button, body)


class _Painter:
    """Goes through the tags in order and knows whether it is inside of a program or a table."""

    def __init__(self, styles: Styles, scroller: str, room: PictureRoom, button: str) -> None:
        self._styles = styles
        self._scroller = scroller
        self._room = room
        self._button = button
        self._programs = 0
        self._tables: list[bool] = []  # the open ones, and whether each stands in a scroller

    def paint(self, found: re.Match[str]) -> str:
        """The tag as it is to stand."""
        match found[1]:
            case "pre":
                self._programs = max(0, self._programs - 1)
                return found[0]
            case "table":
                return found[0] + ("</div>" if self._tables and self._tables.pop() else "")
        attributes: dict[str, str] = dict(ATTRIBUTE.findall(found[3]))
        opened = self._opened(found[2], attributes)
        return opened + self._styled(found, attributes)

    def _opened(self, name: str, attributes: Mapping[str, str]) -> str:
        if name == "pre":
            self._programs += 1
        if name != "table":
            return ""
        self._tables.append(not any(self._tables) and not _is_laid_out(attributes))
        return self._scroller if self._tables[-1] else ""

    def _styled(self, found: re.Match[str], attributes: Mapping[str, str]) -> str:
        whole, name, rest = found[0], found[2], found[3]
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
    """Whether an author laid out a table by hand, so that our margins and rules would spoil it."""
    return bool(attributes.keys() & _LAID_OUT)
