"""Reading sources and mails without any code of ours: the standard library for mail, html5lib for pages."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from xml.etree.ElementTree import Element

import html5lib

_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b50\ufe0f\u200d\u20e3"
_HAN = "\u3040-\u30ff\u3400-\u9fff"  # written without blanks: each character counts
_TOKEN = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+|[{_EMOJI}]+")
_UNSEEN = frozenset("style script title template".split())
_WITHOUT_BREAK = frozenset("a abbr b bdi bdo code em font i rp rt ruby s small span strong sub sup u wbr del".split())
_FIELD = re.compile(r"\{\{[^{}]*?(?:\|\s*default\s*:([^{}]*))?\}\}")
_URL = re.compile(r"https?://[^\s<>\"')\]]*[^\s<>\"')\].,;:!?]")


def message_of(content: bytes) -> EmailMessage:
    """A mail, parsed by the standard library with its newest policy."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, subtype: str) -> str:
    """The text part of that kind as it is shown."""
    part = message.get_body((subtype,))
    assert isinstance(part, EmailMessage)
    content = part.get_content()
    assert isinstance(content, str)
    return content


def page_of(page: str) -> Element:
    """A page as a browser would build it."""
    tree: Element = html5lib.parse(page, namespaceHTMLElements=False)
    return tree


def seen(element: Element) -> str:
    """All that a reader of a page sees, its pictures by their alt text."""
    return "".join(_seen(element))


def _seen(element: Element) -> Iterator[str]:
    tag: Any = element.tag
    if not isinstance(tag, str) or tag in _UNSEEN or "display:none" in element.get("style", "").replace(" ", ""):
        yield element.tail or ""
        return
    is_apart = tag == "rt" or element.get("href", "").startswith("#")  # the mark of a note is no part of the word
    gap = " " if is_apart else "" if tag in _WITHOUT_BREAK else "\n"
    yield gap
    yield element.get("alt", "") if tag == "img" else ""
    yield element.text or ""
    for child in element:
        yield from _seen(child)
    yield gap
    yield element.tail or ""


def words_of(text: str) -> list[str]:
    """Its words and emoji in order, in one spelling of each."""
    text = unicodedata.normalize("NFKC", text.replace("\xad", "").replace("\u2068", "").replace("\u2069", ""))
    return [word.strip("_") for word in _TOKEN.findall(text) if word.strip("_")]


def first_missing(wanted: Iterable[str], words: list[str]) -> str | None:
    """The first of `wanted` that does not come in `words` after the ones before it; None when all do."""
    rest = iter(words)
    return next((word for word in wanted if word not in rest), None)


def without_keys(source: str) -> str:
    """The body of an edition file, its fields as they are shown to whoever has no value."""
    body = source.partition("\n---\n")[2] if source.startswith("---\n") else source
    return _FIELD.sub(lambda match: (match[1] or "").strip(), body)


def words_of_markdown(source: str) -> list[str]:
    """The words of Markdown, where its marks and addresses are no words; notes come last, as they are shown."""
    body = without_keys(source)
    notes = re.findall(r"(?m)^\[\^[^\]]+\]:((?:.*\n?)(?:\n? {4}.*\n?)*)", body)
    body = re.sub(r"(?m)^\[\^[^\]]+\]:(?:.*\n?)(?:\n? {4}.*\n?)*", "", body)
    body = "\n".join([body, *(re.sub(r"(?m)^ {4}", "", note) for note in notes)])
    is_code = False
    lines = []
    for line in body.split("\n"):
        if line.startswith("```"):
            is_code = not is_code
        elif is_code or (line.startswith("    ") and not re.match(r" +(?:[-*]|\d+\.) ", line)):
            lines.append(line)
        elif not re.fullmatch(r"[|:\s-]+", line):
            lines.append(_plain_line(line))
    return words_of("\n".join(lines))


def _plain_line(line: str) -> str:
    codes: list[str] = []

    def keep(match: re.Match[str]) -> str:
        codes.append(match[1])
        return f"\0{len(codes) - 1}\0"

    line = re.sub(r"`([^`]+)`", keep, line)
    line = re.sub(r"\[\^[^\]]+\]", "", re.sub(r"</?rt>", " ", line))
    line = re.sub(r"(!?\[[^\[\]]*)\]\([^()\s]*(?:\s+\"([^\"]*)\")?\)", r"\1 \2", line)
    line = re.sub(r"(!?\[[^\[\]]*)\]\([^()\s]*(?:\s+\"([^\"]*)\")?\)", r"\1 \2", line)  # a picture that is a link
    line = re.sub(r"^\s*(?:\d+\.)\s", "", line)  # numbers of items are made anew
    line = re.sub(r"</?[a-z][^>]*>", "", re.sub(r"<((?:https?|mailto):[^>]*|[^>@\s]+@[^>]+)>", r"\1", line))
    line = html.unescape(re.sub(r"(?<!\w)[*_]+|[*_]+(?!\w)|~~|[*]+", "", line))
    return re.sub("\0(\\d+)\0", lambda match: codes[int(match[1])], line)


def links_of(text: str) -> set[str]:
    """The addresses of the web that stand in a text."""
    return set(_URL.findall(text))


def hrefs_of(element: Element) -> set[str]:
    """The addresses of the web that a page links to."""
    return {link.get("href", "") for link in element.iter("a") if link.get("href", "").startswith("http")}
