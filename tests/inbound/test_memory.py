"""What mails on their way in may hold in memory together, whoever sends them and however slowly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from tests.inbound.mailroom import ADA, LOCAL, Client, D, Mailroom, connected, listening, mail, open_mailroom

from pressrun.core.current import Holder
from pressrun.inbound.memory import FREE_BYTES, ContentMemory, Memory
from pressrun.inbound.settings import SmtpSettings
from pressrun.services.incoming.mail_acceptance import ArrivedMail
from pressrun.smtp.reply import Reply

OWNER = f"news-owner@{D}"
LIMIT = 512 * 1024
NO_ROOM = "452 4.3.1 no room for a mail of this size now, try again later"
LINE = b"x" * 70 + b"\r\n"
LARGE = LINE * (LIMIT // len(LINE))


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path) as opened:
        await opened.make_list()
        yield opened


async def _begin(client: Client, content: bytes) -> None:
    """A transaction up to the middle of its content."""
    for line in (f"MAIL FROM:<{ADA}>", f"RCPT TO:<{OWNER}>", "DATA"):
        await client.say(line)
    await client.send(content)


async def _until(holds: Callable[[], bool]) -> None:
    """Nobody tells when a stream was read."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)


async def test_many_large_mails_at_once(room: Mailroom) -> None:
    """Those that find no room come later; small ones always pass; nothing is held when all are through."""
    settings = SmtpSettings(listen=LOCAL, memory_bytes=LIMIT)
    async with listening(room, settings) as listeners, AsyncExitStack() as stack:
        memory = listeners._memory
        first, second, third = [
            await stack.enter_async_context(connected(listeners.addresses["smtp"])) for _ in range(3)
        ]
        await _begin(first, mail(number=1) + LARGE)
        await _until(lambda: memory.held >= len(LARGE) - FREE_BYTES)
        await _begin(second, mail(number=2) + LARGE + b".\r\n")
        assert NO_ROOM == await second.reply()
        assert NO_ROOM == await second.say(f"MAIL FROM:<{ADA}> SIZE={len(LARGE)}")
        assert "250" == (await third.post(mail(number=3), [OWNER]))[:3]
        assert "250" == (await second.post(mail(number=4), [OWNER]))[:3]
        await first.send(b".\r\n")
        assert "250" == (await first.reply())[:3]
        assert 0 == memory.held
        assert "250" == (await second.post(mail(number=5) + LARGE, [OWNER]))[:3]
        assert 0 == memory.held
    assert {"received": 4} == await room.counts()


async def test_a_mail_larger_than_the_whole_passes_alone(room: Mailroom) -> None:
    """Whatever the limit says, `max_message_size` can be reached."""
    settings = SmtpSettings(listen=LOCAL, memory_bytes=1)
    async with listening(room, settings) as listeners, connected(listeners.addresses["smtp"]) as client:
        assert "250" == (await client.post(mail() + LARGE, [OWNER]))[:3]


async def test_a_client_that_goes_gives_back_what_it_held(room: Mailroom) -> None:
    """In the middle of the content, and of its being stored."""
    settings = SmtpSettings(listen=LOCAL, memory_bytes=LIMIT)
    async with listening(room, settings) as listeners:
        memory = listeners._memory
        async with connected(listeners.addresses["smtp"]) as client:
            await _begin(client, mail() + LARGE)
            await _until(lambda: memory.held >= len(LARGE) - FREE_BYTES)
        await _until(lambda: memory.held == 0)


async def test_what_is_being_stored_is_held_though_the_client_is_gone(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is on the disk."""
    begun, may_end = asyncio.Event(), asyncio.Event()
    accept = room.acceptance.accept

    async def slowly(arrival: ArrivedMail) -> list[Reply]:
        begun.set()
        await may_end.wait()
        return await accept(arrival)

    monkeypatch.setattr(room.acceptance, "accept", slowly)
    settings = SmtpSettings(listen=LOCAL, memory_bytes=LIMIT)
    async with listening(room, settings) as listeners:
        memory = listeners._memory
        async with connected(listeners.addresses["smtp"]) as client:
            await _begin(client, mail() + LARGE + b".\r\n")
            await begun.wait()
            (listener,) = listeners._listeners
            (session,) = listener._state.sessions
            session.abort()
            async with asyncio.timeout(20):
                await listener.wait_until_left()
        assert len(LARGE) - FREE_BYTES < memory.held
        may_end.set()
        await _until(lambda: memory.held == 0)
    assert {"received": 1} == await room.counts()


async def test_a_client_that_never_reads_is_sent_away(room: Mailroom) -> None:
    """Its replies are not kept for ever: after the idle time the connection is gone."""
    settings = SmtpSettings(listen=LOCAL, idle_seconds=0.3)
    async with listening(room, settings) as listeners, connected(listeners.addresses["smtp"]) as client:
        (listener,) = listeners._listeners
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # nothing is read any more
        client.writer.write(b"HELP\r\n" * 2_000_000)
        async with asyncio.timeout(20):
            await listener.wait_until_left()
        client.writer.transport.abort()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3_000_000), st.booleans()), max_size=60))
def test_what_is_held_is_what_the_shares_hold(steps: list[tuple[int, int, bool]]) -> None:
    """Never more than the limit unless one mail has it alone; nothing when all have given back."""
    memory = Memory(Holder(1_000_000))
    shares = [ContentMemory(memory) for _ in range(6)]
    for number, octets, is_over in steps:
        shares[number].release() if is_over else shares[number].grow_to(octets)
        held = [share._held for share in shares]
        assert sum(held) == memory.held
        assert memory.held <= memory.limit or sum(amount > 0 for amount in held) == 1
        assert memory.has_room(FREE_BYTES)
    for share in shares:
        share.release()
    assert 0 == memory.held
