"""How many columns of a terminal a text needs: two for wide characters, none for marks and invisible ones (UAX #11)."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_TONES = range(0x1F3FB, 0x1F400)  # skin tones: part of the emoji before them
_JAMO = range(0x1160, 0x1200)  # vowels and finals, written into the syllable of their first consonant


def width(text: str) -> int:
    """The columns of one line. An emoji joined from several counts as one."""
    if text.isascii():
        return len(text)
    columns, last, is_joined = 0, 0, False
    for character in text:
        if character == _EMOJI_STYLE and last == 1:
            columns, last = columns + 1, 2
            continue
        own = 0 if is_joined else _own(character)
        is_joined = character == _JOINER
        columns += own
        last = own or last
    return columns


def _own(character: str) -> int:
    code = ord(character)
    if code in _TONES or code in _JAMO or unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, columns: int, alignment: str = "left") -> str:
    """`text` padded with blanks; `alignment` is left, right or center."""
    blanks = max(0, columns - width(text))
    match alignment:
        case "right":
            return " " * blanks + text
        case "center":
            return " " * (blanks // 2) + text + " " * (blanks - blanks // 2)
        case _:
            return text + " " * blanks
