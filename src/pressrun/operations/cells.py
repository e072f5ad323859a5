"""Cells of a CSV file that a spreadsheet must not take for a formula: they get one more `'`, which reading takes off.

Pure functions. What `escape_cell` wrote, `unescape_cell` reads back unchanged.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def escape_cell(text: str) -> str:
    """The text as it stands in a file."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_cell(text: str) -> str:
    """The text that a cell means."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
