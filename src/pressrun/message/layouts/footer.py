"""What is below every edition, in both parts: why the reader gets it, the links, the postal address.

It is there even if the author placed an unsubscribe link, because every mail says why the reader gets it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from msgspec import Struct

from pressrun.message.content.html import link_urls
from pressrun.message.layouts.built_in import fill, shared_pieces
from pressrun.message.words import Words

_RULE = "-" * 40


class Footer(Struct, frozen=True, kw_only=True):
    """What is below an edition. The links may be placeholders; `web_url` is None where the page is not public.

    `note` is the list's own plain text.
    """

    list_title: str
    unsubscribe_url: str
    preferences_url: str
    web_url: str | None
    postal_address: str
    note: str = ""


def footer_html(footer: Footer, words: Words, named: Mapping[str, str]) -> str:
    """The footer as HTML in the colours of `named`."""
    links = [(footer.unsubscribe_url, words("Unsubscribe")), (footer.preferences_url, words("Preferences"))]
    if footer.web_url is not None:
        links.append((footer.web_url, words("View in browser")))
    shown = [_link(html.escape(url), html.escape(name), named) for url, name in links]
    paragraphs = [_linked_lines(block, named) for block in re.split(r"\n\s*\n", footer.note.strip()) if block.strip()]
    paragraphs.append(html.escape(_reason(footer, words)))
    paragraphs.append(" &nbsp;·&nbsp; ".join(shown))
    if footer.postal_address.strip():
        paragraphs.append(address_html(footer.postal_address))
    return "\n".join(fill(shared_pieces().footer_paragraph, text=paragraph) for paragraph in paragraphs)


def address_html(postal_address: str) -> str:
    """A postal address as HTML, line by line."""
    return "<br>".join(html.escape(line.strip()) for line in postal_address.strip().splitlines())


def footer_text(footer: Footer, words: Words) -> str:
    """The footer as plain text, below a rule."""
    lines = [_RULE]
    if footer.note.strip():
        lines += [*(line.strip() for line in footer.note.strip().splitlines()), ""]
    lines.append(_reason(footer, words))
    lines.append(words("Unsubscribe: {url}", url=footer.unsubscribe_url))
    lines.append(words("Preferences: {url}", url=footer.preferences_url))
    if footer.web_url is not None:
        lines.append(words("View in browser: {url}", url=footer.web_url))
    if footer.postal_address.strip():
        lines += ["", *(line.strip() for line in footer.postal_address.strip().splitlines())]
    return "\n".join(lines) + "\n"


def _reason(footer: Footer, words: Words) -> str:
    return words("You get this email because you subscribed to {title}.", title=footer.list_title)


def _linked_lines(text: str, named: Mapping[str, str]) -> str:
    """Lines of plain text, with web addresses as links."""
    linked = link_urls(text, lambda url: _link(url, url, named))
    return "<br>".join(line.strip() for line in linked.splitlines())


def _link(url: str, words: str, named: Mapping[str, str]) -> str:
    return fill(shared_pieces().footer_link, url=url, words=words, soft=named["soft"])
