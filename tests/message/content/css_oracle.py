"""CSS as somebody else reads it (tinycss2): what in a cleaned text could fetch, run, or end the element around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import tinycss2

# Written once more here, and not taken from the cleaner: a function that it lets through by mistake is found.
_FETCH = frozenset(
    "url src image image-set -webkit-image-set cross-fade -webkit-cross-fade element paint expression attr"
    " url-prefix domain regexp".split()
)
_RUN = frozenset({"behavior", "-ms-behavior", "-moz-binding", "-ms-filter"})


def harm_in(text: str) -> list[str]:
    """What a reader of this style sheet or style attribute could find in it that must not be there."""
    faults = ["<"] if "<" in text else []
    nodes = tinycss2.parse_component_value_list(text)
    return faults + list(_harm(nodes)) + [f"@{rule}" for rule in _at_rules(nodes)]


def _harm(nodes: Sequence[Any]) -> Iterator[str]:
    for node in nodes:
        match node.type:
            case "url" | "error":
                yield node.type
            case "function":
                if node.lower_name in _FETCH:
                    yield f"{node.lower_name}()"
                yield from _harm(node.arguments)
            case "ident" if node.lower_value in _RUN:
                yield node.lower_value
            case "() block" | "[] block" | "{} block":
                yield from _harm(node.content)


def _at_rules(nodes: Sequence[Any]) -> Iterator[str]:
    for node in nodes:
        if node.type == "at-keyword" and node.lower_value not in ("media", "supports"):
            yield node.lower_value
        elif node.type == "{} block":
            yield from _at_rules(node.content)
