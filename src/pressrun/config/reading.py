"""TOML → sections of values that each fit their key. Nothing is built here, and no other file is opened.

Every error is recorded and reading goes on: an operator sees them all at once.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pressrun.config.keys import DKIM, DOMAIN, RELAY, TABLES, TOP
from pressrun.config.kinds import BadMembers, BadValue, read_domain
from pressrun.config.lines import find_lines
from pressrun.config.problems import ConfigError, Path, Problems, show
from pressrun.config.schema import Key, Shape, Table

_TWICE = re.compile(r"Cannot declare (\(.*\)) twice")
_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table of the file: the good values by field of the settings type, and where the table stands.

    `given` are the names of all keys that stand there, good or not.
    """

    table: Table
    path: Path
    given: frozenset[str] = frozenset()
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """All sections of a file, in its order."""

    sections: tuple[Section, ...]

    def one(self, table: Table) -> Section | None:
        """The section of a table that stands at most once."""
        return next(iter(self.all(table)), None)

    def all(self, table: Table) -> list[Section]:
        """The sections of a table that may stand more often."""
        return [section for section in self.sections if section.table is table]


def parse(text: str) -> tuple[dict[str, Any], dict[Path, int]] | ConfigError:
    """The document and the lines of its keys, or the error where it stops being TOML."""
    try:
        return tomllib.loads(text), find_lines(text)
    except tomllib.TOMLDecodeError as problem:
        message = str(problem).partition("\n")[0]
        place = _LINE.search(message)
        line = int(place[1]) if place and place[1] else max(1, text.rstrip("\n").count("\n") + 1)
        what = _LINE.sub("", message)
        twice = _TWICE.fullmatch(what)
        if twice is not None:
            return _repeated_table(text, line, ast.literal_eval(twice[1]))
        return ConfigError(
            line=line,
            key="",
            found=f"something that is not TOML ({what[:1].lower()}{what[1:]})",
            expected='[table] or key = value, where text and quantities stand in quotes, as in host = "127.0.0.1"',
        )
    except RecursionError:
        return ConfigError(line=1, key="", found="brackets nested too deep", expected="tables and keys of this manual")


def _repeated_table(text: str, line: int, names: tuple[str, ...]) -> ConfigError:
    """The error of a table that stands at `line` for the second time."""
    table = ".".join(names)
    before = text.splitlines()[: line - 1]
    header = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(f"[\"']?{re.escape(name)}[\"']?" for name in names) + r"\s*\]")
    first = next((number for number, one in enumerate(before, 1) if header.match(one)), None)
    where = f"already in line {first}" if first else "already above, as part of another table"
    return ConfigError(
        line=line,
        key=table,
        found=f"the table [{table}] a second time; it is {where}",
        expected=f"one table [{table}]: move the keys below this line up into the other one",
    )


def read(document: dict[str, Any], problems: Problems) -> Document:
    """Read every table; what is wrong goes to `problems`."""
    _report_unknown_tables(document, problems)
    sections: list[Section] = []
    for table in TABLES:
        for path, content in _find(table, document, problems):
            sections.append(_read_section(table, path, content, problems))
    return Document(sections=tuple(sections))


def _tables_below(name: str) -> set[str]:
    """The names of the tables that stand directly inside a table: `domain` in `delivery`."""
    prefix = f"{name}." if name else ""
    inside = (table.name.removeprefix(prefix) for table in TABLES if table.name.startswith(prefix) and table.name)
    return {rest.partition(".")[0] for rest in inside if rest}


def _report_unknown_tables(document: dict[str, Any], problems: Problems) -> None:
    known = _tables_below("")
    for name, content in document.items():
        is_table = isinstance(content, dict) or (isinstance(content, list) and content and isinstance(content[0], dict))
        if name in known or not is_table or TOP.find(name):
            continue
        near = get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.7)
        guess = f"; did you mean [{near[0]}]?" if near else ""
        problems.error(
            (name,), "an unknown table", f"one of {', '.join(f'[{table}]' for table in sorted(known))}{guess}"
        )


def _find(table: Table, document: dict[str, Any], problems: Problems) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The places where a table stands, with its content; a wrong shape is reported."""
    if table.shape is Shape.TOP:
        yield (), document
        return
    content: Any = document
    path: Path = ()
    for name in table.name.split("."):
        content = content.get(name) if isinstance(content, dict) else None
        path += (name,)
    if content is None:
        if table is RELAY:
            problems.error(path, "nothing", "at least one [[relay]] with host and port")
        elif any(key.required for key in table.keys) and table is not DKIM:
            problems.error(path, "nothing", f"a table [{table.name}] with {_required(table)}")
        return
    yield from _members(table, path, content, problems)


def _required(table: Table) -> str:
    return " and ".join(key.name for key in table.keys if key.required)


def _members(table: Table, path: Path, content: object, problems: Problems) -> Iterator[tuple[Path, dict[str, Any]]]:
    is_many = isinstance(content, list) and all(isinstance(item, dict) for item in content) and content != []
    if isinstance(content, list) and is_many and table.shape in {Shape.MANY, Shape.ONE_OR_MANY}:
        for index, item in enumerate(content):
            yield (*path, index), item
    elif isinstance(content, dict) and table.shape in {Shape.ONE, Shape.ONE_OR_MANY}:
        yield path, content
    elif isinstance(content, dict) and table.shape is Shape.NAMED:
        for name, item in content.items():
            if isinstance(item, dict):
                yield (*path, name), item
            else:
                problems.error((*path, name), show(item), f'a table [{table.name}."gmail.com"]')
    elif isinstance(content, dict):
        problems.error(path, f"[{table.name}]", f"[[{table.name}]], in double brackets")
    elif is_many:
        problems.error(path, f"[[{table.name}]]", f"one [{table.name}], in single brackets")
    else:
        form = f"[[{table.name}]]" if table.shape is Shape.MANY else f"[{table.name}]"
        problems.error(path, show(content), f"a table {form}")


def _read_section(table: Table, path: Path, content: dict[str, Any], problems: Problems) -> Section:
    section = Section(table=table, path=path, given=frozenset(content))
    inner = _tables_below(table.name)
    for name, value in content.items():
        key = table.find(name)
        if key is not None:
            _read_key(key, section, value, problems)
        elif name not in inner and not (table is TOP and isinstance(value, dict | list)):
            unquoted = table is DOMAIN and isinstance(value, dict)
            meant = (
                f'[{table.name}."{path[-1]}.{name}"], the domain in quotes'
                if unquoted
                else _what_was_meant(table, name)
            )
            problems.error((*path, name), f"an unknown {'table' if isinstance(value, dict) else 'key'}", meant)
    for key in table.keys:
        if key.required and key.name not in content:
            problems.error((*path, key.name), "nothing", f"{key.kind.expected}; this key is required")
    if table is DOMAIN:
        _check_domain(path, content, problems)
    return section


def _read_key(key: Key, section: Section, value: object, problems: Problems) -> None:
    path = (*section.path, key.name)
    try:
        section.values[key.field or key.name] = key.kind.read(value)
    except BadValue as problem:
        problems.error(path, problem.found or show(value), problem.expected)
    except BadMembers as problem:
        for index, member in problem.members.items():
            problems.error((*path, index), member.found or "", member.expected)


def _what_was_meant(table: Table, name: str) -> str:
    names = [key.name for key in table.keys]
    near = get_close_matches(name.lower().replace("-", "_"), names, n=1, cutoff=0.7)
    if name == "password" and table is RELAY:
        return "password_file: the password stands in a file of its own, or in a systemd credential"
    elsewhere = [other.name for other in TABLES if other is not table and other.find(name)]
    if near:
        return f"a key of this table; did you mean {near[0]}?"
    if elsewhere:
        places = " or ".join(
            f"[{other}]" if other else "the top of the file, before the first table" for other in elsewhere
        )
        return f"a key of this table; {name} belongs to {places}"
    return f"one of {', '.join(names)}"


def _check_domain(path: Path, content: dict[str, Any], problems: Problems) -> None:
    expected = 'the domain of recipients in quotes, as in [delivery.domain."gmail.com"]'
    if content and all(isinstance(value, dict) for value in content.values()):
        return  # [delivery.domain.gmail.com] without quotes: said at the table inside
    try:
        read_domain(path[-1], expected)
    except BadValue as problem:
        problems.error(path, show(path[-1]), problem.expected)
