"""Writes the log where somebody may stop reading: a pipe or a socket that is full must not hold up the whole process.

It waits for a full pipe once. From then on it drops and counts lines until the pipe accepts some again. Lines that do
not fit on a full disk are dropped and counted, too.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Callable
from contextlib import suppress
from os import write
from typing import TextIO

PATIENCE_SECONDS = 1.0
_CHUNK_BYTES = select.PIPE_BUF  # a pipe that says it has room takes at least this much at once


class PatientHandler(logging.StreamHandler[TextIO]):
    """A handler for a stream with a descriptor; another stream, as of a test, is written to as usual.

    `report` is called with the number of lines that got lost before the next one that does not.
    """

    def __init__(self, stream: TextIO, report: Callable[[int], None]) -> None:
        super().__init__(stream)
        self._report = report
        self._descriptor = _descriptor(stream)
        self._poll = select.poll()
        if self._descriptor is not None:
            self._poll.register(self._descriptor, select.POLLOUT)
        self._lost = 0
        self._is_cut = False  # whether the last line lacks its end

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a record, or count it as lost."""
        if self._descriptor is None:
            super().emit(record)
            return
        try:
            line = f"{self.format(record)}{self.terminator}".encode(errors="backslashreplace")
            if self._has_room():
                self._report_lost()
                self._write(self._descriptor, line)
            else:
                self._lost += 1
        except Exception:  # noqa: BLE001 - as every handler of the standard library: logging must not fail
            self.handleError(record)

    def _report_lost(self) -> None:
        if self._lost:
            lost, self._lost = self._lost, 0
            self._report(lost)
            if self._lost:  # the line that says so got lost as well
                self._lost = lost

    def _write(self, descriptor: int, line: bytes) -> None:
        rest = whole = b"\n" + line if self._is_cut else line
        with suppress(OSError):  # the disk is full that a file of the log is on, or the reader of a pipe has gone
            while rest and self._has_room():
                rest = rest[write(descriptor, rest[:_CHUNK_BYTES]) :]
        if len(rest) < len(whole):
            self._is_cut = bool(rest)
        if rest:
            self._lost += 1

    def _has_room(self) -> bool:
        """Also where nobody can ever read it, which the write finds out."""
        return bool(self._poll.poll(0 if self._lost else PATIENCE_SECONDS * 1000))


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # io.UnsupportedOperation is the first two
        return None
