"""Removes email addresses and serial numbers from text that others wrote.

One expression for addresses serves the whole program. It takes linear time and cuts too much rather than too little,
because nothing that we keep may name an erased person.
"""

from __future__ import annotations

import re

# Anything with an @ between word characters, quoted local parts and percent-encoding included. Each part looks behind
# itself or is short, so that a run of characters is tried once and a long text costs no more than its length.
_ADDRESS = re.compile(
    r"""(?:"[^"\n]{1,64}"|(?<![^\s<>()\[\]{},;:"'=|])(?:[^\s<>()\[\]{},;:"'=|]|(?<=\w)'(?=\w))+)?"""
    r"""(?:@|%40)(?:\[[^\]\s]{1,255}\]|[^\s<>()\[\]{},;:"'|]+)"""
)
# A long word with digits is the name of one message or one session, not of a rule.
_SERIAL = re.compile(r"(?<![\w/.])(?=[\w.=-]*\d)[\w=-]{8,}(?:\.[\w=-]+)*(?![\w/])")
_BLANKS = re.compile(r"\s+")


def without_addresses(text: str, mask: str = "…") -> str:
    """The text with `mask` in place of each address."""
    return _ADDRESS.sub(lambda _: mask, text) if "@" in text or "%40" in text else text


def without_mailbox(words: str, address: str, mask: str = "…") -> str:
    """The words with `mask` in place of the local part of this address, which servers also name alone.

    Without its `+tag`, too.
    """
    local = address.rpartition("@")[0].lower()
    for name in filter(None, dict.fromkeys([local, local.partition("+")[0]])):
        words = _without_word(words, name, mask)
    return words


def _without_word(words: str, word: str, mask: str) -> str:
    folded = words.lower()
    start = folded.find(word)
    if start < 0:
        return words
    shown = words if len(words) == len(folded) else folded  # one letter becomes two in lower case
    pieces, end = [], 0
    while start >= 0:
        after = start + len(word)
        if not (shown[start - 1 : start].isalnum() or shown[after : after + 1].isalnum()):
            pieces += [shown[end:start], mask]
            end = after
        start = folded.find(word, after)
    return "".join([*pieces, shown[end:]]) if pieces else words


def without_people(words: str) -> str:
    """The words on one line, without the addresses in them."""
    return _BLANKS.sub(" ", without_addresses(words)).strip()


def key_of(words: str) -> str:
    """The same for words that say the same: without addresses, serials and what counts up."""
    return _SERIAL.sub("…", without_people(words)).casefold()
