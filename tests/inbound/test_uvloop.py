"""The same under uvloop, whose transports are its own: the way of the extra `[fast]`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.inbound.mailroom import LOCAL, D, Mailroom, connected, listening, mail, open_mailroom

from pressrun.inbound.settings import SmtpSettings

uvloop = pytest.importorskip("uvloop", reason="uvloop (the extra `fast`) is not installed")

OWNER = f"news-owner@{D}"


def _run(folder: Path, story: Callable[[Mailroom], Awaitable[None]]) -> None:
    async def tell() -> None:
        async with open_mailroom(folder) as room:
            await room.make_list()
            await story(room)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(tell())


def test_a_mail_is_taken(tmp_path: Path) -> None:
    """By both listeners."""

    async def story(room: Mailroom) -> None:
        async with listening(room) as listeners:
            for number, (name, hello) in enumerate((("smtp", "EHLO x"), ("lmtp", "LHLO x"))):
                async with connected(listeners.addresses[name], hello=hello) as client:
                    assert "250" == (await client.post(mail(number=number), [OWNER]))[:3]
        assert {"received": 2} == await room.counts()

    _run(tmp_path, story)


def test_too_many_connections(tmp_path: Path) -> None:
    """421 at once, and the connection ends."""

    async def story(room: Mailroom) -> None:
        settings = SmtpSettings(listen=LOCAL, connections=1)
        async with (
            listening(room, settings) as listeners,
            connected(listeners.addresses["smtp"]),
            connected(listeners.addresses["smtp"], hello=None) as second,
        ):
            assert "421 4.3.2" == (await second.reply())[:9]
            assert "" == await second.reply()

    _run(tmp_path, story)


def test_stopping_ends_connections_that_do_not_read(tmp_path: Path) -> None:
    """After the time that they were given."""

    async def story(room: Mailroom) -> None:
        async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
            client.writer.write(b"HELP\r\n" * 500_000)
            await asyncio.sleep(0)
            async with asyncio.timeout(20):
                await listeners.stop(0.05)
            client.writer.transport.abort()

    _run(tmp_path, story)


def test_who_never_reads_is_sent_away(tmp_path: Path) -> None:
    """After the idle time."""

    async def story(room: Mailroom) -> None:
        settings = SmtpSettings(listen=LOCAL, idle_seconds=0.3)
        async with listening(room, settings) as listeners, connected(listeners.addresses["smtp"]) as client:
            (listener,) = listeners._listeners
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # nothing is read any more
            client.writer.write(b"HELP\r\n" * 2_000_000)
            async with asyncio.timeout(20):
                await listener.wait_until_left()
            client.writer.transport.abort()

    _run(tmp_path, story)
