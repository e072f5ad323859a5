"""Text in base64 with places for a reader's values, the rest being the same in every copy (RFC 2045 §6.8).

Three octets make four letters, so the encoding of a piece depends on its place in a group of three. Each piece is
encoded beforehand for all three places, and a copy encodes only the values and the odd octets around them.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from msgspec import Struct

_LINE_OCTETS = 57  # 76 letters


def encode_lines(data: bytes) -> bytes:
    """`data` as lines of at most 76 letters, each with its line end."""
    encoded = base64.b64encode(data)
    return b"".join(encoded[start : start + 76] + b"\r\n" for start in range(0, len(encoded), 76))


def encoded_size(octets: int) -> int:
    """How many octets that many become in base64, with line ends."""
    return (octets + 2) // 3 * 4 + (octets + _LINE_OCTETS - 1) // _LINE_OCTETS * 2


class _Cut(Struct, frozen=True):
    """A piece for one place: `head` completes the group before, `tail` begins the next."""

    head: bytes
    lines: bytes
    tail: bytes


def _cut(piece: bytes, wanted: int) -> _Cut:
    whole = max(0, len(piece) - wanted) // 3 * 3
    return _Cut(piece[:wanted], encode_lines(piece[wanted : wanted + whole]), piece[wanted + whole :])


class Base64Text:
    """Pieces with one value between each two."""

    __slots__ = ("_cuts",)

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._cuts = [tuple(_cut(piece, wanted) for wanted in range(3)) for piece in pieces]

    def encode(self, values: Sequence[bytes]) -> bytes:
        """The whole text with these values, which are one fewer than the pieces."""
        done: list[bytes] = []
        odd = b""
        for cuts, value in zip(self._cuts, (b"", *values), strict=True):
            odd += value
            cut = cuts[-len(odd) % 3]
            odd += cut.head
            # A piece that is too short to complete the group leaves it open.
            whole = len(odd) // 3 * 3
            if whole:
                done.append(encode_lines(odd[:whole]))
            done.append(cut.lines)
            odd = odd[whole:] + cut.tail
        if odd:
            done.append(encode_lines(odd))
        return b"".join(done)
