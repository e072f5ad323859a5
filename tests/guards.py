"""Which statements lock what, and which rely on that: a unit of work of a test fails where it forgets a lock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from pressrun.store.statements import COMMON


class Guarded(dict[str, str]):
    """Statements that refuse to run before one that locks what they rely on (pressrun.store.statements).

    A row that a unit of work has inserted or changed is locked as well. This is the rule for tables, not for rows: the
    tests of races show that it is the right row.
    """

    def __init__(self, statements: Mapping[str, str]) -> None:
        super().__init__(statements)
        self._held: set[str] = set()

    def __getitem__(self, name: str) -> str:
        locks, guards = locking()[name]
        missing = guards - self._held
        assert not missing, f"{name} runs without a lock of {', '.join(sorted(missing))}"
        self._held |= locks
        return super().__getitem__(name)


_LOCK = re.compile(r"\{(?:lock|share)(?: of ([\w, ]+))?\}")
_FROM = re.compile(r"\bfrom (\w+)")
_CHANGED = re.compile(r"\b(?:insert into|update|delete from) (\w+)")


@cache
def locking() -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
    """The tables of which each statement locks rows, and those that it relies on, by its name."""
    locked = {}
    for folder in (COMMON, COMMON.parent / "sqlite" / "sql"):
        for entry in sorted(folder.glob("*.sql")):
            pieces = re.split(r"^-- name: ([a-z_]+)$", entry.read_text(encoding="utf-8"), flags=re.MULTILINE)
            for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
                guards = re.findall(r"^-- guards: (.+)$", body, flags=re.MULTILINE)
                locked[f"{entry.stem}.{name}"] = _locked_by(body), frozenset(" ".join(guards).split())
    return locked


def _locked_by(statement: str) -> frozenset[str]:
    tables = set(_CHANGED.findall(statement))
    for lock in _LOCK.finditer(statement):
        named = re.findall(r"\w+", lock[1] or "")
        tables |= set(named or _FROM.findall(statement[: lock.start()])[-1:])
    return frozenset(tables)
