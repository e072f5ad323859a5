"""Pictures for specimens, drawn by arithmetic: a harbour in the morning, a logo with a clear ground."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from functools import cache

from tests.message.builders import chunk

Pixel = tuple[int, int, int, int]


def draw(width: int, height: int, colour_at: Callable[[float, float], Pixel], *, step: int = 4) -> bytes:
    """A PNG whose colours are asked for by place, from 0 to 1 across and down; `step` pixels get one answer."""
    rows = []
    for top in range(0, height, step):
        pixels = [colour_at(left / width, top / height) for left in range(0, width, step)]
        row = b"".join(bytes(pixel) * min(step, width - index * step) for index, pixel in enumerate(pixels))
        rows += [b"\0" + row] * min(step, height - top)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
        + chunk(b"IEND", b"")
    )


@cache
def harbour(width: int = 1200, height: int = 640) -> bytes:
    """Sky, sun, hills and water."""

    def at(x: float, y: float) -> Pixel:
        hill = 0.52 - 0.07 * math.sin(x * 5 + 0.4) - 0.03 * math.sin(x * 17)
        if math.hypot((x - 0.68) * width / height, y - 0.3) < 0.075:
            return 255, 236, 196, 255
        if y < hill:
            share = y / 0.55
            return int(148 + 92 * share), int(178 + 22 * share), int(204 - 36 * share), 255
        if y < 0.6:
            return 62, 84, 98, 255
        shine = 22 if math.sin(y * 190 + math.sin(x * 22) * 2) > 0.55 else 0
        return 58 + shine, 98 + shine, 120 + shine, 255

    return draw(width, height, at)


@cache
def logo(width: int = 360, height: int = 112, ink: tuple[int, int, int] = (20, 44, 58)) -> bytes:
    """A sail and three bars on a clear ground."""

    def at(x: float, y: float) -> Pixel:
        across = x * width / height
        is_sail = 0.1 < y < 0.8 and 0.2 < across < 0.2 + 0.75 * (y - 0.1)
        is_hull = 0.84 < y < 0.96 and 0.06 + (y - 0.84) < across < 0.9 - (y - 0.84)
        is_bar = 1.2 < across < 3.1 - 0.5 * (y > 0.6) and min(abs(y - middle) for middle in (0.28, 0.52, 0.76)) < 0.07
        return (*ink, 255) if is_sail or is_hull or is_bar else (0, 0, 0, 0)

    return draw(width, height, at, step=2)
