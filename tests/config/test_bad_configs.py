"""Each folder of tests/bad_configs holds a configuration and all its expected errors, in order and with lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from pressrun.config import examine, load_settings
from pressrun.core.errors import BadConfiguration

_FOLDER = Path(__file__).parent.parent / "bad_configs"
_CASES = sorted(path.name for path in _FOLDER.iterdir())


def test_there_are_cases() -> None:
    """The folder was found."""
    assert len(_CASES) >= 60


@pytest.mark.parametrize("name", _CASES)
def test_every_error_is_named_at_once(name: str) -> None:
    """`check` prints exactly the errors of expected.txt: line, key, what was found, and what was expected."""
    expected = (_FOLDER / name / "expected.txt").read_text(encoding="utf-8").splitlines()
    actual = [str(error) for error in examine(_FOLDER / name / "config.toml", {})]
    assert expected == actual


@pytest.mark.parametrize("name", _CASES)
def test_loading_raises_the_same(name: str) -> None:
    """Every verb that needs settings ends with all of them, one a line, and exit code 78."""
    path = _FOLDER / name / "config.toml"
    with pytest.raises(BadConfiguration) as caught:
        load_settings(path, {})
    assert [f"{path}: {error}" for error in examine(path, {})] == str(caught.value).splitlines()
    assert caught.value.exit_code == 78
