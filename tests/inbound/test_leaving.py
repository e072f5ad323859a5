"""A stop tells every client 421, whatever the client is about to say, and nobody who has come is forgotten."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.inbound.mailroom import ADA, LOCAL, Client, D, Mailroom, connected, mail, open_mailroom

from pressrun.core.network.endpoint import SystemdEndpoint, UnixEndpoint
from pressrun.inbound import connection
from pressrun.inbound.listeners import Listeners
from pressrun.inbound.settings import SmtpSettings

PIPELINED = f"MAIL FROM:<{ADA}>\r\nRCPT TO:<news-owner@{D}>\r\nDATA\r\n".encode()
_TURNS = 20  # of the loop: enough for whatever needs no answer

Run = Callable[[Callable[[Mailroom], Awaitable[None]]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Tells a story of a mail room in a loop of its own; every one ends within twenty seconds."""
    factory = asyncio.SelectorEventLoop
    if request.param == "uvloop":
        factory = pytest.importorskip("uvloop", reason="uvloop (the extra `fast`) is not installed").new_event_loop

    def run_story(story: Callable[[Mailroom], Awaitable[None]]) -> None:
        async def tell() -> None:
            async with asyncio.timeout(20), open_mailroom(tmp_path / "data") as room:
                await room.make_list()
                await story(room)

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(tell())

    return run_story


async def run_loop() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def talk_into_a_stop(listeners: Listeners, client: Client) -> str:
    """Begin a mail when the listeners have gone on to stop, before reading anything; returns the first reply."""
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    stopping = asyncio.create_task(listeners.stop(60))
    await run_loop()
    for data in (PIPELINED, mail() + b".\r\n", PIPELINED):
        await client.send(data)
        await run_loop()
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    reply = await client.reply()
    await client.close()
    await stopping
    return reply


@pytest.mark.parametrize("name", ["smtp", "lmtp"])
def test_whoever_talks_into_a_stop_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """421, and nothing that came after it is taken. The client's closing ends the wait for it."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", 60.0)

    async def story(room: Mailroom) -> None:
        settings = SmtpSettings(listen=LOCAL, lmtp=UnixEndpoint(str(tmp_path / "lmtp.sock")))
        listeners = Listeners(settings, room.acceptance, {})
        await listeners.start()
        hello = "EHLO x" if name == "smtp" else "LHLO x"
        async with connected(listeners.addresses[name], hello=hello) as client:
            assert "421 4.3.2" == (await talk_into_a_stop(listeners, client))[:9]
        assert {} == await room.counts()

    run(story)


@pytest.mark.needs("openssl")
def test_inside_tls_too(run: Run, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no half of a connection can be closed by itself."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", 60.0)
    chain, key = certificate
    context = ssl.create_default_context(cafile=str(chain))

    async def story(room: Mailroom) -> None:
        listeners = Listeners(SmtpSettings(listen=LOCAL, certificate_file=chain, key_file=key), room.acceptance, {})
        await listeners.start()
        async with connected(listeners.addresses["smtp"]) as client:
            assert "220" == (await client.say("STARTTLS"))[:3]
            await client.writer.start_tls(context, server_hostname=D)
            assert "250" == (await client.say("EHLO x"))[:3]
            assert "421 4.3.2" == (await talk_into_a_stop(listeners, client))[:9]
        assert {} == await room.counts()

    run(story)


def test_a_client_that_never_closes_is_not_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than its time."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.05)

    async def story(room: Mailroom) -> None:
        listeners = Listeners(SmtpSettings(listen=LOCAL), room.acceptance, {})
        await listeners.start()
        async with connected(listeners.addresses["smtp"]) as client:
            await listeners.stop(60)
            assert ["421", ""] == [(await client.reply())[:3], await client.reply()]

    run(story)


def test_nobody_who_comes_during_a_stop_is_forgotten(run: Run) -> None:
    """However far they have come: they are told 421, or they wait in systemd's socket for the next start."""

    async def come(held: socket.socket, room: Mailroom, turns: int) -> str:
        settings = SmtpSettings(listen=SystemdEndpoint())
        first = Listeners(settings, room.acceptance, {"smtp": held.dup()})
        second = Listeners(settings, room.acceptance, {"smtp": held.dup()})
        await first.start()
        with socket.create_connection(held.getsockname()) as plain:
            for _ in range(turns):
                await asyncio.sleep(0)
            await first.stop(0.5)
            await second.start()
            reader, writer = await asyncio.open_connection(sock=plain.dup())
            client = Client(reader, writer)
            reply = await client.reply()
            if reply.startswith("220"):
                reply = await client.say("NOOP")
            await client.close()
            await second.stop(5)
        return reply[:3]

    async def story(room: Mailroom) -> None:
        with socket.create_server(("127.0.0.1", 0)) as held:
            replies = {turns: await come(held, room, turns) for turns in range(6)}
        assert {"250", "421"} >= set(replies.values()), replies

    run(story)
