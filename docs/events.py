"""Writes docs/events.md to stdout: every event of the log, with the levels and fields that the source gives it."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from pressrun.observe.events import FORMER_NAMES

SOURCES = Path(__file__).parent.parent / "src" / "pressrun"
EVENTS: dict[str, str] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
HEAD = """\
# The events of the log

This page is written from the code and events.toml by `make docs`; a test fails when it is stale. Each line of the log
is one event: `time`, `level`, `event`, `logger`, and the fields below; … stands for what is not written there by name.
[The log](how-to/watch.md#the-log) says how to search them. Names change only on purpose, and a change is in the news.
For one release, a line whose event was renamed has the former name in the field `formerly`.

| event | level | fields | what it says |
|---|---|---|---|
"""
_NOT_FIELDS = {"level", "exc_info"}
_LOGGING = ("event", "log_mail")  # what logs a line at info unless told otherwise
_METHODS = {"exception": "error", "critical": "critical"}  # of loggers


def reference() -> str:
    """The page."""
    levels: dict[str, set[str]] = defaultdict(set)
    fields: dict[str, dict[str, None]] = defaultdict(dict)
    for path in sorted(SOURCES.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                for name in _names(call):
                    levels[name].update(_levels(call, tree))
                    fields[name] |= dict.fromkeys(_fields(call))
    return HEAD + "".join(
        f"| `{name}` | {', '.join(sorted(levels[name])) or '…'} | {' '.join(fields[name])} "
        f"| {meaning}{_former(name)} |\n"
        for name, meaning in EVENTS.items()
    )


def _former(name: str) -> str:
    return f". Formerly `{FORMER_NAMES[name]}`" if name in FORMER_NAMES else ""


def _names(call: ast.Call) -> Iterator[str]:
    if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "tx":
        return  # a statement of the same name
    for argument in call.args[:2]:
        if isinstance(argument, ast.Constant) and argument.value in EVENTS:
            yield str(argument.value)


def _levels(call: ast.Call, tree: ast.Module) -> set[str]:
    """The levels of a call of `event`, or that of a method of a logger; names in it are looked up in the module."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS:
        return {_METHODS[call.func.attr]}
    given = [node for one in call.keywords if one.arg == "level" for node in ast.walk(one.value)]
    if not given:
        assert ast.unparse(call.func) in _LOGGING, f"the level of {ast.unparse(call)} is not to be seen"
        return {"info"}
    names = {node.id for node in given if isinstance(node, ast.Name)}
    named = (node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and _targets(node) & names)
    levels = {
        node.attr.lower()
        for node in (*given, *(node for value in named for node in ast.walk(value)))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "logging"
    }
    assert levels, f"no level in {ast.unparse(call)}"
    return levels


def _targets(assignment: ast.Assign) -> set[str]:
    return {target.id for target in assignment.targets if isinstance(target, ast.Name)}


def _fields(call: ast.Call) -> Iterator[str]:
    for one in call.keywords:
        if one.arg is None:
            yield "…"
        elif one.arg == "extra":
            yield from (f"`{name}`" for name in _keys(one.value) if name != "fields")
        elif one.arg not in _NOT_FIELDS:
            yield f"`{one.arg}`"


def _keys(value: ast.expr) -> Iterator[str]:
    """The keys of a dict and of the dicts inside it."""
    for node in ast.walk(value):
        if isinstance(node, ast.Dict):
            yield from (str(key.value) for key in node.keys if isinstance(key, ast.Constant))


if __name__ == "__main__":
    print(reference(), end="")
