"""What mail servers say, without what differs each time they say it: whom it is about, and the number of the case."""

from __future__ import annotations

import re

from pressrun.core.masking import mask_addresses

# A long word with digits is the name of one message or one session, not of a rule.
_SERIAL = re.compile(r"(?<![\w/.])(?=[\w.=-]*\d)[\w=-]{8,}(?:\.[\w=-]+)*(?![\w/])")
_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"[^\s<>]+")


def without_addresses(words: str) -> str:
    """A remote's words as they may be kept: without anybody's address, for whoever is erased must be gone from them.

    Too much is cut rather than too little, in time linear to the length.
    """
    if "@" not in words and "%40" not in words:
        return words
    return _WORD.sub(lambda found: "…" if "@" in found[0] or "%40" in found[0] else found[0], words)


def without_people(words: str) -> str:
    """The words on one line, without the addresses in them."""
    return _BLANKS.sub(" ", mask_addresses(words, "…")).strip()


def key_of(words: str) -> str:
    """The same for words that say the same: without addresses, serials and what counts up."""
    return _SERIAL.sub("…", without_people(words)).casefold()
