"""The log: one event a line, a name and fields, as text or JSON, through the standard library's `logging`.

    event(logger, "delivery.failed", delivery=81, kind="hard")

Fields travel in `extra={"fields": {…}}`, so that records of other libraries pass through the same handler. At info and
above no address and no full token leaves here (see redaction.py); at debug addresses may appear, tokens are still cut.
"""

from __future__ import annotations

import json
import logging
import os
import re
import select
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum
from os import write
from types import TracebackType
from typing import Literal, TextIO

from pressrun.observe.events import FORMER_NAMES
from pressrun.observe.journal import is_journal, with_priority
from pressrun.observe.redaction import redact, shorten_tokens
from pressrun.observe.settings import LogSettings

log = logging.getLogger("pressrun.daemon")

_UNQUOTED = re.compile(r"[A-Za-z0-9_./:+…<>-]+")
# Libraries that log at info what we log ourselves, or that log their input.
QUIET = ("aiosmtpd", "aiosqlite", "asyncio", "mail", "markdown_it", "uvicorn")
PATIENCE_SECONDS = 1.0  # for a pipe that is full
_CHUNK_BYTES = select.PIPE_BUF  # a pipe that reports room takes at least this much at once

Field = str | int | float | bool | None | list[str]
Clean = Callable[[str], str]


def event(
    logger: logging.Logger,
    name: str,
    *,
    level: int = logging.INFO,
    exc_info: bool | BaseException | None = None,
    **fields: object,
) -> None:
    """Log the event `name`, one of docs/events.toml, with its fields.

    `exc_info` adds the traceback of an exception, or with True of the one that is being handled.
    """
    if logger.isEnabledFor(level):
        logger.log(level, "%s", name, extra={"fields": fields}, exc_info=exc_info)


def configure(settings: LogSettings, stream: TextIO) -> None:
    """Send every record of this process to `stream`; a further call, as after a reload, replaces the handler."""
    use_json = settings.format in {"json", "journal"} or (settings.format == "auto" and not stream.isatty())
    handler = PatientHandler(stream, _report_lost)
    lines = JsonFormatter() if use_json else TextFormatter()
    has_priorities = settings.format == "journal" or is_journal(stream, os.environ)
    handler.setFormatter(JournalFormatter(lines) if has_priorities else lines)
    root = logging.getLogger()
    for old in root.handlers[:]:
        if getattr(old, "is_pressrun", False):
            root.removeHandler(old)
    handler.is_pressrun = True  # type: ignore[attr-defined]  # unlike the handlers of a test runner
    root.addHandler(handler)
    level = level_number(settings.level)
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(level if level <= logging.DEBUG else logging.WARNING)
    logging.captureWarnings(True)


def _report_lost(lines: int) -> None:
    event(log, "log.lines_lost", level=logging.WARNING, lines=lines)


def log_crashes() -> None:
    """Log what would end the process or a thread, or what Python cannot raise, like everything else: with its priority,
    and without addresses.
    """
    sys.excepthook = _log_crash
    threading.excepthook = lambda args: _log_crash(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _log_crash(args.exc_type, args.exc_value, args.exc_traceback)


def _log_crash(kind: type[BaseException], problem: BaseException | None, trace: TracebackType | None) -> None:
    if problem is None or isinstance(problem, KeyboardInterrupt | SystemExit):
        return
    log.critical("daemon.crashed", exc_info=(kind, problem, trace))


def level_number(name: Literal["debug", "info", "warning", "error"]) -> int:
    """The number in `logging` of a level of the configuration."""
    return {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}[name]


def clean_fields(record: logging.LogRecord) -> dict[str, Field]:
    """The fields of a record, redacted as its level demands, and the former name of its event if it was renamed."""
    raw = getattr(record, "fields", None)
    clean = _redactor(record)
    fields: dict[str, Field] = {}
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            fields[str(name)] = _to_field(value, clean)
    former = FORMER_NAMES.get(record.getMessage())
    return fields if former is None else {**fields, "formerly": former}


def _redactor(record: logging.LogRecord) -> Clean:
    return redact if record.levelno >= logging.INFO else shorten_tokens


def _to_field(value: object, clean: Clean) -> Field:
    match value:
        case Enum():
            return _to_field(value.value, clean)
        case None | bool() | int():
            return value
        case float():
            return round(value, 6)
        case list() | tuple() | set() | frozenset():
            return [clean(str(item)) for item in value]
        case _:
            return clean(str(value))


def _message(record: logging.LogRecord) -> str:
    return _redactor(record)(record.getMessage())


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class JournalFormatter(logging.Formatter):
    """Lines of another formatter, each with its priority, so that `journalctl -p warning` finds them."""

    def __init__(self, lines: logging.Formatter) -> None:
        super().__init__()
        self._lines = lines

    def format(self, record: logging.LogRecord) -> str:
        return with_priority(self._lines.format(record), record.levelno)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, event, logger, the fields, and the exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; a field never hides `time`, `level`, `event` or `logger`."""
        entry: dict[str, Field] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": _message(record),
            "logger": record.name,
        }
        for name, value in clean_fields(record).items():
            entry[f"{name}_" if name in entry else name] = value
        if record.exc_info and record.exc_info[0] is not None:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """`2026-05-01T12:00:00.000Z info delivery.failed delivery=81 kind=hard`, the exception below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; line ends inside a value are escaped, so that nobody can forge a line."""
        parts = [_time(record), record.levelname.lower(), _one_line(_message(record))]
        parts += [f"{name}={_word(value)}" for name, value in clean_fields(record).items()]
        line = " ".join(parts)
        if record.exc_info and record.exc_info[0] is not None:
            line += "\n" + redact(self.formatException(record.exc_info))
        return line


def _one_line(text: str) -> str:
    return text if text.isprintable() else json.dumps(text, ensure_ascii=False)[1:-1]


def _word(value: Field) -> str:
    if isinstance(value, str):
        return value if _UNQUOTED.fullmatch(value) else json.dumps(value, ensure_ascii=not value.isprintable())
    return json.dumps(value, ensure_ascii=False)


class PatientHandler(logging.StreamHandler[TextIO]):
    """Writes the log where somebody may stop reading: a full pipe or socket must not hold up the whole process.

    It waits for a full pipe once. From then on it drops and counts lines until the pipe accepts some again. Lines that
    do not fit on a full disk are dropped and counted, too. A stream without a descriptor is written to as usual.

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
        with suppress(OSError):  # the disk of a log file is full, or the reader of a pipe has gone
            while rest and self._has_room():
                rest = rest[write(descriptor, rest[:_CHUNK_BYTES]) :]
        if len(rest) < len(whole):
            self._is_cut = bool(rest)
        if rest:
            self._lost += 1

    def _has_room(self) -> bool:
        """Whether there is room; true also where nobody can ever read it, which the write finds out."""
        return bool(self._poll.poll(0 if self._lost else PATIENCE_SECONDS * 1000))


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # io.UnsupportedOperation is the first two
        return None
