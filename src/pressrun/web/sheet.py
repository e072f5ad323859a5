"""The style sheet of a page (the rules of the shared one that it can use) and the policy that allows it.

Style sheets are inside the pages, so every rule costs on every page. The rules that a page needs follow from its
elements and classes: no page can lack a rule, and nobody maintains lists of what belongs where. What only a browser
knows (attributes, states, languages) counts as used. Of the variables, such as colours, a page gets those that it uses.

A policy (Content Security Policy, level 3) allows a page nothing but what it names.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

# For answers that are not pages, and the basis of all others.
CONTENT_POLICY = "default-src 'none'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
PLACE = "<style></style>"  # where the sheet goes in a page; nothing before it may contain markup of others

_USED = re.compile(r"<([a-z][a-z0-9]*)|\sclass=\"([^\"]*)\"")
_BLANKS = re.compile(r"\s*([{};])\s*")
_AFTER = re.compile(r"([:,])\s+")
_BRACKETS = re.compile(r"\[[^\]]*\]|\([^()]*\)")
_STATES = re.compile(r"::?[a-z-]+")
_NAMES = re.compile(r"\.[a-z][\w-]*|(?<![\w.#-])[a-z][\w-]*")
_COMMA = re.compile(r",(?![^(]*\))")
_VARIABLE = re.compile(r"var\((--[\w-]+)")
_SETTING = re.compile(r"(--[\w-]+):[^;{}]*(;|(?=\}))")


class _Rule(Struct, frozen=True):
    """One rule: (selector, the names it needs) pairs and a block, or the rules of a group such as `@media`."""

    selectors: tuple[tuple[str, frozenset[str]], ...]
    block: str
    group: tuple[_Rule, ...] = ()


class Sheet:
    """A style sheet for many pages."""

    def __init__(self, text: str) -> None:
        rules = _rules(compact(text))
        self._known = frozenset(name for rule in _flat(rules) for _, needs in rule.selectors for name in needs)
        self._written = lru_cache(maxsize=200)(lambda names, variables: _set_only(variables, _write(rules, names)))

    def of(self, page: str, others: Sequence[str] = ()) -> str:
        """The part that a page with these other sheets can use."""
        used: set[str] = set()
        for tag, classes in _USED.findall(page):
            used.update([tag] if tag else [f".{name}" for name in classes.split()])
        # Not of the page, where somebody may search for such names: a sheet would be written for each search.
        return self._written(self._known & used, frozenset(_VARIABLE.findall("".join(others))))


def compact(text: str) -> str:
    """A style sheet without blanks that only people need."""
    return _BLANKS.sub(r"\1", _AFTER.sub(r"\1", text)).replace(";}", "}").strip()


@lru_cache(maxsize=4)  # [admin] at a separate address, and each reload, make pages with the same sheet
def _rules(text: str) -> tuple[_Rule, ...]:
    rules: list[_Rule] = []
    position = 0
    while (opening := text.find("{", position)) >= 0:
        head, depth, end = text[position:opening], 1, opening + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        block = text[opening + 1 : end - 1]
        if head.startswith("@"):
            rules.append(_Rule(((head, frozenset()),), "", _rules(block)))
        else:
            rules.append(_Rule(tuple((part, _needs(part)) for part in _COMMA.split(head)), block))
        position = end
    return tuple(rules)


def _needs(selector: str) -> frozenset[str]:
    """The elements and classes without which a selector matches nothing; alternatives in brackets do not count."""
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


def _set_only(variables: frozenset[str], sheet: str) -> str:
    """A compact sheet that sets only these variables and those that it uses itself."""
    used = variables.union(_VARIABLE.findall(sheet))
    return _SETTING.sub(lambda match: match[0] if match[1] in used else "", sheet).replace(";}", "}")


@lru_cache(maxsize=500)
def page_policy(sheets: tuple[str, ...], *more: str) -> str:
    """The policy of a page with these style sheets, which it names by digest; `more` are further directives."""
    styles = " ".join(f"'{digest_source(sheet)}'" for sheet in sheets)
    return "; ".join((CONTENT_POLICY, f"style-src {styles}", *more))


def digest_source(sheet: str) -> str:
    """The source expression that allows exactly this style sheet."""
    return f"sha256-{base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode('ascii')}"
