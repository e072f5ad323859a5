"""What mail servers say, without what differs each time they say it: whom it is about, and the number of the case."""

from __future__ import annotations

import re

from pressrun.core.masking import without_addresses

# A long word with digits is the name of one message or one session, not of a rule.
_SERIAL = re.compile(r"(?<![\w/.])(?=[\w.=-]*\d)[\w=-]{8,}(?:\.[\w=-]+)*(?![\w/])")
_BLANKS = re.compile(r"\s+")


def without_people(words: str) -> str:
    """The words on one line, without the addresses in them."""
    return _BLANKS.sub(" ", without_addresses(words)).strip()


def key_of(words: str) -> str:
    """The same for words that say the same: without addresses, serials and what counts up."""
    return _SERIAL.sub("…", without_people(words)).casefold()
