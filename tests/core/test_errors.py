"""Every error leads to one of the exit codes that the command line documents."""

from __future__ import annotations

import inspect

import pytest

from pressrun.core import errors

DOCUMENTED = {
    1: {"PressrunError", "Refused"},
    64: {"UsageError"},
    65: {"BadInput"},
    66: {"NoInput"},
    69: {"Unavailable"},
    73: {"OutputExists"},
    75: {"TryAgain"},
    77: {"NotPermitted"},
    78: {"BadConfiguration"},
}
CLASSES = {
    name: kind for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.PressrunError)
}


@pytest.mark.parametrize(
    ("code", "name"), [(code, name) for code, names in DOCUMENTED.items() for name in sorted(names)]
)
def test_each_kind_of_error_has_its_exit_code(code: int, name: str) -> None:
    assert code == CLASSES[name].exit_code


def test_no_other_code_is_used() -> None:
    assert DOCUMENTED.keys() == {kind.exit_code for kind in CLASSES.values()}


@pytest.mark.parametrize(("line", "message"), [(None, "x"), (1, "line 1: x")])
def test_an_error_in_an_edition_names_its_line(line: int | None, message: str) -> None:
    error = errors.EditionError("x", line=line)
    assert (line, message) == (error.line, str(error))
