"""The list of accepted mutants names places that exist, and the tool notices what it should."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.mutants.__main__ import accepted, source_files
from tests.mutants.changes import find_mutants


def test_every_accepted_mutant_exists() -> None:
    """An entry for code that has changed goes, or is named anew."""
    keys = {key for mutant in find_mutants(source_files([])) for key in mutant.keys}
    assert set() == accepted().keys() - keys


def test_every_accepted_mutant_has_a_reason() -> None:
    assert [] == [key for key, reason in accepted().items() if not reason.startswith(("equivalent: ", "tuning: "))]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("x = a < b", ["a < b -> a <= b"]),
        ("x = a in b and not c", ["a in b and (not c) -> a in b or not c", "a in b -> a not in b", "not c -> c"]),
        ("x = a + 1", ["a + 1 -> a - 1", "1 -> 2"]),
        ("x = True", ["True -> False"]),
        ("x = b'y'", ["b'y' -> b''"]),
        ("def f() -> bool:\n    return a", ["return a -> return not a"]),
        ("def f() -> int:\n    return a", ["return a -> return None"]),
        ("def f(x: int | None = None) -> int | None:\n    'text'\n    assert x == 1\n    return None", []),
    ],
)
def test_the_changes_of_a_line(code: str, changes: list[str], tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text(code, encoding="utf-8")
    mutants = find_mutants([path])
    assert changes == [mutant.change for mutant in mutants]
