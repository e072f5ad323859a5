"""The style sheet of a page: of the one that all pages share, the rules that this page can use.

Sheets stand in the pages, so each rule is paid for with every page. Which ones a page needs is read off its elements
and classes: no page can lack a rule, and nobody keeps lists of what belongs where. What is known only in a browser
(attributes, states, languages) counts as used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

PLACE = "<style></style>"  # where the sheet goes in a page; nothing before it on a page may hold markup of others

_USED = re.compile(r"<([a-z][a-z0-9]*)|\sclass=\"([^\"]*)\"")
_BLANKS = re.compile(r"\s*([{};])\s*")
_AFTER = re.compile(r"([:,])\s+")
_BRACKETS = re.compile(r"\[[^\]]*\]|\([^()]*\)")
_STATES = re.compile(r"::?[a-z-]+")
_NAMES = re.compile(r"\.[a-z][\w-]*|(?<![\w.#-])[a-z][\w-]*")
_COMMA = re.compile(r",(?![^(]*\))")


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule as (selector, the names it needs) and its block; a group of rules has those in place of a block."""

    selectors: tuple[tuple[str, frozenset[str]], ...]
    block: str
    group: tuple[_Rule, ...] = ()


class Sheet:
    """A style sheet for many pages."""

    def __init__(self, text: str) -> None:
        rules = _rules(compact(text))
        self._known = frozenset(name for rule in _flat(rules) for _, needs in rule.selectors for name in needs)
        self._written = lru_cache(maxsize=200)(lambda names: _write(rules, names))

    def of(self, page: str) -> str:
        """What a page can use of it."""
        used: set[str] = set()
        for tag, classes in _USED.findall(page):
            used.update([tag] if tag else [f".{name}" for name in classes.split()])
        return self._written(self._known & used)


def compact(text: str) -> str:
    """A style sheet without the blanks that are there for people."""
    return _BLANKS.sub(r"\1", _AFTER.sub(r"\1", text)).replace(";}", "}").strip()


def _rules(text: str) -> tuple[_Rule, ...]:
    found: list[_Rule] = []
    position = 0
    while (opening := text.find("{", position)) >= 0:
        head, depth, end = text[position:opening], 1, opening + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        block = text[opening + 1 : end - 1]
        if head.startswith("@"):
            found.append(_Rule(((head, frozenset()),), "", _rules(block)))
        else:
            found.append(_Rule(tuple((one, _needs(one)) for one in _COMMA.split(head)), block))
        position = end
    return tuple(found)


def _needs(selector: str) -> frozenset[str]:
    """The elements and classes without which a selector meets nothing; alternatives in brackets are left out."""
    return frozenset(_NAMES.findall(_STATES.sub("", _BRACKETS.sub("", selector))))


def _flat(rules: tuple[_Rule, ...]) -> list[_Rule]:
    return [inner for rule in rules for inner in (rule, *_flat(rule.group))]


def _write(rules: tuple[_Rule, ...], names: frozenset[str]) -> str:
    written = []
    for rule in rules:
        head = ",".join(selector for selector, needs in rule.selectors if needs <= names)
        block = _write(rule.group, names) if rule.group else rule.block
        if head and block:
            written.append(f"{head}{{{block}}}")
    return "".join(written)
