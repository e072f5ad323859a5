"""TOML → sections of values that each fit their key. This builds no settings and opens no other file.

Every error is recorded and reading goes on, so that an operator sees them all at once.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from pressrun.config.key_lines import find_lines
from pressrun.config.problems import ConfigError, Path, Problems
from pressrun.config.settings import TABLES, Shape, Table
from pressrun.core.setting import BadMembers, BadValue, Kind, Setting, show
from pressrun.core.setting_kinds import closest, domain

_TWICE = re.compile(r"Cannot declare (\(.*\)) twice")
_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=", re.ASCII)
_HEADER = re.compile(r"\s*\[")
_RECIPIENT_DOMAIN = domain('the domain of recipients in quotes, as in [delivery.domain."gmail.com"]')


class Section(Struct, frozen=True, kw_only=True):
    """One table of the file: the good values by field of the settings type, and the path of the table.

    `keys` are the names of all its keys in the file, good or not.
    """

    table: Table
    path: Path
    keys: frozenset[str]
    problems: Problems
    values: dict[str, Any] = field(default_factory=dict)

    def error(self, key: str | Path, actual: str, expected: str) -> None:
        """Record an error at a key of this table or a path below it, or at the table itself for ""."""
        self.problems.error(self._path(key), actual, expected)

    def warn(self, key: str, message: str) -> None:
        """Record something that works and is probably a mistake."""
        self.problems.warn(self._path(key), message)

    def _path(self, key: str | Path) -> Path:
        return (*self.path, *((key,) if isinstance(key, str) and key else key))


class Document(Struct, frozen=True, kw_only=True):
    """All sections of a file, in the order of TABLES."""

    sections: tuple[Section, ...]

    def find(self, table: str) -> Section | None:
        """The section of a table that occurs at most once, or None."""
        return next(iter(self.list(table)), None)

    def list(self, table: str) -> list[Section]:
        """The sections of a table that may occur more often."""
        return [section for section in self.sections if section.table.name == table]

    def values(self, table: str) -> Mapping[str, Any]:
        """The good values of a table that occurs at most once; empty where it is left out."""
        section = self.find(table)
        return {} if section is None else section.values


Parsed = tuple[dict[str, Any], dict[Path, int]]
"""A document, and the lines of its keys."""


@lru_cache(maxsize=1)  # a verb first asks for a key or two, and then for everything
def parse(text: str) -> Parsed | ConfigError:
    """The document, which nobody may change, or the error where it stops being TOML."""
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
        again = _repeated_key(text, line) if what == "Cannot overwrite a value" else None
        return again or ConfigError(
            line=line,
            key="",
            actual=f"something that is not TOML ({what[:1].lower()}{what[1:]})",
            expected='[table] or key = value, where text and quantities are in quotes, as in host = "127.0.0.1"',
        )
    except ValueError:  # of int(), which takes no more than some thousand digits
        return ConfigError(line=1, key="", actual="a number with thousands of digits", expected="fewer digits")
    except RecursionError:
        return ConfigError(line=1, key="", actual="brackets nested too deep", expected="fewer levels of brackets")


def _repeated_table(text: str, line: int, names: tuple[str, ...]) -> ConfigError:
    """The error of a table that occurs again at `line`."""
    table = ".".join(names)
    before = text.splitlines()[: line - 1]
    header = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(f"[\"']?{re.escape(name)}[\"']?" for name in names) + r"\s*\]")
    first = next((number for number, earlier in enumerate(before, 1) if header.match(earlier)), None)
    where = f"already in line {first}" if first else "already above, as part of another table"
    return ConfigError(
        line=line,
        key=table,
        actual=f"the table [{table}] a second time; it is {where}",
        expected=f"one table [{table}]: move the keys below this line up into the other one",
    )


def _repeated_key(text: str, line: int) -> ConfigError | None:
    """The error of a key that occurs again at `line` in the same table; None where the line is no simple key."""
    lines = text.splitlines()
    key = _KEY.match(lines[line - 1])
    if key is None:
        return None
    headers = [number for number in range(line - 1) if _HEADER.match(lines[number])]
    begins = headers[-1] + 1 if headers else 0
    first = next((number for number in range(begins, line - 1) if _has_key(lines[number], key[1])), None)
    if first is None:
        return None
    table = _table_at([lines[number] for number in headers])
    actual = f"{key[1]} a second time; it is already in line {first + 1}"
    return ConfigError(line, f"{table}{key[1]}", actual, f"{key[1]} once: remove one of the two lines")


def _table_at(headers: list[str]) -> str:
    """What comes before the names of keys below the last of these headers: `smtp.`, `relay[2].` or nothing."""
    names = [header.partition("#")[0].strip() for header in headers]
    if not names:
        return ""
    number = f"[{names.count(names[-1])}]" if names[-1].startswith("[[") else ""
    return f"{names[-1].strip('[] ')}{number}."


def _has_key(line: str, name: str) -> bool:
    key = _KEY.match(line)
    return key is not None and key[1] == name


def read(document: dict[str, Any], problems: Problems) -> Document:
    """Read every table; errors go to `problems`."""
    for table in TABLES:
        document = _with_former_keys(document, table, problems)
    _report_unknown_tables(document, problems)
    return Document(
        sections=tuple(
            _read_section(table, path, content, problems)
            for table in TABLES
            for path, content in _occurrences(table, document, problems)
        )
    )


def _with_former_keys(document: dict[str, Any], table: Table, problems: Problems) -> dict[str, Any]:
    """The document with those keys in a table that it has in another one, where they once were."""
    for former_table, name, key in table.former_places():
        former, today = document.get(former_table), document.get(table.name, {})
        if not isinstance(former, dict) or name not in former or not isinstance(today, dict):
            continue
        document = {**document, former_table: {each: former[each] for each in former if each != name}}
        if key in today:
            problems.error((former_table, name), f"{name} beside {table.name}.{key}", f"{table.name}.{key} alone")
            continue
        place = f"{key} in [{table.name}]"
        problems.warn((former_table, name), f"is now called {place}. The old name works for one release")
        problems.move((former_table, name), (table.name, key))
        document = {**document, table.name: {**today, key: former[name]}}
    return document


def _tables_below(name: str) -> set[str]:
    """The names of the tables directly inside a table: `domain` in `delivery`."""
    prefix = f"{name}." if name else ""
    inside = (table.name.removeprefix(prefix) for table in TABLES if table.name.startswith(prefix) and table.name)
    return {rest.partition(".")[0] for rest in inside if rest}


def _report_unknown_tables(document: dict[str, Any], problems: Problems) -> None:
    known = tuple(sorted(_tables_below("")))
    for name, content in document.items():
        is_table = isinstance(content, dict) or (isinstance(content, list) and content and isinstance(content[0], dict))
        if name in known or not is_table or TABLES[0].find(name):
            continue
        near = closest(name.lower(), known)
        guess = f"; did you mean [{near}]?" if near else ""
        problems.error((name,), "an unknown table", f"one of {', '.join(f'[{table}]' for table in known)}{guess}")


def _occurrences(table: Table, document: dict[str, Any], problems: Problems) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Where a table occurs, with its content; a wrong shape is reported."""
    if table.shape is Shape.TOP:
        yield (), document
        return
    content: Any = document
    path: Path = ()
    for name in table.name.split("."):
        content = content.get(name) if isinstance(content, dict) else None
        path += (name,)
    if content is not None:
        yield from _members(table, path, content, problems)
    elif table.shape is not Shape.ONE_OR_MANY and (required := [key.key for key in table.keys if key.is_required]):
        form = "at least one [[{}]] with {}" if table.shape is Shape.MANY else "a table [{}] with {}"
        problems.error(path, "nothing", form.format(table.name, " and ".join(required)))


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
    section = Section(table=table, path=path, keys=frozenset(content), problems=problems)
    for name, value in content.items():
        key = table.find(name)
        former = table.find_former(name)
        if key is not None:
            _read_value(key, key.kind, section, name, value)
        elif former is not None:
            _read_former(former, section, name, value)
        else:
            _report_unknown_key(section, name, value)
    for key in table.keys:
        if key.is_required and key.key not in content:
            section.error(key.key, "nothing", f"{key.kind.expected}; this key is required")
    if table.shape is Shape.NAMED:
        _check_domain(section, content)
    return section


def _read_value(key: Setting, kind: Kind[Any], section: Section, name: str, value: object) -> None:
    if isinstance(value, str) and value in kind.former_words:
        word = kind.former_words[value]
        section.warn(name, f"{show(value)} is now {show(word)}. The old word works for one release")
        value = word
    try:
        section.values[key.field] = kind.read(value)
    except BadValue as problem:
        section.error(name, problem.actual or show(value), problem.expected)
    except BadMembers as problem:
        for index, member in problem.members.items():
            section.error((name, index), member.actual or "", member.expected)


def _read_former(key: Setting, section: Section, name: str, value: object) -> None:
    """Read a key under a name that it once had."""
    if key.key in section.keys:
        section.error(name, f"{name} beside {key.key}", f"{key.key} alone, which was once called {name}")
        return
    section.warn(name, f"is now called {key.key}. The old name works for one release")
    _read_value(key, key.formerly[name] or key.kind, section, name, value)


def _report_unknown_key(section: Section, name: str, value: object) -> None:
    table = section.table
    if name in _tables_below(table.name) or (table.shape is Shape.TOP and isinstance(value, dict | list)):
        return  # a table, known or reported
    is_table = isinstance(value, dict)
    if is_table and table.shape is Shape.NAMED:
        meant = f'[{table.name}."{section.path[-1]}.{name}"], the domain in quotes'
    else:
        meant = _what_was_meant(table, name)
    section.error(name, f"an unknown {'table' if is_table else 'key'}", meant)


def _what_was_meant(table: Table, name: str) -> str:
    names = tuple(key.key for key in table.keys)
    near = closest(name.lower().replace("-", "_"), names)
    if name == "password" and table.name == "relay":
        return "password_file: the password belongs in a file of its own, or in a systemd credential"
    elsewhere = [other.name for other in TABLES if other is not table and other.find(name)]
    if near:
        return f"a key of this table; did you mean {near}?"
    if elsewhere:
        places = " or ".join(
            f"[{other}]" if other else "the top of the file, before the first table" for other in elsewhere
        )
        return f"a key of this table; {name} belongs to {places}"
    return f"one of {', '.join(names)}"


def _check_domain(section: Section, content: dict[str, Any]) -> None:
    if content and all(isinstance(value, dict) for value in content.values()):
        return  # [delivery.domain.gmail.com] without quotes: reported at the table inside
    try:
        _RECIPIENT_DOMAIN.read(section.path[-1])
    except BadValue as problem:
        section.error("", show(section.path[-1]), problem.expected)
