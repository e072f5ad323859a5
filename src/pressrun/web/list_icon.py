"""A list's icon as a PNG, drawn with a round pen: the initial of its title, or an envelope if it has no such letter.

Phones and other sites do not accept SVG, so they need more than the icon in a page. A letter is a few lines on a grid
of 8 by 12. A curve is given by the polygon around it, whose corners are cut repeatedly (Chaikin).
"""

from __future__ import annotations

import math
import struct
import unicodedata
import zlib
from functools import lru_cache
from itertools import pairwise

from pressrun.core.colour import Colour, ink_on

SIZE = 256  # pixels; phones show it smaller, and other sites want at least 200
_SHADES = 16  # from the ground to the ink
_PEN = 1.9  # of the grid
_HEIGHT = 0.46  # of the letter, as a share of the whole

# Lines by letter, a point as two hexadecimal digits: `-` straight, `~` curved, `o` curved and closed.
_LETTERS = {
    "A": "-0c408c -2868", "B": "-000c ~00707606 ~06868c0c", "C": "~8380000c8c89", "D": "-000c ~00808c0c",
    "E": "-80000c8c -0666", "F": "-80000c -0666", "G": "~8380000c8c86 -8656", "H": "-000c -808c -0686",
    "I": "-404c", "J": "~707c0c08", "K": "-000c -8007 -358c", "L": "-000c8c", "M": "-0c0047808c", "N": "-0c008c80",
    "O": "o00808c0c", "P": "-000c ~00808707", "Q": "o00808c0c -598c", "R": "-000c ~00808606 -468c",
    "S": "~83800006868c0c09", "T": "-0080 -404c", "U": "~000c8c80", "V": "-004c80", "W": "-002c466c80",
    "X": "-008c -800c", "Y": "-0046 -80464c", "Z": "-00800c8c", "0": "o10707c1c", "1": "-13404c",
    "2": "~030080850c -0c8c", "3": "~0200808636 ~36868c0c0a", "4": "-6c600888", "5": "-700005 ~05858c0c0a",
    "6": "o06868c0c ~700109", "7": "-00803c", "8": "o10707616 o06868c0c", "9": "o00808606 ~838b1c",
}  # fmt: skip
_ENVELOPE = "-0383890903 -034683"

_Line = list[tuple[float, float]]


def icon_png(letter: str, ground: Colour) -> bytes:
    """The icon with this letter, without accents, or with an envelope if the letter is not in `_LETTERS`."""
    plain = unicodedata.normalize("NFD", letter)[:1].upper()
    return _icon(plain if plain in _LETTERS else "", ground)


def icon_ico(ground: Colour) -> bytes:
    """The envelope as `favicon.ico`: one PNG in a container."""
    content = icon_png("", ground)
    size = SIZE % 256  # 0 stands for 256
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, size, size, 0, 0, 1, 32, len(content), 22) + content


@lru_cache(maxsize=200)
def _icon(letter: str, ground: Colour) -> bytes:
    unit = SIZE * _HEIGHT / (12 if letter else 8)
    left, top = (SIZE - 8 * unit) / 2, (SIZE - 12 * unit) / 2
    covered = [bytearray(SIZE) for _ in range(SIZE)]
    for drawn in _LETTERS.get(letter, _ENVELOPE).split():
        line = [(left + x * unit, top + y * unit) for x, y in _line(drawn)]
        for start, end in pairwise(line):
            _stroke(covered, start, end, _PEN * SIZE * _HEIGHT / 24)
    ink = ink_on(ground)
    palette = b"".join(
        struct.pack("BBB", *(colour.red, colour.green, colour.blue))
        for colour in (ground.towards(ink, shade / (_SHADES - 1)) for shade in range(_SHADES))
    )
    rows = b"".join(b"\0" + row for row in covered)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", palette)
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _line(drawn: str) -> _Line:
    kind, digits = drawn[0], drawn[1:]
    points: _Line = [(int(x, 16), int(y, 16)) for x, y in zip(digits[::2], digits[1::2], strict=True)]
    for _ in range(0 if kind == "-" else 3):
        points = _cut_corners([*points, points[0]] if kind == "o" else points, is_closed=kind == "o")
    return [*points, points[0]] if kind == "o" else points


def _cut_corners(points: _Line, *, is_closed: bool) -> _Line:
    cut: _Line = []
    for (x, y), (u, v) in pairwise(points):
        cut += [(x * 0.75 + u * 0.25, y * 0.75 + v * 0.25), (x * 0.25 + u * 0.75, y * 0.25 + v * 0.75)]
    return cut if is_closed else [points[0], *cut[1:-1], points[-1]]


def _stroke(covered: list[bytearray], start: tuple[float, float], end: tuple[float, float], radius: float) -> None:
    """Cover what the pen touches on its way, with a soft edge."""
    (x, y), (u, v) = start, end
    across, down = u - x, v - y
    length = across * across + down * down or 1.0
    for row in range(int(min(y, v) - radius), int(max(y, v) + radius) + 2):
        for column in range(int(min(x, u) - radius), int(max(x, u) + radius) + 2):
            along = min(1.0, max(0.0, ((column - x) * across + (row - y) * down) / length))
            away = math.hypot(column - x - along * across, row - y - along * down)
            shade = round(min(1.0, max(0.0, radius + 0.5 - away)) * (_SHADES - 1))
            covered[row][column] = max(covered[row][column], shade)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
