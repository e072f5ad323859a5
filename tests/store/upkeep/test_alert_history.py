"""When alerts were passed on: known after a restart, on a full disk, and after whatever happened to the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pressrun.store.upkeep.alert_history import SIZE, AlertHistory


def test_a_restart_knows_what_was_passed_on(tmp_path: Path) -> None:
    AlertHistory(tmp_path / "alerts").record("relays", 7.5)
    again = AlertHistory(tmp_path / "alerts")
    assert (7.5, None) == (again.passed_on_at("relays"), again.passed_on_at("disk"))


def test_recording_needs_no_more_room(tmp_path: Path) -> None:
    """The file is overwritten where it is, so a full disk does not make the operator's night worse."""
    path = tmp_path / "alerts"
    history = AlertHistory(path)
    before = path.stat()
    history.record("disk", 1.0)
    after = path.stat()
    assert (before.st_ino, before.st_blocks, SIZE) == (after.st_ino, after.st_blocks, after.st_size)
    assert 0o600 == after.st_mode & 0o777


@pytest.mark.parametrize("content", [b"", b"\0" * SIZE, b"[1]", b'{"relays": "long ago"}', b"\xff"])
def test_a_damaged_file_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "alerts").write_bytes(content)
    history = AlertHistory(tmp_path / "alerts")
    assert history.passed_on_at("relays") is None
    history.record("relays", 2.0)
    assert 2.0 == AlertHistory(tmp_path / "alerts").passed_on_at("relays")


def test_without_a_file_this_process_still_knows(tmp_path: Path) -> None:
    history = AlertHistory(tmp_path / "missing" / "alerts")
    history.record("disk", 3.0)
    assert 3.0 == history.passed_on_at("disk")
    assert [] == [*tmp_path.iterdir()]
