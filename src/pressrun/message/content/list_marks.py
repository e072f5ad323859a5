"""What stands before each item of a list: `- `, `3. `, `c. `, `iv. `, or `[^2] ` where the items are notes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pressrun.message.content.tree import Node

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_TYPES = re.compile(r"list-style(?:-type)?\s*:[^;]*\b(lower|upper)-(alpha|latin|roman)", re.IGNORECASE)


def marks_of(node: Node, *, are_notes: bool) -> Iterator[tuple[str, Node]]:
    """The items of a list, or what stands in their place, with the mark of each."""
    children = [child for child in node.children if isinstance(child, Node)]
    is_reversed = "reversed" in node.attributes
    number = _number(node.attributes.get("start", ""), len(children) if is_reversed else 1)
    for child in children:
        if child.tag != "li":  # a list directly inside a list stands below the item before it
            yield "  " if child.tag in ("ul", "ol") else "", child
            continue
        number = _number(child.attributes.get("value", ""), number)
        if are_notes:
            yield f"[^{number}] ", child
        else:
            yield f"{_numeral(number, _type(node))}. " if node.tag == "ol" else "- ", child
        number += -1 if is_reversed else 1


def _number(text: str, otherwise: int) -> int:
    return int(text) if re.fullmatch(r"-?\d{1,9}", text, re.ASCII) else otherwise


def _type(node: Node) -> str:
    found = _TYPES.search(node.attributes.get("style", ""))
    if found is None:
        return node.attributes.get("type", "1")
    letter = "i" if found[2].lower() == "roman" else "a"
    return letter if found[1].lower() == "lower" else letter.upper()


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
