"""Rules about the parts of a mail: what bulk mail must have, that text and HTML say the same, their size."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from pressrun.message.finding import Finding, error, note, warning
from pressrun.message.preflight.checked_edition import (
    CheckedEdition,
    Rule,
    bare_words,
    fixed_text,
    links_to_unsubscribe,
)
from pressrun.message.sources.edition_source import EditionFormat
from pressrun.message.wire.base64_text import encoded_size
from pressrun.message.wire.quoted_printable import encode_piece, normalise_lines


def empty_body(edition: CheckedEdition) -> Iterator[Finding]:
    has_image = any(True for _ in edition.tree.find_all("img"))
    if not edition.text.strip() and not has_image:
        is_mail = edition.format is EditionFormat.MIME
        yield error("mail-no-text" if is_mail else "body-missing", edition.body_line)


def no_unsubscribe_link(edition: CheckedEdition) -> Iterator[Finding]:
    """For layouts that leave out the footer, which always has one."""
    for name, pieces in edition.parts():
        if not links_to_unsubscribe(pieces, is_html=name == "html"):
            yield error(f"unsubscribe-missing-{name}")


def no_postal_address(edition: CheckedEdition) -> Iterator[Finding]:
    profile = edition.profile
    if not profile.require_postal_address:
        return
    if not profile.postal_address.strip():
        yield error("address-missing", command=f"`pressrun list set {profile.name} postal_address='…'`")
        return
    for name, pieces in edition.parts():
        shown = fixed_text(pieces)
        shown = bare_words(html.unescape(re.sub(r"<[^>]*>", " ", shown)) if name == "html" else shown)
        if any(bare_words(line) not in shown for line in profile.postal_address.splitlines()):
            yield error(f"address-hidden-{name}")


def owner_outside_ascii(edition: CheckedEdition) -> Iterator[Finding]:
    """For an owner set while mail was still received: only SMTPUTF8 carries it in an envelope (RFC 6531)."""
    profile, site = edition.profile, edition.site
    if profile.owner is not None and profile.owner.needs_smtputf8 and not site.receives_mail:
        command = f"`pressrun list set {profile.name} owner=…`"
        yield error("owner-not-ascii", owner=str(profile.owner), command=command)


DUTIES: tuple[Rule, ...] = (empty_body, no_unsubscribe_link, no_postal_address, owner_outside_ascii)


_FEW_WORDS = 25  # with fewer, a share means little
_SAME_AT_LEAST = 0.5  # the sentences say "half"
_MOST_NAMED = 3
_WORD = re.compile(r"[^\W_]+")
# Scripts without blanks between words, where each letter counts as a word.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


def different_words(edition: CheckedEdition) -> Iterator[Finding]:
    if edition.html is None or not edition.is_own_text:
        return
    page, text = _words(edition.tree.text()), _words(edition.text)
    if len(page) >= _FEW_WORDS and len(page & text) / len(page) < _SAME_AT_LEAST:
        yield warning("text-lacks-words")
    elif len(text) >= _FEW_WORDS and len(page & text) / len(text) < _SAME_AT_LEAST:
        yield warning("html-lacks-words")


def different_links(edition: CheckedEdition) -> Iterator[Finding]:
    if edition.html is None or not edition.is_own_text:
        return
    shown = {_without_scheme(url) for url in _URL.findall(edition.text)}
    targets = [link.attributes.get("href", "") for link in edition.tree.find_all("a")]
    lost = [url for url in dict.fromkeys(targets) if _URL.match(url) and _without_scheme(url) not in shown]
    if lost:
        named = ", ".join(edition.show(url) for url in lost[:_MOST_NAMED])
        yield note("text-lacks-links", urls=named + (", …" if len(lost) > _MOST_NAMED else ""))


def _words(text: str) -> set[str]:
    words: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        words.update(word if _UNSPACED.search(word) else (word,))
    return words


def _without_scheme(url: str) -> str:
    return url.rstrip(".,;:!?)]}>/").partition("://")[2].casefold()


RULES: tuple[Rule, ...] = (different_words, different_links)


CLIPPED_AT_BYTES = 100 * 1024
HEAVY_AT_BYTES = 10 * 1000 * 1000  # of the whole message as it travels; a common limit of small servers


def clipped_html(edition: CheckedEdition) -> Iterator[Finding]:
    if edition.finished_html is None:
        return
    text = fixed_text(edition.finished_html)
    size = min(len(encode_piece(normalise_lines(text))), encoded_size(len(text.encode())))  # as it travels
    if size > CLIPPED_AT_BYTES:
        yield warning("html-clipped", size=size // 1024)


def heavy_message(edition: CheckedEdition) -> Iterator[Finding]:
    if edition.size_bytes > HEAVY_AT_BYTES:
        yield warning("message-heavy", size=round(edition.size_bytes / 1e6), most=HEAVY_AT_BYTES // 1_000_000)


SIZES: tuple[Rule, ...] = (clipped_html, heavy_message)
