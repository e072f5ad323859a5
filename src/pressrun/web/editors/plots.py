"""Counts over time as SVG bars with an axis, a title and a description, without library or script.

A plot is drawn for the width of a phone and scales with the page; its texts are HTML beside it, so that they keep their
size. Each plot comes with a table of its numbers for those who cannot see it.
"""

from __future__ import annotations

import math
from html import escape

from pressrun.core.timeline import Timeline

WIDTH, HEIGHT = 600, 120
_GAP = 0.15  # of a bar's width
_MIN_HEIGHT = 2.0  # so that a small number is visible


def draw_bars(timeline: Timeline, *, name: str, title: str, description: str) -> str:
    """The plot as an element; `name` is its class, for the colour, and unique on its page."""
    top = ceiling(max(timeline.numbers, default=0))
    place = WIDTH / max(1, len(timeline.numbers))
    bars = "".join(
        _bar(place * index, place, max(_MIN_HEIGHT, HEIGHT * number / top))
        for index, number in enumerate(timeline.numbers)
        if number
    )
    lines = "".join(
        f'<path class="line" vector-effect="non-scaling-stroke" d="M0 {y}H{WIDTH}"/>' for y in (0, HEIGHT // 2, HEIGHT)
    )
    return (
        f'<svg class="plot {name}" viewBox="0 -1 {WIDTH} {HEIGHT + 2}" preserveAspectRatio="none" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>{lines}<path class="bars" d="{bars}"/></svg>'
    )


def ceiling(number: int) -> int:
    """The next round number: the upper end of an axis."""
    if number <= 2:
        return 2
    power = int(10 ** math.floor(math.log10(number)))
    return next(factor * power for factor in (1, 2, 4, 6, 8, 10) if factor * power >= number)


def _bar(left: float, place: float, height: float) -> str:
    width = place * (1 - _GAP)
    return f"M{left + place * _GAP / 2:.2f} {HEIGHT}v{-height:.2f}h{width:.2f}v{height:.2f}z"
