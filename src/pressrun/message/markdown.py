"""Markdown to HTML: CommonMark with tables and strikethrough. The result is not clean yet: HTML passes through."""

from __future__ import annotations

from markdown_it import MarkdownIt

_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def render_markdown(source: str) -> str:
    """The HTML of a Markdown source; it must be cleaned before anybody sees it."""
    return str(_PARSER.render(source))
