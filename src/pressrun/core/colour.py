"""Colours and their legibility: contrast and relative luminance as defined by WCAG 2.2 (§1.4.3).

Text stays readable in and on any colour that an operator chooses: `ink_on` picks the text colour for a background, and
`readable_on` moves a text colour only as far towards black or white as its background requires.
"""

from __future__ import annotations

import re
from typing import Self

from msgspec import Struct

from pressrun.core.errors import BadInput

READABLE = 4.5  # the minimum contrast of text, WCAG 2.2 §1.4.3

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_STEPS = 100


class Colour(Struct, frozen=True):
    """An sRGB colour, each channel from 0 to 255; `str` gives `#rrggbb`."""

    red: int
    green: int
    blue: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `#rgb` or `#rrggbb`; raises BadInput."""
        text = text.strip()
        if _HEX.fullmatch(text) is None:
            raise BadInput(f"invalid colour {text!r}. Write it like #1a56c4")
        digits = text[1:] if len(text) == 7 else "".join(digit * 2 for digit in text[1:])
        return cls(int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    @property
    def luminance(self) -> float:
        """Relative luminance: 0 for black, 1 for white."""
        return 0.2126 * _linear(self.red) + 0.7152 * _linear(self.green) + 0.0722 * _linear(self.blue)

    def towards(self, other: Colour, share: float) -> Colour:
        """The mixture of this and another colour; `share` is the part of the other."""
        return Colour(
            round(self.red + (other.red - self.red) * share),
            round(self.green + (other.green - self.green) * share),
            round(self.blue + (other.blue - self.blue) * share),
        )


BLACK = Colour(0, 0, 0)
WHITE = Colour(255, 255, 255)
_NEARLY_BLACK = Colour(0x12, 0x16, 0x1A)


def contrast(colour: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, from 1 to 21."""
    brighter, darker = sorted((colour.luminance, other.luminance), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def ink_on(ground: Colour) -> Colour:
    """The text colour for a background: white if readable, else nearly black, else black.

    Either white or black always has a contrast of at least 4.58, the square root of 21.
    """
    return next((ink for ink in (WHITE, _NEARLY_BLACK) if contrast(ink, ground) >= READABLE), BLACK)


def readable_on(colour: Colour, *grounds: Colour) -> Colour:
    """`colour`, moved towards black or white only as far as text on these backgrounds needs.

    The backgrounds must be all light or all dark. On light ones black is always readable, on dark ones white is.
    """
    goal = ink_on(max(grounds, key=lambda ground: ground.luminance))
    goal = WHITE if goal == WHITE else BLACK
    for step in range(_STEPS + 1):
        shade = colour.towards(goal, step / _STEPS)
        if all(contrast(shade, ground) >= READABLE for ground in grounds):
            return shade
    return goal


def _linear(part: int) -> float:
    share = part / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)
