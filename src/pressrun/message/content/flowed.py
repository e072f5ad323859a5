"""Plain text whose paragraphs a mail program may rewrap: format=flowed with delsp=no (RFC 3676).

Only prose is broken, and only at its own blanks. A program that does not know the format shows lines of usual length,
and one that does restores what was written. Tables, code, addresses and scripts without blanks between words keep their
lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from msgspec import Struct

from pressrun.message.content.columns import width

WIDEST_LINE = 78  # shorter lines are not broken (RFC 3676 §4.2)
_WRAPPED_AT = 72
_SIGNATURE = "-- "  # §4.3
_QUOTE = re.compile(r"(>*)( ?)(.*)", re.DOTALL)
# Indented, with tabs or columns, or drawn with lines: laid out by hand.
_LAID_OUT = re.compile(r"^[ \t]|\t|[^\s.!?:] {2,}\S|[|\u2500-\u257f]|^[-=_*+~#]{4}")
_WORD = re.compile(r"[^ ]+ *")


class _FlowedLine(Struct, frozen=True):
    """A line: how deep it is quoted, what it says, and whether the next one continues it."""

    depth: int
    content: str
    is_soft: bool = False

    @property
    def needs_stuffing(self) -> bool:
        """Whether it needs a blank before it, so as not to be taken for something else (RFC 3676 §4.4)."""
        return self.content.startswith((" ", ">", "From "))


def flow(text: str) -> str | None:
    """`text` with its long paragraphs broken softly, or None where no line needs it. Lines end in LF."""
    lines = [_read(line) for line in text.split("\n")]
    broken = [piece for line in lines for piece in _broken(line)]
    if len(broken) == len(lines):
        return None
    return "\n".join(_written(broken))


def _read(line: str) -> _FlowedLine:
    if line == _SIGNATURE:
        return _FlowedLine(0, line)
    match = _QUOTE.fullmatch(line)
    assert match is not None, "the pattern matches any line"
    depth = len(match[1])
    content = match[3] if depth else match[2] + match[3]
    return _FlowedLine(depth, content.rstrip(" "))


def _broken(line: _FlowedLine) -> Iterator[_FlowedLine]:
    room = _WRAPPED_AT - (line.depth + 1 if line.depth else 0)
    if width(line.content) + line.depth <= WIDEST_LINE or _LAID_OUT.search(line.content):
        yield line
        return
    current, columns = "", 0
    for word in _WORD.findall(line.content):
        own = width(word)
        # A line of two dashes would separate a signature.
        if current and columns + own > room + 1 and current.strip() not in ("--", ""):
            yield _FlowedLine(line.depth, current, is_soft=True)
            current, columns = "", 0
        current += word
        columns += own
    yield _FlowedLine(line.depth, current)


def _written(lines: list[_FlowedLine]) -> Iterator[str]:
    """All lines of a block get a blank where one of them needs it, so that its columns stay aligned."""
    for (depth, is_blank), group in groupby(lines, key=lambda line: (line.depth, not line.content)):
        block = list(group)
        is_stuffed = bool(depth) or any(line.needs_stuffing for line in block if line.content != _SIGNATURE)
        for line in block:
            stuffing = " " if is_stuffed and not is_blank and line.content != _SIGNATURE else ""
            yield ">" * depth + stuffing + line.content


def unflow(text: str, *, delete_blank: bool) -> str:
    """Paragraphs of `format=flowed` on one line each (RFC 3676 §4); `delete_blank` is its `delsp=yes`."""
    done: list[tuple[int, list[str]]] = []  # how deep each paragraph is quoted, and its lines
    is_open = False
    for raw in text.split("\n"):
        match = _QUOTE.fullmatch(raw)
        assert match is not None, "the pattern matches any line"
        depth, content = len(match[1]), match[3]
        is_signature = content == _SIGNATURE
        is_soft = content.endswith(" ") and not is_signature
        kept = content[:-1] if is_soft and delete_blank else content
        if is_open and done[-1][0] == depth and not is_signature:
            done[-1][1].append(kept)
        else:
            done.append((depth, [kept]))
        is_open = is_soft
    return "\n".join(_quoted(depth, "".join(pieces)) for depth, pieces in done)


def _quoted(depth: int, content: str) -> str:
    return ">" * depth + (" " if depth and content else "") + content
