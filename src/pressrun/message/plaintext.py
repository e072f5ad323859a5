"""The text part of a mail, made from its clean HTML.

Headings are underlined, lists keep their marks, links become numbered references that stand at the end, tables stay
tables where they hold data and are read cell by cell where they are only layout. Lines are not wrapped: mail programs
do that, and a wrapped address is a broken one.
"""

from __future__ import annotations

import re
import unicodedata

from pressrun.message.tree import Node, parse_tree

_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6"
    " header hgroup hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul caption".split()
)
_UNDERLINES = {"h1": "=", "h2": "-"}
_MARKS = {"strong": "*", "b": "*", "em": "_", "i": "_", "code": "`", "s": "~", "del": "~"}
_WIDEST_TABLE = 100
_LONGEST_UNDERLINE = 60


def text_from_html(clean: str) -> str:
    """The content of clean HTML as plain text with LF line ends, its last line ended."""
    writer = _Writer()
    blocks = writer.blocks(parse_tree(clean))
    if writer.links:
        blocks.append("\n".join(f"[{number}] {url}" for url, number in writer.links.items()))
    return "\n\n".join(blocks) + "\n" if blocks else ""


class _Writer:
    """Turns elements into blocks of text and remembers the links on the way."""

    def __init__(self) -> None:
        self.links: dict[str, int] = {}

    def blocks(self, node: Node) -> list[str]:
        """The block texts of an element's content, each without blank lines around it."""
        done: list[str] = []
        run: list[Node | str] = []
        for child in node.children:
            if isinstance(child, Node) and (child.tag in _BLOCKS or _holds_block(child)):
                self._flush(run, done)
                done.extend(self._block(child))
            else:
                run.append(child)
        self._flush(run, done)
        return done

    def _flush(self, run: list[Node | str], done: list[str]) -> None:
        text = self._paragraph(run)
        run.clear()
        if text:
            done.append(text)

    def _paragraph(self, run: list[Node | str]) -> str:
        text = "".join(self._inline(child) for child in run)
        text = re.sub(r"[ \xa0]+", " ", text)
        return re.sub(r" ?\n ?", "\n", text).strip()

    def _block(self, node: Node) -> list[str]:
        match node.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                return self._heading(node)
            case "ul" | "ol":
                return self._list(node)
            case "blockquote":
                quoted = "\n\n".join(self.blocks(node))
                return ["\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))] if quoted else []
            case "pre":
                text = node.text().strip("\n")
                return ["\n".join(f"    {line}".rstrip() for line in text.split("\n"))] if text else []
            case "hr":
                return ["-" * 20]
            case "table" if _is_data(node):
                return self._table(node)
            case _:
                return self.blocks(node)

    def _heading(self, node: Node) -> list[str]:
        text = self._paragraph(node.children).replace("\n", " ")
        if not text:
            return []
        mark = _UNDERLINES.get(node.tag)
        return [f"{text}\n{mark * min(_width(text), _LONGEST_UNDERLINE)}"] if mark else [text]

    def _list(self, node: Node) -> list[str]:
        start = node.attributes.get("start", "1")
        number = int(start) if re.fullmatch(r"\d{1,9}", start, re.ASCII) else 1
        items, is_loose = [], False
        for child in node.children:
            if not isinstance(child, Node):
                continue
            mark = f"{number}. " if node.tag == "ol" else "- "
            number += 1
            blocks = self.blocks(child) if child.tag == "li" else self._block(child)
            is_loose = is_loose or any(isinstance(inner, Node) and inner.tag == "p" for inner in child.children)
            if blocks:
                content = ("\n\n" if is_loose else "\n").join(blocks)
                items.append(mark + content.replace("\n", "\n" + " " * len(mark)))
        text = ("\n\n" if is_loose else "\n").join(items)
        return [re.sub(r"[ ]+\n", "\n", text)] if items else []

    def _table(self, node: Node) -> list[str]:
        rows = [
            [self._paragraph(cell.children).replace("\n", " ") for cell in row.find_all("td", "th")]
            for row in node.find_all("tr")
        ]
        columns = max(len(row) for row in rows)
        rows = [row + [""] * (columns - len(row)) for row in rows]
        widths = [max(_width(row[index]) for row in rows) for index in range(columns)]
        has_head = next(node.find_all("tr")).children and any(True for _ in next(node.find_all("tr")).find_all("th"))
        if sum(widths) + 2 * columns > _WIDEST_TABLE:
            return _as_records(rows, has_head=bool(has_head))
        lines = [
            "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        if has_head:
            lines.insert(1, "  ".join("-" * max(width, 1) for width in widths))
        caption = next((self._paragraph(found.children) for found in node.find_all("caption")), "")
        return [*([caption] if caption else []), "\n".join(lines)]

    def _inline(self, child: Node | str) -> str:
        if isinstance(child, str):
            return re.sub(r"[ \t\r\n\f]+", " ", child)
        match child.tag:
            case "br":
                return "\n"
            case "img":
                alt = child.attributes.get("alt", "").strip()
                return f"[{alt}]" if alt else ""
            case "a":
                return self._link(child)
            case _:
                inner = "".join(self._inline(inner) for inner in child.children)
                mark = _MARKS.get(child.tag, "")
                return f"{mark}{inner}{mark}" if mark and inner.strip() == inner != "" else inner

    def _link(self, node: Node) -> str:
        text = "".join(self._inline(inner) for inner in node.children)
        url = node.attributes.get("href", "").strip()
        shown = text.strip()
        if not url or url.startswith("#") or shown in (url, url.removeprefix("mailto:"), url.removeprefix("tel:")):
            return text
        if not shown:
            return ""
        number = self.links.setdefault(url, len(self.links) + 1)
        return f"{text} [{number}]"


def _holds_block(node: Node) -> bool:
    return any(inner.tag in _BLOCKS for inner in node.elements())


def _is_data(table: Node) -> bool:
    """Whether a table holds data: more than one column, nothing but inline content, not marked as layout."""
    if table.attributes.get("role") in ("presentation", "none"):
        return False
    cells = list(table.find_all("td", "th"))
    columns = max((sum(1 for _ in row.find_all("td", "th")) for row in table.find_all("tr")), default=0)
    return columns > 1 and not any(_holds_block(cell) for cell in cells)


def _as_records(rows: list[list[str]], *, has_head: bool) -> list[str]:
    """A table too wide for a line: one block a row, with the column's name before each cell."""
    if not has_head:
        return ["\n".join(cell for cell in row if cell) for row in rows if any(row)]
    head = rows[0]
    return [
        "\n".join(f"{name}: {cell}" if name else cell for name, cell in zip(head, row, strict=True) if cell)
        for row in rows[1:]
        if any(row)
    ]


def _width(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    wide = sum(1 for character in text if unicodedata.east_asian_width(character) in "WF")
    return len(text) + wide - sum(1 for character in text if unicodedata.combining(character))
