"""A lack of descriptors is in the log, as nothing else says it."""

from __future__ import annotations

import errno
import logging
import os
import time

import pytest

from pressrun.daemon.health.open_files import QUIET_SECONDS, OpenFilesWatch


@pytest.mark.parametrize(("number", "lines"), [(errno.EMFILE, 2), (errno.ENFILE, 2), (errno.EACCES, 0)])
def test_that_no_file_can_be_opened_is_logged_once_a_minute(
    number: int, lines: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    watch, now = OpenFilesWatch(), time.monotonic()
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(os, "open", refuse)
        for seconds in (0.0, 1.0, QUIET_SECONDS - 1, QUIET_SECONDS, QUIET_SECONDS + 1):
            patch.setattr(time, "monotonic", lambda seconds=seconds: now + seconds)
            watch.check()
    assert ["daemon.no_open_files_left"] * lines == [record.getMessage() for record in caplog.records]
