"""An HTML table as plain text: aligned columns, or one record per row where it is too wide for a line."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from pressrun.message.content.columns import padded, width
from pressrun.message.content.tree import Node

WIDEST_TABLE = 100
MOST_COLUMNS = 40
_GAP = "  "
_LARGEST_SPAN = 1000
_ALIGNED = re.compile(r"text-align\s*:\s*(left|right|center)", re.IGNORECASE)
# These are only in a table that places things on a page.
_LAYOUT = frozenset("table ul ol dl blockquote pre hr h1 h2 h3 h4 h5 h6 figure".split())


class _Cell(Struct, frozen=True):
    text: str
    alignment: str = "left"
    span: int = 1


_EMPTY = _Cell("")


def is_data(table: Node) -> bool:
    """Whether a table holds data: rows and columns of short texts, and no sign that it is there for the layout."""
    if table.attributes.get("role", "").lower() in ("presentation", "none"):
        return False
    rows = [list(row.find_all("td", "th")) for row in table.find_all("tr")]
    if max(map(len, rows), default=0) < 2 or any(True for _ in table.find_all(*_LAYOUT)):
        return False
    # A single row of paragraphs is how columns of text are laid out.
    is_prose = any(True for _ in table.find_all("p", "div", "section", "article"))
    return len(rows) > 1 or not is_prose


def table_blocks(table: Node, words_of: Callable[[Node], str], *, is_rtl: bool = False) -> list[str]:
    """The caption, and the table or its records; `words_of` gives the text of a cell on one line.

    With `is_rtl` lines start at the right edge.
    """
    rows, has_head = _grid(table, words_of, is_rtl=is_rtl)
    captions = [words_of(node) for node in table.find_all("caption")]
    blocks = [caption for caption in captions if caption]
    if not any(cell.text for row in rows for cell in row):
        return blocks
    columns = max(sum(cell.span for cell in row) for row in rows)
    widths = _widths(rows, columns) if columns <= MOST_COLUMNS else []
    if not widths or sum(widths) + len(_GAP) * (columns - 1) > WIDEST_TABLE:
        return blocks + _records(rows, has_head=has_head)
    lines = [_line(row, widths) for row in rows]
    if has_head:
        lines.insert(1, _GAP.join("-" * max(column, 1) for column in widths))
    return [*blocks, "\n".join(lines)]


def _grid(table: Node, words_of: Callable[[Node], str], *, is_rtl: bool) -> tuple[list[list[_Cell]], bool]:
    """The rows, with empty cells where one from above reaches down, and whether the first row is the head."""
    rows: list[list[_Cell]] = []
    below: dict[int, int] = {}  # column → rows that a cell from above still covers
    has_head = False
    for number, row in enumerate(table.find_all("tr")):
        cells: list[_Cell] = []
        column = 0
        for node in row.find_all("td", "th"):
            column = _covered(cells, column, below)
            cell = _Cell(words_of(node), _alignment(node, is_rtl=is_rtl), min(_span(node, "colspan"), MOST_COLUMNS))
            reach = _span(node, "rowspan") - 1
            if reach and column < MOST_COLUMNS:  # a wider table becomes records, where nothing reaches down
                below.update({column + offset: reach for offset in range(cell.span)})
            cells.append(cell)
            column += cell.span
        _covered(cells, column, below)
        if number == 0:
            heads = [node for node in row.find_all("td", "th") if node.tag == "th" or not node.text().strip()]
            has_head = len(heads) == len(cells) and any(node.tag == "th" for node in heads)
        if cells:
            rows.append(cells)
    return rows, has_head


def _covered(cells: list[_Cell], column: int, below: dict[int, int]) -> int:
    """Add empty cells where one from above reaches down; returns the next free column."""
    while below.get(column) and column < 2 * MOST_COLUMNS:
        cells.append(_EMPTY)
        below[column] -= 1
        column += 1
    return column


def _span(node: Node, name: str) -> int:
    value = node.attributes.get(name, "")
    return min(max(int(value), 1), _LARGEST_SPAN) if re.fullmatch(r"[0-9]{1,4}", value) else 1


def _alignment(node: Node, *, is_rtl: bool) -> str:
    match = _ALIGNED.search(node.attributes.get("style", ""))
    alignment = (match[1] if match else node.attributes.get("align", "")).lower()
    if alignment == "center":
        return alignment
    return "right" if alignment == ("left" if is_rtl else "right") else "left"


def _widths(rows: list[list[_Cell]], columns: int) -> list[int]:
    widths = [0] * columns
    for row in rows:
        column = 0
        for cell in row:
            if cell.span == 1:
                widths[column] = max(widths[column], width(cell.text))
            column += cell.span
    for row in rows:
        column = 0
        for cell in row:
            inside = sum(widths[column : column + cell.span]) + len(_GAP) * (cell.span - 1)
            widths[column + cell.span - 1] += max(0, width(cell.text) - inside)
            column += cell.span
    return widths


def _line(row: list[_Cell], widths: list[int]) -> str:
    shown, column = [], 0
    for cell in row:
        inside = sum(widths[column : column + cell.span]) + len(_GAP) * (cell.span - 1)
        shown.append(padded(cell.text, inside, cell.alignment))
        column += cell.span
    return _GAP.join(shown).rstrip()


def _records(rows: list[list[_Cell]], *, has_head: bool) -> list[str]:
    """One block per row, with the column's name before each cell."""
    names: list[str] = []
    if has_head:
        names = [name.text for cell in rows[0] for name in [cell] * cell.span]
        rows = rows[1:]
    blocks = []
    for row in rows:
        lines, column = [], 0
        for cell in row:
            name = names[column] if column < len(names) else ""
            column += cell.span
            if cell.text:
                lines.append(f"{name}: {cell.text}" if name else cell.text)
        if lines:
            blocks.append("\n".join(lines))
    return blocks
