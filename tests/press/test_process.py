"""The press process from the inside: orders that it cannot carry out come back, and those beside them go on."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from tests.press.conftest import relay_at, settings_for

from pressrun.core.errors import BadConfiguration
from pressrun.core.keys import KeyRing
from pressrun.press.frames import Answers, Copies, CopyWork, Notice, Order, Plate, encode_frame, pack_setup, reports
from pressrun.press.process import NO_PLATE, PressProcess
from pressrun.services.queue.jobs import NOT_SENT, Answer, Job, Unmade
from pressrun.store.deliveries import ClaimedCopy, ClaimedNotice

KEYS = KeyRing({1: b"k" * 32}, b"s" * 32)
COPY = CopyWork(ClaimedCopy(5, 1, "reader.example", "", 0, None, 1, "a@reader.example", "", "{}", 0, 0), 0, 7, 0)
NOTICE: dict[str, Any] = {
    "domain": "reader.example",
    "attempts": 0,
    "first_attempt_at": None,
    "notice_id": 1,
    "kind": "confirm",
    "list_id": None,
    "subscriber_id": None,
    "address": "a@reader.example",
    "language": "en",
    "payload": "{}",
    "content": None,
    "message_secret": b"m",
    "created_at": 0,
    "epoch": None,
}


class Daemon(asyncio.Transport):
    """The other end: keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[int] = []
        self.process = PressProcess(self.ends.append, None)
        self.process.connection_made(self)
        self._reports = reports()
        self._heard = bytearray()

    def say(self, *orders: Order) -> None:
        self.process.data_received(b"".join(map(encode_frame, orders)))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._heard += data

    async def answers(self) -> list[Answers]:
        """What it was told of rows so far."""
        await asyncio.sleep(0)
        heard, self._heard = bytes(self._heard), bytearray()
        return [report for report in self._reports.read(heard) if isinstance(report, Answers)]


def plate() -> Plate:
    """One that no copy can be made of."""
    return Plate(7, b"this is no pickle")


async def test_an_edition_that_cannot_be_read_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Its copies are put off, and it is told."""
    daemon = Daemon()
    daemon.say(pack_setup(settings_for(relay_at(1)), KEYS), plate(), Copies("primary", [COPY]))
    assert [Answers("primary", [], [Unmade(5, NO_PLATE)])] == await daemon.answers()
    assert ["press.bad_plate"] == [one.message for one in caplog.records if one.levelno >= logging.ERROR]


async def test_rows_for_a_relay_that_a_reload_took_away_go_back_at_once() -> None:
    """Said before it, and after it: other relays may take them."""
    daemon = Daemon()
    one, two = relay_at(1), relay_at(1, name="second")
    daemon.say(pack_setup(settings_for(one, two), KEYS))
    notice = ClaimedNotice(**{**NOTICE, "id": 5})
    daemon.process._inbox.put("second", [Job(notice, 0, None)])
    daemon.say(pack_setup(settings_for(one), KEYS), Notice("second", ClaimedNotice(**{**NOTICE, "id": 6}), 0, None))
    assert [Answers("second", [Answer(5, NOT_SENT), Answer(6, NOT_SENT)], [])] == await daemon.answers()


async def test_settings_that_do_not_work_any_more_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """It ends, to be started again: once the file is back all goes on."""
    daemon = Daemon()
    daemon.say(pack_setup(settings_for(relay_at(1, security="tls", ca_file=Path("/nowhere"))), KEYS))
    assert [BadConfiguration.exit_code] == daemon.ends
    [told] = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert ("config.refused", True) == (told.message, "/nowhere" in told.__dict__["fields"]["problem"])


@pytest.mark.parametrize(("reason", "code"), [(None, 0), (ConnectionResetError(), 1)])
async def test_the_end_of_the_socket_is_the_end(reason: Exception | None, code: int) -> None:
    daemon = Daemon()
    daemon.process.connection_lost(reason)
    assert [code] == daemon.ends
