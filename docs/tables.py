"""Writes docs/tables.md to stdout: the tables of the database, with the comments that the schema has on each column."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pressrun.store.sqlite.migrate import package_schema

HEAD = """\
# The tables of the database

This page is written from [schema.sql](../src/pressrun/store/schema.sql) by `make docs`; a test fails when it is
stale.
The database is `pressrun.sqlite3` in `data_dir`. Look into a copy of it ([how to make one](how-to/back-up.md)), and
never write to the original: the commands check what they change, and record the evidence. Scripts are better off with
`--json`, because tables change from version to version. Times are seconds since 1970 in UTC, unless a column says
otherwise.
"""
_TABLE = re.compile(r"((?:^-- [^\n]*\n)+)create (?:virtual )?(table|view) (\w+)(.*?);$", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(r"^    (\w+)(?: (integer|text|blob|real)\b)?(.*?),?\s*(?:-- (.*))?$")
_CONSTRAINTS = {"primary", "unique", "check", "foreign", "prefix", "tokenize"}


def reference() -> str:
    """The page."""
    return HEAD + "".join(_section(*match) for match in _TABLE.findall(package_schema()))


def _section(comment: str, kind: str, name: str, body: str) -> str:
    meaning = " ".join(re.findall(r"^-- (.*)$", comment, re.MULTILINE))
    section = f"\n## {name}\n{'A view. ' if kind == 'view' else ''}{meaning}\n"
    if kind == "view":
        return section
    return f"{section}\n| column | type | what it holds |\n|---|---|---|\n{''.join(_rows(body))}"


def _rows(body: str) -> Iterator[str]:
    for line in body.splitlines():
        match = _COLUMN.match(line)
        if match is None or match[1] in _CONSTRAINTS:
            continue
        name, kind, rules, comment = match.groups()
        choice = re.search(r" check \(\w+ in \((.*?)\)\)", rules)
        target = re.search(r" references (\w+)", rules)
        notes = [
            *(["one of " + choice[1].replace("'", "`")] if choice else []),
            *([f"a row of [{target[1]}](#{target[1]})"] if target else []),
            *([comment.replace("|", "\\|")] if comment else []),
        ]
        nullable = ", may be null" if kind and _may_be_null(rules) else ""
        yield f"| `{name}` | {kind or 'text'}{nullable} | {'; '.join(notes)} |\n"


def _may_be_null(rules: str) -> bool:
    return " not null" not in rules and " primary key" not in rules


if __name__ == "__main__":
    print(reference(), end="")
