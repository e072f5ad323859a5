"""Text and HTML side by side: where an author wrote both, a reader of either must read the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pressrun.message.finding import Finding, note, warning
from pressrun.message.preflight.draft import Draft, Rule

_FEW_WORDS = 25  # below, a share means little
_SAME_AT_LEAST = 0.5  # the sentences say "half"
_MOST_NAMED = 3
_WORD = re.compile(r"[^\W_]+")
# Scripts without blanks between words: each letter is compared.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


def different_words(draft: Draft) -> Iterator[Finding]:
    if draft.html is None or not draft.is_own_text:
        return
    page, text = _words(draft.tree.text()), _words(draft.text)
    if len(page) >= _FEW_WORDS and len(page & text) / len(page) < _SAME_AT_LEAST:
        yield warning("text-lacks-words")
    elif len(text) >= _FEW_WORDS and len(page & text) / len(text) < _SAME_AT_LEAST:
        yield warning("html-lacks-words")


def different_links(draft: Draft) -> Iterator[Finding]:
    if draft.html is None or not draft.is_own_text:
        return
    shown = {_plain(url) for url in _URL.findall(draft.text)}
    targets = [link.attributes.get("href", "") for link in draft.tree.find_all("a")]
    lost = [url for url in dict.fromkeys(targets) if _URL.match(url) and _plain(url) not in shown]
    if lost:
        named = ", ".join(draft.show(url) for url in lost[:_MOST_NAMED])
        yield note("text-lacks-links", urls=named + (", …" if len(lost) > _MOST_NAMED else ""))


def _words(text: str) -> set[str]:
    found: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        found.update(word if _UNSPACED.search(word) else (word,))
    return found


def _plain(url: str) -> str:
    return url.rstrip(".,;:!?)]}>/").partition("://")[2].casefold()


RULES: tuple[Rule, ...] = (different_words, different_links)
