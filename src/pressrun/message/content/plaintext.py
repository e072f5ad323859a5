"""The text part of a mail, made from its clean HTML.

Headings are underlined or marked, lists keep their marks, links become numbered references listed at the end, and notes
keep their numbers as `[^1]`. Tables stay tables where they hold data, and are read cell by cell where they only lay
out a page. Lines are not wrapped here. What a mail program would hide is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pressrun.message.content.columns import width
from pressrun.message.content.markdown import BACK, FOOTNOTES
from pressrun.message.content.text_table import is_data, table_blocks
from pressrun.message.content.tree import Node, parse_tree

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_TYPES = re.compile(r"list-style(?:-type)?\s*:[^;]*\b(lower|upper)-(alpha|latin|roman)", re.IGNORECASE)


def marks_of(node: Node, *, are_notes: bool) -> Iterator[tuple[str, Node]]:
    """The items of a list, or what takes their place, with the mark of each."""
    children = [_as_node(child) for child in node.children if isinstance(child, Node) or child.strip()]
    is_reversed = "reversed" in node.attributes
    number = _number(
        node.attributes.get("start", ""), sum(child.tag == "li" for child in children) if is_reversed else 1
    )
    for child in children:
        if child.tag != "li":  # a list directly inside a list belongs to the item before it
            yield "  " if child.tag in ("ul", "ol") else "", child
            continue
        number = _number(child.attributes.get("value", ""), number)
        if are_notes:
            yield f"[^{number}] ", child
        else:
            yield f"{_numeral(number, _type(node))}. " if node.tag == "ol" else "- ", child
        number += -1 if is_reversed else 1


def _as_node(child: Node | str) -> Node:
    """A text between the items of a list, which HTML forbids and every browser shows, as an element."""
    return child if isinstance(child, Node) else Node("div", children=[child])


def _number(text: str, otherwise: int) -> int:
    return int(text) if re.fullmatch(r"-?\d{1,9}", text, re.ASCII) else otherwise


def _type(node: Node) -> str:
    match = _TYPES.search(node.attributes.get("style", ""))
    if match is None:
        return node.attributes.get("type", "1")
    letter = "i" if match[2].lower() == "roman" else "a"
    return letter if match[1].lower() == "lower" else letter.upper()


def _numeral(number: int, kind: str) -> str:
    if kind.lower() == "a" and number > 0:
        written = ""
        while number > 0:
            number, letter = divmod(number - 1, 26)
            written = chr(ord("a") + letter) + written
    elif kind.lower() == "i" and 0 < number < 4000:
        written = ""
        for value, letters in _ROMAN:
            written += letters * (number // value)
            number %= value
    else:
        return str(number)
    return written.upper() if kind.isupper() else written


_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6"
    " header hgroup hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul caption".split()
)
_UNDERLINES = {"h1": "=", "h2": "-"}
_MARKS = {"strong": "*", "b": "*", "em": "_", "i": "_", "code": "`", "s": "~", "del": "~"}
_LONGEST_UNDERLINE = 60
_UNDERLINED = re.compile(r"(.+)(\n(?:=+|-+))")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|\bopacity\s*:\s*0(?:\.0*)?\s*(?:[;!]|$)",
    re.IGNORECASE,
)
# Preview text is often hidden in a box without height that cuts off what does not fit.
_NO_HEIGHT = re.compile(r"(?<![\w-])(?:max-)?height\s*:\s*0(?:px|pt)?\s*(?:[;!]|$)", re.IGNORECASE)
_CUT_OFF = re.compile(r"\boverflow(?:-y)?\s*:\s*hidden", re.IGNORECASE)
_PLAIN = re.compile(r"font-(?:weight|style)\s*:\s*(?:normal|400)", re.IGNORECASE)
_KEPT_LINES = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_NOTE_NUMBER = re.compile(r"[\[(]?(\d{1,3})[\])]?")
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")


def text_from_html(clean: str, *, is_rtl: bool = False) -> str:
    """The content of clean HTML as plain text with LF line ends, the last line ended; `is_rtl` is for its tables."""
    tree = parse_tree(clean)
    writer = _TextWriter(tree, is_rtl=is_rtl)
    blocks = writer.blocks(tree)
    if writer.links:
        blocks.append("\n".join(f"[{number}] {url}" for url, number in writer.links.items()))
    return "\n\n".join(blocks) + "\n" if blocks else ""


class _TextWriter:
    """Turns elements into blocks of text, and collects the links on the way."""

    def __init__(self, tree: Node, *, is_rtl: bool) -> None:
        self._is_rtl = is_rtl
        self.links: dict[str, int] = {}
        named = (element.attributes for element in tree.elements())
        self._targets = {
            name for attributes in named for name in (attributes.get("id"), attributes.get("name")) if name
        }
        self._keeps_lines = False

    def blocks(self, node: Node) -> list[str]:
        """The block texts of an element's content, each without blank lines around it."""
        done: list[str] = []
        run: list[Node | str] = []
        for child in node.children:
            if isinstance(child, Node) and (child.tag in _BLOCKS or _holds_block(child)):
                self._flush(run, done)
                if not _is_hidden(child):
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
        if self._keeps_lines:
            return "\n".join(line.rstrip() for line in text.replace("\xa0", " ").split("\n")).strip("\n")
        text = re.sub(r"[ \xa0]+", " ", text)
        return re.sub(r" ?\n ?", "\n", text).strip()

    def _block(self, node: Node) -> list[str]:
        match node.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                return self._heading(node)
            case "ul" | "ol":
                return self._list(node)
            case "dl":
                return self._definitions(node)
            case "blockquote":
                quoted = "\n\n".join(self.blocks(node))
                return ["\n".join(map(_quoted, quoted.split("\n")))] if quoted else []
            case "pre":
                text = _program(node).strip("\n")
                return ["\n".join(f"    {line}".rstrip() for line in text.split("\n"))] if text.strip() else []
            case "hr":
                return ["-" * 20]
            case "a":
                return self._link_around(node)
            case "table" if is_data(node):
                return table_blocks(node, self._one_line, is_rtl=self._is_rtl)
            case _:
                return self._kept(node) if _KEPT_LINES.search(node.attributes.get("style", "")) else self.blocks(node)

    def _kept(self, node: Node) -> list[str]:
        """The blocks of an element whose style keeps blanks and line ends."""
        before, self._keeps_lines = self._keeps_lines, True
        try:
            return self.blocks(node)
        finally:
            self._keeps_lines = before

    def _one_line(self, node: Node) -> str:
        if _is_hidden(node):
            return ""
        return " / ".join(line.strip() for block in self.blocks(node) for line in block.split("\n") if line.strip())

    def _heading(self, node: Node) -> list[str]:
        text = " ".join(block.replace("\n", " ") for block in self.blocks(node))
        if not text:
            return []
        mark = _UNDERLINES.get(node.tag)
        if mark is None:
            return [f"{'#' * int(node.tag[1])} {text}"]
        return [f"{text}\n{mark * min(width(text), _LONGEST_UNDERLINE)}"]

    def _list(self, node: Node) -> list[str]:
        are_notes = FOOTNOTES in node.attributes.get("class", "").split()
        is_loose = any(_has_paragraphs(child) for child in node.children)
        items = []
        for mark, child in marks_of(node, are_notes=are_notes):
            blocks = self.blocks(child) if child.tag == "li" else self._block(child)
            if blocks and not _is_hidden(child):
                content = ("\n\n" if _has_paragraphs(child) else "\n").join(blocks)
                items.append(mark + content.replace("\n", "\n" + " " * len(mark)))
        text = ("\n\n" if is_loose and not are_notes else "\n").join(items)
        return [re.sub(r"(?<! ) +\n", "\n", text)] if items else []

    def _definitions(self, node: Node) -> list[str]:
        """Terms, each with its meaning indented below."""
        done: list[str] = []
        for child in map(_as_node, node.children):
            if _is_hidden(child):
                continue
            if child.tag == "dd":
                lines = "\n\n".join(self.blocks(child)).split("\n")
                text = "\n".join(f"  {line}".rstrip() for line in lines)
                done[-1:] = [f"{done[-1]}\n{text}" if done else text]
            else:
                done += self.blocks(child)
        return [block for block in done if block.strip()]

    def _inline(self, child: Node | str) -> str:
        if isinstance(child, str):
            child = child.replace("\xad", "")
            return child if self._keeps_lines else re.sub(r"[ \t\r\n\f]+", " ", child)
        if _is_hidden(child):
            return ""
        match child.tag:
            case "br":
                return "\n"
            case "img":
                alt = " ".join(child.attributes.get("alt", "").split())
                return f"[{alt}]" if alt else ""
            case "a":
                return self._link(child)
        inner = "".join(self._inline(inner) for inner in child.children)
        match child.tag:
            case "sup" | "sub":
                table = _RAISED if child.tag == "sup" else _LOWERED
                return inner.translate(table) if inner and all(ord(letter) in table for letter in inner) else inner
            case "q":
                return f"“{inner}”"
            case "rt" if inner.strip() and not inner.startswith("("):
                return f"({inner.strip()})"
            case "rp":
                return ""
        mark = "" if _PLAIN.search(child.attributes.get("style", "")) else _MARKS.get(child.tag, "")
        return f"{mark}{inner}{mark}" if mark and inner.strip() == inner != "" else inner

    def _link_around(self, node: Node) -> list[str]:
        """The blocks of a link, the last of which refers to its address."""
        blocks, url = self.blocks(node), _address_of(node)
        if not blocks or not url or url.startswith("#") or blocks[-1] == url:
            return blocks
        last, reference = blocks.pop(), self._reference(url)
        underlined = _UNDERLINED.fullmatch(last)
        return [*blocks, f"{underlined[1]} {reference}{underlined[2]}" if underlined else f"{last} {reference}"]

    def _link(self, node: Node) -> str:
        text = "".join(self._inline(inner) for inner in node.children)
        url = _address_of(node)
        shown = text.strip()
        if BACK in node.attributes.get("class", "").split():
            return ""
        if url.startswith("#") and url[1:] in self._targets and (match := _NOTE_NUMBER.fullmatch(node.text().strip())):
            return f"[^{match[1]}]"
        if not url or url.startswith("#") or not shown:
            return text
        if shown in (url, url.removeprefix("mailto:"), url.removeprefix("tel:")):
            return text
        if re.sub(r"https?://|/$", "", url) == shown.removesuffix("/"):
            return text.replace(shown, url)
        return f"{text.rstrip()} {self._reference(url)}" + (" " if text != text.rstrip() else "")

    def _reference(self, url: str) -> str:
        """What refers to an address in the list below the text."""
        return f"[{self.links.setdefault(url, len(self.links) + 1)}]"


def _program(node: Node | str) -> str:
    """The text of a `pre` as it stands there, without marks of emphasis."""
    if isinstance(node, str) or _is_hidden(node):
        return node if isinstance(node, str) else ""
    return "\n" if node.tag == "br" else "".join(map(_program, node.children))


def _address_of(node: Node) -> str:
    return node.attributes.get("href", "").strip()


def _quoted(line: str) -> str:
    """A line quoted one level deeper, as RFC 3676 §4.5 writes it: `>> text`, never `> > text`."""
    return f">{line}" if line.startswith(">") else f"> {line}".rstrip()


def _holds_block(node: Node) -> bool:
    return any(inner.tag in _BLOCKS for inner in node.elements())


def _is_hidden(node: Node) -> bool:
    style = node.attributes.get("style", "")
    return bool(_HIDDEN.search(style) or (_NO_HEIGHT.search(style) and _CUT_OFF.search(style)))


def _has_paragraphs(child: Node | str) -> bool:
    return isinstance(child, Node) and any(isinstance(inner, Node) and inner.tag == "p" for inner in child.children)
