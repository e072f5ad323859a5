"""What cleaning takes out of an author's HTML and its author may miss: said with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pressrun.message.content.css import BACKGROUND
from pressrun.message.finding import Finding, warning

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SAID = {
    r"<script\b": "a script is taken out: nothing runs in a mail",
    r"<(?:form|input|button|select|textarea)\b": "a form is taken out, for mail programs do not send it: "
    "link to a page that has it",
    r"<(?:iframe|frame|object|embed|applet)\b": "a frame or embedded object is taken out: link to it",
    r"<(?:video|audio)\b": "a film or sound is taken out: link to it, from a picture of it",
    r"<(?:svg|math|canvas)\b": "a drawing or formula (svg, math, canvas) is taken out: make it a PNG",
    r"<link\b[^>]{0,200}\bstylesheet\b": "a style sheet from elsewhere is not fetched: put its rules into a <style>",
    r"\bbackground\s*=\s*[\"']?[^\s\"'>]": BACKGROUND,
}
_PATTERNS = [(re.compile(pattern, re.IGNORECASE), sentence) for pattern, sentence in _SAID.items()]
_STYLE_IN_FRAGMENT = re.compile(r"<style\b", re.IGNORECASE)


def losses(source: str, line_of: Callable[[str], int | None], *, is_markdown: bool) -> Iterator[Finding]:
    """One finding a kind, at its first place. `source` is HTML before it is cleaned."""
    page = _COMMENT.sub("", source)
    for pattern, sentence in _PATTERNS:
        found = pattern.search(page)
        if found is not None:
            yield warning(sentence, line_of(found[0]))
    if is_markdown and (found := _STYLE_IN_FRAGMENT.search(page)):
        yield warning("a <style> in Markdown is taken out: write the edition as .html to bring one", line_of(found[0]))
