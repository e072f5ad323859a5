"""Habits that no linter knows: events by name, docstrings that open files, sizes and names of files."""

from __future__ import annotations

import ast
import re
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.repository.sources import nodes_of, source_trees

from pressrun.observe.events import FORMER_NAMES
from pressrun.store.sqlite import migrate

_ROOT = Path(__file__).parent.parent.parent
_PACKAGE = _ROOT / "src" / "pressrun"
_SOURCES = sorted(_PACKAGE.rglob("*.py"))
_EVENTS = tomllib.loads((_ROOT / "docs" / "events.toml").read_text(encoding="utf-8"))
_PLAIN_LEVELS = {"debug", "info", "warning", "error", "log"}
_LEVELS = _PLAIN_LEVELS | {"exception", "critical"}
_NAME = re.compile(r"[a-z_]+\.[a-z_]+")


def _logged(tree: ast.Module) -> Iterator[str]:
    """The literal event names in calls of `event(…)` and of a logger's methods."""
    for call in nodes_of(tree, ast.Call):
        is_event = isinstance(call.func, ast.Name) and call.func.id == "event"
        is_level = isinstance(call.func, ast.Attribute) and call.func.attr in _LEVELS
        if is_event or is_level:
            for argument in call.args[:2]:
                if (
                    isinstance(argument, ast.Constant)
                    and isinstance(argument.value, str)
                    and _NAME.fullmatch(argument.value)
                ):
                    yield argument.value


_WALL_CLOCK = re.compile(
    r"\btime\.time(_ns)?\b|\bfrom time import\b|\bdatetime\.(now|utcnow|today)\(|\bclock_gettime\b"
)


def test_one_clock() -> None:
    """Times that are kept or compared come from one clock, which does not step in between."""
    others = {
        str(path.relative_to(_PACKAGE)) for path in _SOURCES if _WALL_CLOCK.search(path.read_text(encoding="utf-8"))
    }
    assert {"runtime/clock.py"} == others


def test_events_are_logged_in_one_way() -> None:
    """docs/events.md takes levels and fields from calls of `event()`; it would list any other event as "info"."""
    others = {
        str(path.relative_to(_PACKAGE))
        for path, tree in source_trees().items()
        for called in (call.func for call in nodes_of(tree, ast.Call))
        if isinstance(called, ast.Attribute)
        and called.attr in _PLAIN_LEVELS
        and ast.unparse(called.value) in {"log", "_log"}
    }
    assert others <= {"observe/log.py"}


# What loggers are named after, as operators see it in the log: what it is about, whichever module writes it.
_SUBJECTS = {
    *("alerts", "audit", "backup", "bounces", "control", "daemon", "dispatch", "doctor", "editions", "housekeeping"),
    *("inbound", "jobs", "keys", "lists", "members", "people", "readers", "relay", "sandbox", "storage", "tls", "web"),
    "worker",
}


def test_loggers_are_named_after_what_they_log() -> None:
    """A module that logs has one logger, `log`."""
    made = {
        ast.unparse(node)
        for tree in source_trees().values()
        for node in nodes_of(tree, ast.Assign)
        if isinstance(node.value, ast.Call) and re.match(r"logging\.getLogger\([^)]", ast.unparse(node.value))
    }
    assert {f"log = logging.getLogger('pressrun.{subject}')" for subject in _SUBJECTS} == made


def test_every_event_is_listed() -> None:
    """An operator finds every name of the log in docs/events.toml, from which the page is made."""
    unlisted = {
        name: str(path.relative_to(_ROOT))
        for path, tree in source_trees().items()
        for name in _logged(tree)
        if name not in _EVENTS
    }
    assert unlisted == {}


def test_every_event_that_is_listed_can_come() -> None:
    """Nobody waits for a line that is never written: each name stands in the source, whoever is given it to log."""
    named = {
        node.value
        for path, tree in source_trees().items()
        if path.name != "events.py"
        for node in nodes_of(tree, ast.Constant)
        if isinstance(node.value, str)
    }
    assert _EVENTS.keys() - named == set()


def test_former_names_of_events_are_gone() -> None:
    """A name is either in use or a former name of one that is, and each former name belongs to one event."""
    assert FORMER_NAMES.keys() <= _EVENTS.keys()
    former = list(FORMER_NAMES.values())
    assert (set(), len(former)) == (_EVENTS.keys() & set(former), len(set(former)))


@pytest.mark.parametrize("name", ["events", "metrics", "tables"])
def test_reference_pages_are_those_of_the_code(name: str) -> None:
    """`make docs` writes them anew."""
    program = _ROOT / "docs" / f"{name}.py"
    page = subprocess.run([sys.executable, program], check=True, capture_output=True, text=True)
    assert program.with_suffix(".md").read_text(encoding="utf-8") == page.stdout


def test_the_page_of_tables_has_every_table() -> None:
    """Each table and view that a new database has, but those that SQLite makes for the search index."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(migrate.package_schema())
        rows = connection.execute("select name from sqlite_schema where type in ('table', 'view')").fetchall()
    made = {name for (name,) in rows if not name.startswith(("sqlite_", "archive_search_"))}
    page = (_ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert made == set(re.findall(r"^## (\w+)$", page, re.MULTILINE))


def test_every_file_opens_with_what_it_holds() -> None:
    """Each module has a docstring, and annotations are never evaluated."""
    bare = []
    for path, tree in source_trees().items():
        text = path.read_text(encoding="utf-8")
        has_code = any(not isinstance(node, ast.Expr | ast.Import | ast.ImportFrom | ast.Assign) for node in tree.body)
        if not ast.get_docstring(tree) or (has_code and "from __future__ import annotations" not in text):
            bare.append(str(path.relative_to(_ROOT)))
    assert bare == []


def test_no_drawer_for_everything() -> None:
    """A file is named by what it holds."""
    drawers = {"helpers", "utils", "util", "common", "misc"}
    assert [str(path) for path in _SOURCES if drawers & {path.stem, path.parent.name}] == []


def test_files_stay_readable() -> None:
    """A file of more than 450 lines holds more than one thing."""
    sizes = {str(path.relative_to(_ROOT)): path.read_text(encoding="utf-8").count("\n") for path in _SOURCES}
    assert {name: size for name, size in sizes.items() if size > 450} == {}
