"""An edition's fragment inside a page of ours, between our own form and footer.

The policy of such a page allows no style attribute, and its style sheet has its own rules. So alignments become the
classes `al`, `ac` and `ar`, the author's classes go except that of a button, ids and links to them get a prefix, and
headings move below that of the page. A fragment with colours, backgrounds or other styles cannot be shown this way.

The fragment is clean: attributes are in double quotes, and text holds no bare `<`.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

from pressrun.message.content.html import ANY_TAG, ATTRIBUTE
from pressrun.message.content.markdown import BACK, BUTTON, FOOTNOTES

PREFIX = "e-"  # of the author's ids, so that none equals one of the page's

_ALIGNMENTS = {"left": "al", "center": "ac", "right": "ar"}
_STYLE = re.compile(r"\s*text-align\s*:\s*(left|center|right)\s*;?\s*", re.IGNORECASE)
_LINES = re.compile(r"\s*white-space\s*:\s*pre-wrap\s*;?\s*")  # an edition in plain text
_OF_REFERENCES = re.compile(r"\s*font-size\s*:\s*75%\s*;\s*line-height\s*:\s*0\s*;?\s*")  # as our Markdown writes them
_OURS = frozenset({FOOTNOTES, BACK})
_COLOURS = frozenset({"bgcolor", "color"})
_HEADING = re.compile(r"h([1-5])")
_LARGEST_REMEMBERED = 100_000  # characters; a book in each of our languages would fill the memory


def inline_fragment(fragment: str, *, table_name: str, below: int = 1) -> str | None:
    """The fragment for a page whose own headings take `below` levels; None if it has a design of its own.

    Each table scrolls by itself, in a region that is called `table_name`.
    """
    make = _inline if len(fragment) > _LARGEST_REMEMBERED else _inline_once
    return make(fragment, table_name, below)


def _inline(fragment: str, table_name: str, below: int) -> str | None:
    if "<style" in fragment:
        return None
    depth = 0
    done, end = [], 0
    for match in ANY_TAG.finditer(fragment):
        closes, tag, attributes = match[1], match[2].lower(), match[3]
        kept = _attributes(tag, attributes)
        if kept is None:
            return None
        done.append(fragment[end : match.start()])
        end = match.end()
        tag = _HEADING.sub(lambda level: f"h{min(6, int(level[1]) + below)}", tag) if len(tag) == 2 else tag
        shown = f"<{closes}{tag}{kept}>"
        if tag == "table":
            depth += -1 if closes else 1
            if not closes and depth == 1:
                shown = f'<div class="scroll" role="region" aria-label="{html.escape(table_name)}" tabindex="0">{shown}'
            elif closes and depth == 0:
                shown += "</div>"
        done.append(shown)
    return "".join((*done, fragment[end:]))


_inline_once = lru_cache(maxsize=64)(_inline)


def _attributes(tag: str, source: str) -> str | None:
    """The attributes of one element, or None if they have a design of their own."""
    kept: list[str] = []
    classes: list[str] = []
    for name, value in ATTRIBUTE.findall(source):
        if name in _COLOURS:
            return None
        if name == "style":
            aligned = _STYLE.fullmatch(value)
            if aligned is not None:
                classes.append(_ALIGNMENTS[aligned[1].lower()])
            elif _LINES.fullmatch(value):
                classes.append("lines")
            elif not _OF_REFERENCES.fullmatch(value):
                return None
        elif name == "class":
            ours = _OURS | {BUTTON} if tag == "a" else _OURS
            classes += [each for each in value.split() if each in ours]
        elif name in ("id", "name", "headers"):
            kept.append(f'{name}="{" ".join(PREFIX + each for each in value.split())}"')
        elif name == "href" and value.startswith("#") and len(value) > 1:
            kept.append(f'href="#{PREFIX}{value[1:]}"')
        else:
            kept.append(f'{name}="{value}"')
    if classes:
        kept.append(f'class="{" ".join(classes)}"')
    return "".join(f" {attribute}" for attribute in kept)
