"""A log that nobody reads: the process goes on, and the lines that got lost are counted."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from pressrun.observe.log import configure, event
from pressrun.observe.settings import LogSettings

_LOGGER = logging.getLogger("pressrun.test")
_LINE = 1000


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Later tests do not write to a closed pipe."""
    yield
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if getattr(handler, "is_pressrun", False)]:
        root.removeHandler(handler)


@contextmanager
def _pipe() -> Iterator[tuple[int, TextIO]]:
    """A pipe of four pages: its reading end, and a stream that writes to it."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 16384)
    os.set_blocking(reading, False)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield reading, stream
    os.close(reading)


def _read(reading: int) -> str:
    octets = b""
    while True:
        try:
            octets += os.read(reading, 65536)
        except BlockingIOError:
            return octets.decode()


@pytest.mark.parametrize("length", [_LINE, 3 * 4096])
def test_a_full_pipe_is_waited_for_once_and_then_costs_lines(length: int) -> None:
    """Each line that comes later begins a line, and the first of them says how many are missing."""
    with _pipe() as (reading, stream):
        configure(LogSettings(level="info", format="json"), stream)
        began = time.monotonic()
        for _ in range(40):
            event(_LOGGER, "test.line", text="x" * length)
        assert time.monotonic() - began < 3
        kept = [line for line in _read(reading).splitlines() if line.endswith("}")]
        event(_LOGGER, "test.last")
        told = [json.loads(line) for line in _read(reading).splitlines() if line]
    assert ["log.lines_lost", "test.last"] == [entry["event"] for entry in told]
    assert 40 == len(kept) + told[0]["lines"]


def test_a_file_and_a_pipe_that_is_read_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w", encoding="utf-8") as stream:
        configure(LogSettings(level="info", format="json"), stream)
        for number in range(50):
            event(_LOGGER, "test.line", number=number, text="é" * _LINE)
    assert [*range(50)] == [json.loads(line)["number"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_disk_that_is_full_costs_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted, and the first line after them says how many. A line that was cut off stays so."""
    room = [1000]

    def write(descriptor: int, octets: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "no space left on device")
        written = os.write(descriptor, octets[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr("pressrun.observe.log.write", write)
    path = tmp_path / "log"
    with path.open("w", encoding="utf-8") as stream:
        configure(LogSettings(level="info", format="json"), stream)
        for _ in range(10):
            event(_LOGGER, "test.line", text="x" * 300)
        room[0] = 100_000
        event(_LOGGER, "test.after")
    *whole, cut, report, after = path.read_text(encoding="utf-8").splitlines()
    assert ["test.line"] * 2 == [json.loads(line)["event"] for line in whole]
    assert cut.startswith("{")
    assert ("log.lines_lost", 8) == (json.loads(report)["event"], json.loads(report)["lines"])
    assert "test.after" == json.loads(after)["event"]


def test_a_reader_that_has_gone_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        configure(LogSettings(level="info", format="json"), stream)
        event(_LOGGER, "test.line")
