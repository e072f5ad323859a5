"""Files generated from the declared keys: `pressrun init`, config.example.toml and docs/configuration.md."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import stat
from pathlib import Path
from unittest.mock import Mock

import pytest

from pressrun.config import load_settings, write_initial_config
from pressrun.config.generated import example_config, initial_config, reference
from pressrun.config.settings import TABLES
from pressrun.core.errors import NotPermitted, OutputExists, Refused

_ROOT = Path(__file__).parent.parent.parent


def test_init_writes_a_file_that_works_as_it_stands(tmp_path: Path) -> None:
    """The folder is created, the file has mode 0640, and it has neither errors nor warnings."""
    path = write_initial_config(tmp_path / "new" / "place")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    settings = load_settings(path, {})
    assert settings.data_dir == tmp_path / "new" / "place" / "data"
    assert settings.warnings == ()


def test_init_never_overwrites(tmp_path: Path) -> None:
    """A second call fails with 73 and leaves the first file alone."""
    path = write_initial_config(tmp_path)
    path.write_text("mine")
    with pytest.raises(OutputExists) as caught:
        write_initial_config(tmp_path)
    assert caught.value.exit_code == 73
    assert path.read_text() == "mine"


def test_init_on_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise an empty file would be in the way once there is room."""
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", Mock(side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
        with pytest.raises(Refused, match=r"config\.toml: no space left on device"):
            write_initial_config(tmp_path)
    assert [*tmp_path.iterdir()] == []
    assert [write_initial_config(tmp_path)] == [*tmp_path.iterdir()]


def test_init_works_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on vfat, and on some volumes of containers. It overwrites nothing there, either."""
    monkeypatch.setattr(os, "link", Mock(side_effect=OSError(errno.EPERM, os.strerror(errno.EPERM))))
    path = write_initial_config(tmp_path)
    assert ([path], 0o640) == ([*tmp_path.iterdir()], stat.S_IMODE(path.stat().st_mode))
    assert initial_config() == path.read_text(encoding="utf-8")
    with pytest.raises(OutputExists):
        write_initial_config(tmp_path)
    assert [path] == [*tmp_path.iterdir()]


def test_init_into_a_file_is_refused(tmp_path: Path) -> None:
    """A path through a file cannot become a folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputExists):
        write_initial_config(tmp_path / "file")
    with pytest.raises(NotPermitted, match="not a directory"):
        write_initial_config(tmp_path / "file" / "below")


def test_init_shows_every_key() -> None:
    """An operator who edits the file sees every key, with the default behind a #."""
    shown = set(re.findall(r"^(?:# )?([a-z_]+) = ", initial_config(), re.MULTILINE))
    assert {key.key for table in TABLES for key in table.keys} == shown


def test_the_example_holds_the_defaults(tmp_path: Path) -> None:
    """The example gives the same settings as a file with only the required keys: its values are the defaults."""
    example = tmp_path / "config.toml"
    example.write_text(example_config(), encoding="utf-8")
    settings = load_settings(example, {})
    example.write_text(
        'data_dir = "/var/lib/pressrun"\nbase_url = "https://news.example.org"\nmail_domain = "news.example.org"\n'
        '[http]\nlisten = "127.0.0.1:8080"\n[smtp]\n[[relay]]\nhost = "127.0.0.1"\nport = 25\n'
    )
    assert dataclasses.asdict(load_settings(example, {})) == dataclasses.asdict(settings)


@pytest.mark.parametrize(
    ("path", "expected"), [("config.example.toml", example_config()), ("docs/configuration.md", reference())]
)
def test_what_is_checked_in_is_what_the_code_says(path: str, expected: str) -> None:
    """`make docs` rewrites both."""
    assert expected == (_ROOT / path).read_text(encoding="utf-8")
