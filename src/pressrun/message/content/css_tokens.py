"""The tokens of CSS (CSS Syntax 3 §4), each with the text that it is written out as.

Whatever an author wrote, all parsers read the text of these tokens alike: escapes are used only where nothing else can
be, a name or string holds no `<`, comments are gone, and strings are closed. A token without a safe text has the kind
BAD. Linear, because every character is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple


class TokenKind(Enum):
    """The kind of a token; a number and its unit are one token."""

    SPACE = auto()
    NAME = auto()
    FUNCTION = auto()
    AT = auto()
    HASH = auto()
    STRING = auto()
    NUMBER = auto()
    MARK = auto()  # one character of punctuation: also : ; , and brackets
    COMMENT = auto()  # `<!--` and `-->`
    BAD = auto()  # url(…), a string that ends with its line, a number with an escape in its unit


class Token(NamedTuple):
    """`text` is what to write, `value` the decoded name in lower case or the character, `start` and `end` its place."""

    kind: TokenKind
    text: str
    value: str
    start: int
    end: int


_ESCAPE = r"\\(?:[0-9A-Fa-f]{1,6}[ \t\n]?|[^\n0-9A-Fa-f]|\Z)"
_START = rf"(?:[A-Za-z_]|[^\x00-\x7f]|{_ESCAPE})"
_LETTER = rf"(?:[A-Za-z0-9_-]|[^\x00-\x7f]|{_ESCAPE})"
_NAME = rf"(?:--|-?{_START}){_LETTER}*+"
_TOKEN = re.compile(
    rf"""(?P<gone>/\*(?:[^*]|\*(?!/))*+(?:\*/)?)
    | (?P<space>[ \t\n]++)
    | (?P<string>"(?:[^"\\\n]|\\(?:[\s\S]|\Z))*+"? | '(?:[^'\\\n]|\\(?:[\s\S]|\Z))*+'?)
    | \#(?P<hash>{_LETTER}++)
    | (?P<number>[+-]?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?(?:(?P<unit>{_NAME})|%)?)
    | (?P<comment><!--|-->)
    | (?P<name>{_NAME})(?P<call>\(?)
    | @(?P<at>{_NAME})
    | (?P<mark>[\s\S])""",
    re.VERBOSE,
)
_LINE_END = re.compile(r"\r\n?|\f")
_URL = re.compile(r"(?:\\[\s\S]|[^)\\])*+\)?")
_QUOTED = re.compile(r"[ \t\n]*+[\"']")
_ESCAPED = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})[ \t\n]?|(\n)|([\s\S])|\Z)")
_PLAIN_NAME = re.compile(r"(?:--|-?(?:[A-Za-z_]|[^\x00-\x7f]))(?:[A-Za-z0-9_-]|[^\x00-\x7f])*")
_PLAIN_STRING = re.compile(r"\"[^\"\\<\x00-\x1f]*\"|'[^'\\<\x00-\x1f]*'")
_LETTER_TO_ESCAPE = re.compile(r"[\x00-,./:-@\[-^`{-\x7f]")  # all of ASCII that a name cannot contain
_FIRST_TO_ESCAPE = re.compile(r"-?[0-9]|-\Z")
_IN_STRING_TO_ESCAPE = re.compile(r"[\x00-\x1f\"\\<\x7f]")
_AFTER = frozenset(";,:{}[(")  # nothing runs together with these before it,
_BEFORE = frozenset(";,:{})]")  # or with these behind it


def preprocessed(text: str) -> str:
    """The text with one kind of line end and without NUL (CSS Syntax 3 §3.3)."""
    return _LINE_END.sub("\n", text).replace("\0", "\ufffd")


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens of a preprocessed text. A comment between two tokens that could run together becomes a blank."""
    place, before, is_cut = 0, ";", False
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match is not None, "the last branch takes any character"
        token = _token(text, match)
        if token is None:
            place, is_cut = match.end(), True
            continue
        if is_cut and before not in _AFTER and token.value not in _BEFORE and " " not in (before, token.value):
            yield Token(TokenKind.SPACE, " ", " ", token.start, token.start)
        yield token
        place, before, is_cut = token.end, token.value, False


def _token(text: str, match: re.Match[str]) -> Token | None:
    """The token of a match; None for a comment."""
    raw, start, end = match[0], match.start(), match.end()
    match match.lastgroup:
        case "gone":
            return None
        case "space":
            return Token(TokenKind.SPACE, raw, " ", start, end)
        case "string":
            return _string(raw, start, end, text)
        case "hash":
            return Token(TokenKind.HASH, f"#{_escaped(_decoded(match['hash']))}", "#", start, end)
        case "number" | "unit":
            kind = TokenKind.BAD if "\\" in raw else TokenKind.NUMBER
            return Token(kind, raw, raw, start, end)
        case "comment":
            return Token(TokenKind.COMMENT, raw, raw, start, end)
        case "call":
            return _named(text, match)
        case "at":
            name = _decoded(match["at"])
            return Token(TokenKind.AT, f"@{_written(name)}", name.lower(), start, end)
        case _:
            return Token(TokenKind.MARK, raw, raw, start, end)


def _named(text: str, match: re.Match[str]) -> Token:
    name, start, end = _decoded(match["name"]), match.start(), match.end()
    if not match["call"]:
        return Token(TokenKind.NAME, _written(name), name.lower(), start, end)
    if name.lower() == "url" and not _QUOTED.match(text, end):
        rest = _URL.match(text, end)
        assert rest is not None, "it may be empty"
        return Token(TokenKind.BAD, "", "url", start, rest.end())
    return Token(TokenKind.FUNCTION, f"{_written(name)}(", name.lower(), start, end)


def _string(raw: str, start: int, end: int, text: str) -> Token:
    if _PLAIN_STRING.fullmatch(raw):
        return Token(TokenKind.STRING, raw, raw, start, end)
    is_closed = len(raw) > 1 and raw[-1] == raw[0] and not _ends_in_escape(raw)
    if not is_closed and end < len(text):
        return Token(TokenKind.BAD, "", "string", start, end)
    inside = _decoded(raw[1:-1] if is_closed else raw[1:], is_string=True)
    safe = _IN_STRING_TO_ESCAPE.sub(lambda match: f"\\{ord(match[0]):x} ", inside)
    return Token(TokenKind.STRING, f'"{safe}"', safe, start, end)


def _ends_in_escape(raw: str) -> bool:
    """Whether the last quote is escaped, so that only the end of the text closes the string."""
    before = raw[:-1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _decoded(raw: str, *, is_string: bool = False) -> str:
    if "\\" not in raw:
        return raw

    def decode(match: re.Match[str]) -> str:
        if match[1]:
            point = int(match[1], 16)
            return "\ufffd" if point == 0 or point > 0x10FFFF or 0xD800 <= point <= 0xDFFF else chr(point)
        if match[2]:
            return ""  # the string goes on in the next line
        return match[3] or ("" if is_string else "\ufffd")

    return _ESCAPED.sub(decode, raw)


def _written(name: str) -> str:
    """A name as text, with escapes only where it needs them (CSSOM §2.1)."""
    if _PLAIN_NAME.fullmatch(name):
        return name
    first = _FIRST_TO_ESCAPE.match(name)
    if first is None:
        return _escaped(name)
    if first[0] == "-":
        return "\\-"
    digit = first[0][-1]
    return f"{first[0][:-1]}\\{ord(digit):x} {_escaped(name[first.end() :])}"


def _escaped(name: str) -> str:
    return _LETTER_TO_ESCAPE.sub(lambda match: f"\\{ord(match[0]):x} ", name)
