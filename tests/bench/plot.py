"""Bars with their numbers as SVG, for light and dark pages: no library, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _NAMES, _NUMBERS, _ROW = 760, 270, 150, 30
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:14px}.note{fill:#59636e;"
    "font-size:12px}.ours{fill:#0a7d6c}.other{fill:#9aa4ae}.span{stroke:#1f2328;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}.ours{fill:#2fbfa7}.other{fill:#59636e}"
    ".span{stroke:#e6edf3}}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its length is `value`, with a line from `low` to `high`."""

    name: str
    value: float
    low: float
    high: float
    is_ours: bool


def bars(title: str, unit: str, rows: Sequence[Bar]) -> str:
    """A picture of bars from zero, the longest as long as there is room."""
    room = _WIDTH - _NAMES - _NUMBERS
    most = max(row.high for row in rows)
    height = 46 + _ROW * len(rows) + 26
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
            f' width="{_WIDTH}" height="{height}"'
            f' role="img" aria-label="{escape(title)}"><style>{_STYLE}</style>'
        ),
        f'<text class="title" x="8" y="24">{escape(title)}</text>',
    ]
    for number, row in enumerate(rows):
        top = 42 + _ROW * number
        middle = top + 10
        length, low, high = (_NAMES + room * value / most for value in (row.value, row.low, row.high))
        kind = "ours" if row.is_ours else "other"
        parts += [
            f'<text x="{_NAMES - 8}" y="{middle + 5}" text-anchor="end">{escape(row.name)}</text>',
            f'<rect class="{kind}" x="{_NAMES}" y="{top}" width="{max(1.0, length - _NAMES):.1f}" height="20" rx="2"/>',
            f'<line class="span" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>',
            f'<text x="{max(length, high) + 8:.1f}" y="{middle + 5}">{number_of(row.value)} {escape(unit)}</text>',
        ]
    parts.append(
        f'<text class="note" x="8" y="{height - 10}">Medians; the lines reach from the least to the most.</text>'
    )
    return "\n".join([*parts, "</svg>", ""])


def number_of(value: float) -> str:
    """With as many digits as it deserves."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
