"""What cleaning takes out of an author's HTML and its author may miss: said with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pressrun.message.content.css import BACKGROUND
from pressrun.message.finding import Finding, warning

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CODES = {
    r"<script\b": "lost-script",
    r"<(?:form|input|button|select|textarea)\b": "lost-form",
    r"<(?:iframe|frame|object|embed|applet)\b": "lost-frame",
    r"<(?:video|audio)\b": "lost-film",
    r"<(?:svg|math|canvas)\b": "lost-drawing",
    r"<link\b[^>]{0,200}\bstylesheet\b": "lost-sheet",
    r"\bbackground\s*=\s*[\"']?[^\s\"'>]": BACKGROUND,
}
_PATTERNS = [(re.compile(pattern, re.IGNORECASE), code) for pattern, code in _CODES.items()]
_STYLE_IN_FRAGMENT = re.compile(r"<style\b", re.IGNORECASE)


def losses(source: str, line_of: Callable[[str], int | None], *, is_markdown: bool) -> Iterator[Finding]:
    """One finding a kind, at its first place. `source` is HTML before it is cleaned."""
    page = _COMMENT.sub("", source)
    for pattern, code in _PATTERNS:
        found = pattern.search(page)
        if found is not None:
            yield warning(code, line_of(found[0]))
    if is_markdown and (found := _STYLE_IN_FRAGMENT.search(page)):
        yield warning("lost-style-in-markdown", line_of(found[0]))
