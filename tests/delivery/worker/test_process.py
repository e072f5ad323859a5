"""A worker process from the inside: orders that it cannot carry out come back, and those beside them go on."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from tests.delivery.relay.peers import obedient, peer
from tests.delivery.relay.test_faults import until
from tests.delivery.worker.conftest import Mailbox, open_mailbox, relay_at, settings_for

from pressrun.core.errors import BadConfiguration
from pressrun.core.signing.keys import KeyRing
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result
from pressrun.delivery.worker import process
from pressrun.delivery.worker.frames import (
    AssignedCopy,
    Copies,
    Drain,
    EditionOrder,
    NoticeOrder,
    Order,
    Probe,
    Recall,
    Results,
    encode_frame,
    pack_setup,
    reports,
)
from pressrun.delivery.worker.process import NO_EDITION, WorkerProcess
from pressrun.store.queue.deliveries import ClaimedCopy, ClaimedNotice
from pressrun.store.queue.journal import Journal

SESSION = 3
KEYS = KeyRing({1: b"k" * 32}, b"s" * 32)
COPY = AssignedCopy(
    ClaimedCopy(5, 1, "reader.example", "", 0, None, 1, "a@reader.example", "", "{}", 0, 0), 0, SESSION, 7, 0, 0.0
)
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

    def __init__(self, journal: Journal | None = None) -> None:
        super().__init__()
        self.ends: list[int] = []
        self.over = asyncio.Event()
        self.process = WorkerProcess(self._end, journal)
        self.process.connection_made(self)
        self._reports = reports()
        self._heard = bytearray()

    def _end(self, code: int) -> None:
        self.ends.append(code)
        self.over.set()

    @property
    def is_failing(self) -> bool:
        """Whether the only relay fails."""
        assert self.process._relays is not None
        [status] = self.process._relays.statuses()
        return status.failing_since is not None

    def say(self, *orders: Order) -> None:
        self.process.data_received(b"".join(map(encode_frame, orders)))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._heard += data

    async def answers(self) -> list[Results]:
        """What it was told of rows so far."""
        await asyncio.sleep(0)
        heard, self._heard = bytes(self._heard), bytearray()
        return [report for report in self._reports.read(heard) if isinstance(report, Results)]


def unreadable() -> EditionOrder:
    """An edition that no copy can be composed from."""
    return EditionOrder(7, b"not a pickle")


def notice_for(relay: str, number: int) -> NoticeOrder:
    return NoticeOrder(relay, ClaimedNotice(**{**NOTICE, "id": number}), 0, SESSION, None, None, 0.0)


async def test_an_edition_that_cannot_be_read_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Its copies are put off, and it is told."""
    daemon = Daemon()
    daemon.say(pack_setup(settings_for(relay_at(1)), KEYS), unreadable(), Copies("primary", [COPY]))
    assert [Results("primary", [Result(5, CompositionFailed(NO_EDITION))])] == await daemon.answers()
    assert ["worker.unreadable_edition"] == [
        record.message for record in caplog.records if record.levelno >= logging.ERROR
    ]


async def test_rows_for_a_relay_that_a_reload_took_away_go_back_at_once() -> None:
    """Said before it, and after it: other relays may take them."""
    daemon = Daemon()
    first, second = relay_at(1), relay_at(1, name="second")
    daemon.say(pack_setup(settings_for(first, second), KEYS))
    notice = ClaimedNotice(**{**NOTICE, "id": 5})
    assert daemon.process._assignments is not None
    daemon.process._assignments.add("second", [Job(notice, 0, SESSION, None)])
    daemon.say(pack_setup(settings_for(first), KEYS), notice_for("second", 6))
    assert [Results("second", [Result(number, NOT_SENT)]) for number in (5, 6)] == await daemon.answers()


async def test_settings_that_do_not_work_any_more_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """It ends, to be started again: once the file is back all goes on."""
    daemon = Daemon()
    daemon.say(pack_setup(settings_for(relay_at(1, security="tls", ca_file=Path("/nowhere"))), KEYS))
    assert [BadConfiguration.exit_code] == daemon.ends
    [told] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert ("config.refused", True) == (told.message, "/nowhere" in told.__dict__["fields"]["problem"])


async def test_a_failing_relay_is_tried_at_once_when_the_daemon_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after the delay."""
    monkeypatch.setattr("pressrun.delivery.relay.health.FIRST_DELAY_SECONDS", 60.0)
    daemon, greetings = Daemon(), iter([b"421 4.3.2 not now\r\n"])
    async with peer(lambda command: next(greetings, obedient("")) if command == "" else obedient(command)) as port:
        daemon.say(pack_setup(settings_for(relay_at(port)), KEYS), notice_for("primary", 5))
        await until(lambda: daemon.is_failing)
        daemon.say(Recall(), Probe())
        await until(lambda: not daemon.is_failing)
        assert [Results("primary", [Result(5, NOT_SENT)])] == await daemon.answers()
        daemon.say(Drain(0.0))
        await until(lambda: daemon.process._relays is not None and not daemon.process._relays.capacity())


@pytest.mark.parametrize(("reason", "code"), [(None, 0), (ConnectionResetError(), 1)])
async def test_the_end_of_the_socket_is_the_end(reason: Exception | None, code: int) -> None:
    """Where nothing can be noted, nothing is waited for."""
    daemon = Daemon()
    daemon.process.connection_lost(reason)
    assert [code] == daemon.ends


async def in_flight(daemon: Daemon, mailbox: Mailbox) -> None:
    """Let a relay that says nothing have one of two mails."""
    mailbox.open.clear()
    rows = [ClaimedNotice(**{**NOTICE, "id": number, "content": b"Subject: news\r\n\r\n"}) for number in (5, 6)]
    daemon.say(pack_setup(settings_for(relay_at(mailbox.port, connections=1, pipelining=False)), KEYS))
    daemon.say(*[NoticeOrder("primary", row, 0, SESSION, None, None, 0.0) for row in rows])
    await mailbox.arrived.wait()


@pytest.mark.parametrize("is_told_twice", [False, True])
async def test_without_its_daemon_it_hears_the_last_answer_and_sends_nothing_more(
    journal: Journal, *, is_told_twice: bool
) -> None:
    """By the kernel, and later by the socket; what is ordered in between is for the next daemon."""
    daemon = Daemon(journal)
    async with open_mailbox() as mailbox:
        await in_flight(daemon, mailbox)
        await daemon.answers()
        daemon.process.finish()
        daemon.say(notice_for("primary", 7))
        if is_told_twice:
            daemon.process.connection_lost(ConnectionResetError())
        await asyncio.sleep(0.05)
        assert [] == daemon.ends
        mailbox.open.set()
        await daemon.over.wait()
        assert ([0], 1, []) == (daemon.ends, len(mailbox.received), await daemon.answers())


async def test_a_relay_that_does_not_answer_is_not_waited_for(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "FINISH_SECONDS", 0.1)
    daemon = Daemon(journal)
    async with open_mailbox() as mailbox:
        await in_flight(daemon, mailbox)
        daemon.process.connection_lost(None)
        async with asyncio.timeout(5):
            await daemon.over.wait()
    assert 0 == daemon.ends[0]


@pytest.mark.parametrize("is_signal_first", [True, False])
async def test_a_daemon_that_is_killed_in_its_drain_is_outlived_too(journal: Journal, *, is_signal_first: bool) -> None:
    """Whether the signal or the end of the socket comes first: a reply that is lost means a second copy."""
    daemon = Daemon(journal)
    async with open_mailbox() as mailbox:
        await in_flight(daemon, mailbox)
        daemon.say(Drain(30))
        await asyncio.sleep(0)
        if is_signal_first:
            daemon.process.finish()
        daemon.process.connection_lost(None)
        daemon.process.finish()
        await asyncio.sleep(0)
        assert [] == daemon.ends
        mailbox.open.set()
        await daemon.over.wait()
        assert ([0], 1) == (daemon.ends, len(mailbox.received))


async def test_after_a_drain_it_ends_with_the_socket(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is in flight any more, so nothing is waited for."""
    monkeypatch.setattr(process, "FINISH_SECONDS", 3600.0)
    daemon = Daemon(journal)
    async with open_mailbox() as mailbox:
        await in_flight(daemon, mailbox)
        daemon.say(Drain(30))
        await asyncio.sleep(0)
        mailbox.open.set()
        assert daemon.process._draining is not None
        await daemon.process._draining
        daemon.process.connection_lost(None)
        await daemon.over.wait()
        assert [0] == daemon.ends
