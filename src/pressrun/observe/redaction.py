"""Keeps addresses and tokens out of the log: the last guard, for text from elsewhere such as a relay's reply.

At info and above, no text of a record may contain a subscriber's address or a full token. Our own code logs ids. This
guard removes too much rather than too little, even our own addresses such as `news-owner@…`, because recognising them
would need the names of all lists.
"""

from __future__ import annotations

import re

from pressrun.core.text.masking import without_addresses

# Tokens of addresses: 26 digits of base32, 27 in old mails.
_ADDRESS_TOKEN = re.compile(r"(?<![a-z2-7])[a-z2-7]{26,27}(?![a-z2-7])", re.IGNORECASE)
# Tokens of links: base64 of some numbers of 6 octets and a tag of 16; in old mails a dot and a signature of 43.
_WEB_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])"
    r"(?:[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{21}(?:[A-Za-z0-9_-]{8})*[AQgw])"
    r"(?![A-Za-z0-9_-])"
)
_SHORTEST_TOKEN = 22
_SHOWN = 6  # characters of a token


def redact(text: str) -> str:
    """The text with addresses replaced by `<address>` and tokens cut after six characters."""
    return shorten_tokens(without_addresses(text, "<address>"))


def shorten_tokens(text: str) -> str:
    """The text with every token cut after six characters: enough to compare two lines, too little to be used."""
    if len(text) < _SHORTEST_TOKEN:
        return text
    text = _WEB_TOKEN.sub(_shortened, text)
    return _ADDRESS_TOKEN.sub(_shortened, text)


def _shortened(match: re.Match[str]) -> str:
    return f"{match[0][:_SHOWN]}…" if _is_token(match[0]) else match[0]


def _is_token(word: str) -> bool:
    """Whether this is a token rather than a long name, or several words joined by hyphens."""
    if _ADDRESS_TOKEN.fullmatch(word):
        return any(character.isdigit() for character in word) or word.islower() or word.isupper()
    return not word.islower()
