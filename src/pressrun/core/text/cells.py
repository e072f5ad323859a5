"""Text in the cells of CSV files. A spreadsheet takes a cell that begins like a formula for one, and may run it."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_FIRST_OF_FORMULAS = frozenset("'=+-@\t\r")  # looked at first: an export has millions of cells


def escape_cell(text: str) -> str:
    """The text as a file holds it, which no spreadsheet takes for a formula; `unescape_cell` gives it back."""
    return f"'{text}" if text[:1] in _FIRST_OF_FORMULAS and _FORMULA.match(text) else text


def unescape_cell(text: str) -> str:
    """The text that a cell means."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
