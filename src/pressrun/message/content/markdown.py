"""Markdown to HTML: CommonMark with tables, strikethrough, footnotes and figures.

The result must still be cleaned, because HTML passes through. A picture alone in its paragraph becomes a figure with
its title as caption. Footnotes are gathered below the text, each with a link back. A link followed by `{.button}` is a
button.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pressrun.message.content.columns import width
from pressrun.message.content.html import web_addresses

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

FOOTNOTES = "footnotes"  # the class of the list of notes
BACK = "footnote-back"  # the class of the link back from a note

BUTTON = "button"  # the class of a link that looks like one

_MARK_OF_A_BUTTON = "{.button}"
_ROOM_OF_A_LINE = 60  # columns; a program that wraps text fills lines at least this far
_WORD = re.compile(r"!?\[[^\]]*\]\([^)]*\)\S*|\S+")
_REFERENCE = re.compile(r"\[\^([^\]\s]{1,100})\]")


def render_markdown(source: str, *, direction: str = "ltr") -> str:
    """The HTML of a Markdown source, which must be cleaned before anybody sees it.

    In a text from right to left, `:---` means the right edge of a column, where its lines start. A line that its author
    ended early stays a line.
    """
    env: dict[str, Any] = {}
    parser = _parser()
    tokens = parser.parse(source, env)
    for token in tokens:
        if token.type == "inline":
            for early in _early_ends(token):
                early.type, early.tag = "hardbreak", "br"
        elif direction == "rtl" and token.type in ("th_open", "td_open"):
            style = str(token.attrGet("style") or "")
            if style in _MIRRORED:
                token.attrSet("style", _MIRRORED[style])
    return str(parser.renderer.render(tokens, parser.options, env))


def _early_ends(inline: Token) -> Sequence[Token]:
    """The soft line ends that the author made, because the next word had room in the line.

    A line end inside code or a tag leaves no token, and then nothing is known about the others.
    """
    lines = inline.content.split("\n")
    breaks = [child for child in inline.children or () if child.type in _BREAKS]
    if len(breaks) != len(lines) - 1:
        return ()
    return [
        token
        for token, line, following in zip(breaks, lines, lines[1:], strict=False)
        if token.type == "softbreak" and width(line) + 1 + width(_first_word(following)) <= _ROOM_OF_A_LINE
    ]


def _first_word(line: str) -> str:
    """The text up to a blank, or a whole link, which no program wraps."""
    match = _WORD.match(line)
    return "" if match is None else match[0]


def _make_buttons(state: StateCore) -> None:
    """Turn `[words](address){.button}` into a link of that class."""
    for token in state.tokens:
        children = token.children or []
        if _MARK_OF_A_BUTTON not in token.content:
            continue
        opened: Token | None = None
        for child, following in pairwise(children):
            if child.type == "link_open":
                opened = child
            elif child.type == "link_close" and opened is not None and following.content.startswith(_MARK_OF_A_BUTTON):
                opened.attrSet("class", BUTTON)
                following.content = following.content.removeprefix(_MARK_OF_A_BUTTON)


def _link_addresses(state: StateCore) -> None:
    """Turn web addresses in the text into links, outside of links and of tags of the author's own.

    One that goes on in another script, or into emphasis or a tag, is left alone: nobody can tell where it ends.
    """
    for token in state.tokens:
        if token.type != "inline" or "://" not in token.content or "<a" in token.content.lower():
            continue
        children: list[Token] = []
        depth = 0
        for child, following in zip_longest(token.children or [], (token.children or [])[1:]):
            depth += child.nesting if child.type in ("link_open", "link_close") else 0
            goes_on = following is not None and following.type not in _BREAKS and following.nesting >= 0
            last = len(child.content) - goes_on
            children += _linked(child, last) if child.type == "text" and depth == 0 else [child]
        token.children = children


def _linked(text: Token, last: int) -> list[Token]:
    """A text with those addresses as links that end at `last` or before."""
    new, content = type(text), text.content
    pieces: list[Token] = []
    position = 0
    for start, end in web_addresses(content):
        url = content[start:end]
        if not url.isascii() or end > last:
            continue
        pieces += [
            new("text", "", 0, content=content[position:start]),
            new("link_open", "a", 1, attrs={"href": url}),
            new("text", "", 0, content=url),
            new("link_close", "a", -1),
        ]
        position = end
    return [*pieces, new("text", "", 0, content=content[position:])] if pieces else [text]


class FootnoteFaults(Struct, frozen=True):
    """Labels of notes without a reference, which are not shown, and of references without a note."""

    unused: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def footnote_faults(source: str) -> FootnoteFaults:
    """What is wrong with the notes of a Markdown source, outside of code."""
    if "[^" not in source:
        return FootnoteFaults()
    env: dict[str, Any] = {}
    tokens = _parser().parse(source, env)
    refs = env.get("footnotes", {}).get("refs", {})
    words = "\n".join(child.content for token in tokens for child in token.children or () if child.type == "text")
    return FootnoteFaults(
        unused=tuple(label.removeprefix(":") for label, number in refs.items() if number < 0),
        missing=tuple(dict.fromkeys(_REFERENCE.findall(words))),
    )


def _make_figures(state: StateCore) -> None:
    """Turn paragraphs that hold only a picture, linked or not, into figures."""
    done: list[Token] = []
    for index, token in enumerate(state.tokens):
        inside = state.tokens[index + 1] if token.type == "paragraph_open" and not token.hidden else None
        image = _sole_image(inside.children or []) if inside is not None else None
        if image is not None:
            token.tag = state.tokens[index + 2].tag = "figure"
        if token.type == "paragraph_close" and token.tag == "figure":
            done += _caption(state.tokens[index - 1])
        done.append(token)
    state.tokens = done


def _sole_image(children: Sequence[Token]) -> Token | None:
    match [child.type for child in children]:
        case ["image"]:
            return children[0]
        case ["link_open", "image", "link_close"]:
            return children[1]
        case _:
            return None


def _caption(inside: Token) -> list[Token]:
    image = _sole_image(inside.children or [])
    title = str(image.attrs.pop("title", "")) if image is not None else ""
    if not title.strip():
        return []
    new = type(inside)
    words = new("text", "", 0, content=title)
    return [
        new("figcaption_open", "figcaption", 1),
        new("inline", "", 0, content=title, children=[words]),
        new("figcaption_close", "figcaption", -1),
    ]


def _name(token: Token) -> tuple[int, str]:
    """The number of a note, and a suffix for further references to it."""
    again = token.meta.get("subId", 0)
    return token.meta["id"] + 1, f"-{again}" if again > 0 else ""


def _reference(_self: RendererHTML, tokens: Sequence[Token], index: int, *_: Any) -> str:
    number, again = _name(tokens[index])
    link = f'<a href="#note-{number}" id="ref-{number}{again}">[{number}]</a>'
    return f'<sup style="font-size:75%;line-height:0">{link}</sup>'  # otherwise it pushes the lines apart


def _way_back(_self: RendererHTML, tokens: Sequence[Token], index: int, *_: Any) -> str:
    number, again = _name(tokens[index])
    return f' <a href="#ref-{number}{again}" class="{BACK}" title="{number}">\u21a9\ufe0e</a>'


@cache
def _parser() -> MarkdownIt:
    # Slow to import, and most processes and verbs never read Markdown.
    from markdown_it import MarkdownIt  # noqa: PLC0415
    from mdit_py_plugins.footnote import footnote_plugin  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False)
    parser.core.ruler.push("addresses", _link_addresses)
    parser.core.ruler.push("figures", _make_figures)
    parser.core.ruler.push("buttons", _make_buttons)
    rules: dict[str, Callable[..., str]] = {
        "footnote_ref": _reference,
        "footnote_block_open": lambda *_: f'<hr>\n<ol class="{FOOTNOTES}">\n',
        "footnote_block_close": lambda *_: "</ol>\n",
        "footnote_open": lambda _, tokens, index, *__: f'<li id="note-{_name(tokens[index])[0]}">',
        "footnote_close": lambda *_: "</li>\n",
        "footnote_anchor": _way_back,
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


_BREAKS = ("softbreak", "hardbreak")
_MIRRORED = {"text-align:left": "text-align:right", "text-align:right": "text-align:left"}
