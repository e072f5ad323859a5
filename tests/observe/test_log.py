"""What the log contains, and what it never contains."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import warnings
from typing import Literal

import pytest

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.observe.log import configure, event
from pressrun.observe.settings import LogSettings

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "text", "json"]

_LOGGER = logging.getLogger("pressrun.test")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _log_to(log_format: Format = "json", level: Level = "info", stream: io.StringIO | None = None) -> io.StringIO:
    stream = stream or io.StringIO()
    configure(LogSettings(level=level, format=log_format), stream)
    return stream


def _entries(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_object_a_line() -> None:
    """Time, level, name, and fields with their types."""
    stream = _log_to()
    event(
        _LOGGER,
        "delivery.failed",
        delivery=81,
        outcome=DeliveryState.FAILED,
        seconds=0.25,
        reply=None,
        tries=(1, 2),
    )
    (entry,) = _entries(stream)
    assert str(entry.pop("time")).endswith("Z")
    assert entry == {
        "level": "info",
        "event": "delivery.failed",
        "logger": "pressrun.test",
        "delivery": 81,
        "outcome": "failed",
        "seconds": 0.25,
        "reply": None,
        "tries": ["1", "2"],
    }


def test_a_field_never_hides_a_name_of_ours() -> None:
    """A field called `level` gets another name."""
    stream = _log_to()
    event(_LOGGER, "config.warning", level=logging.WARNING, time=1)
    (entry,) = _entries(stream)
    assert (entry["level"], entry["time_"]) == ("warning", 1)


def test_text_is_a_name_and_words() -> None:
    """Values with blanks are quoted; a line end in a value cannot begin a line of its own."""
    stream = _log_to("text")
    event(_LOGGER, "relay.failing", relay="primary", text="421 try\nlater", ok=False, nothing=None)
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert line.endswith('info relay.failing relay=primary text="421 try\\nlater" ok=false nothing=null\n')


@pytest.mark.parametrize(("stream", "starts"), [(_Terminal(), "2"), (io.StringIO(), "{")])
def test_auto_is_text_on_a_terminal_alone(stream: io.StringIO, starts: str) -> None:
    """A person reads text, a collector JSON."""
    _log_to("auto", stream=stream)
    event(_LOGGER, "daemon.started")
    assert stream.getvalue().startswith(starts)


def test_the_level_is_obeyed() -> None:
    """Records below the level are not written."""
    stream = _log_to(level="warning")
    event(_LOGGER, "daemon.started")
    event(_LOGGER, "daemon.watchdog", level=logging.ERROR)
    assert [entry["event"] for entry in _entries(stream)] == ["daemon.watchdog"]


def test_a_new_configuration_replaces_the_old() -> None:
    """After a reload each event is written once."""
    _log_to()
    stream = _log_to("text", "debug")
    event(_LOGGER, "daemon.started", level=logging.DEBUG)
    assert stream.getvalue().count("daemon.started") == 1


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_address_at_info(log_format: Format) -> None:
    """Not in the message, a field, a list or an exception, and not from other libraries."""
    stream = _log_to(log_format)
    logging.getLogger("another.library").warning("could not reach %s", "reader@example.org")
    event(_LOGGER, "delivery.failed", text="550 <reader@example.org> unknown", several=["reader@example.org"])
    text = "reader@example.org"
    try:
        float(text)
    except ValueError:
        event(_LOGGER, "http.failed", level=logging.ERROR, exc_info=True)
    written = stream.getvalue()
    assert "reader@" not in written
    assert "ValueError" in written
    assert written.count("<address>") == 4


def test_debug_shows_addresses_but_no_token() -> None:
    """At debug an operator sees addresses, but no usable token."""
    stream = _log_to(level="debug")
    token = "abcdefghijklmnopqrstuvwx234"
    event(_LOGGER, "inbound.accepted", level=logging.DEBUG, rcpt=f"news-bounces+{token}@example.org")
    assert "@example.org" in stream.getvalue()
    assert token not in stream.getvalue()


def test_warnings_of_python_are_logged() -> None:
    """Warnings of libraries go to the log, not to stderr beside it."""
    stream = _log_to()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("a library is old", DeprecationWarning, stacklevel=1)
    assert "a library is old" in stream.getvalue()


_CRASH = """
import logging, sys, threading
from pressrun.observe.log import configure, log_crashes
from pressrun.observe.settings import LogSettings
configure(LogSettings(format="journal"), sys.stderr)
log_crashes()
class Bad:
    def __del__(self):
        raise ValueError("for ada@reader.example")
Bad()
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
logging.getLogger("uvicorn.error").error("of a library")
logging.getLogger("mail.log").warning("of another")
raise RuntimeError("the last one")
"""


def test_a_crash_is_one_line_with_its_priority() -> None:
    """In any thread and in a destructor, beside lines of libraries: each can be parsed, and none has an address."""
    done = subprocess.run([sys.executable, "-c", _CRASH], check=False, capture_output=True, text=True)
    assert 1 == done.returncode
    lines = [(line[:3], json.loads(line[3:])) for line in done.stderr.splitlines()]
    crashed = "daemon.crashed"
    expected = [("<2>", crashed), ("<2>", crashed), ("<3>", "of a library"), ("<4>", "of another"), ("<2>", crashed)]
    assert expected == [(priority, entry["event"]) for priority, entry in lines]
    assert ["ValueError", "ZeroDivisionError", "RuntimeError"] == [
        entry["exception"].splitlines()[-1].partition(":")[0] for _, entry in lines if entry["event"] == crashed
    ]
    assert "ada@" not in done.stderr


def test_libraries_are_quiet_at_info() -> None:
    """Our own events replace the access log of the web server and the dialogue log of the mail server."""
    stream = _log_to()
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("mail.log").info("EHLO")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_event_that_was_renamed_is_found_by_either_name(log_format: Format) -> None:
    """For one release, whether `event` or a logger writes it."""
    stream = _log_to(log_format)
    event(_LOGGER, "relay.fallback", relay="primary")
    _LOGGER.error("worker.job_not_sent", extra={"fields": {"delivery": 1}})
    lines = stream.getvalue().splitlines()
    assert [True, True] == [name in lines[0] for name in ("relay.fallback", "relay.simpler")]
    assert [True, True] == [name in lines[1] for name in ("worker.job_not_sent", "press.not_said")]
