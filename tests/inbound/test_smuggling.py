"""No other end of data than CRLF dot CRLF hides a second mail in a first one, and none leaves with a bare line end.

Each variant is one mail or one refusal, by SMTP and LMTP, whole, octet by octet, and cut at every point.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from tests.inbound.mailroom import ADA, Client, D, Mailroom, connected, listening, mail, open_mailroom

from pressrun.inbound.client_input import BareLineEnd, ClientInput, ReceivedContent

OWNER = f"news-owner@{D}"
ONE_MAIL = b"\r\n.\x01\r\n"  # the only one in which no CR or LF stands alone: a line that begins with a dot
WITH_NUL = b"\r\n.\0\r\n"
ENDS = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", ONE_MAIL, WITH_NUL, b"\r\r\n.\r\r\n",
]  # fmt: skip
BARE_REPLY = "550 5.6.11 bare CR or LF is not allowed in mail"
NUL_REPLY = "554 5.6.0 NUL is not allowed in mail"
SMUGGLED = f"MAIL FROM:<eve@reader.example>\r\nRCPT TO:<{OWNER}>\r\nDATA\r\nX: y\r\n\r\nsmuggled".encode()


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path) as opened:
        await opened.make_list()
        yield opened


async def _attack(client: Client, pieces: Sequence[bytes]) -> list[str]:
    """A transaction whose content hides another; every reply up to that of a NOOP behind it."""
    await client.say(f"MAIL FROM:<{ADA}>")
    await client.say(f"RCPT TO:<{OWNER}>")
    await client.say("DATA")
    for piece in pieces:
        await client.send(piece)
    await client.send(b"NOOP\r\n")
    replies = [await client.reply()]
    while replies[-1] != "250 2.0.0 ok":
        replies.append(await client.reply())
    return replies[:-1]


@pytest.mark.parametrize("end", ENDS, ids=repr)
@pytest.mark.parametrize("is_whole", [True, False], ids=["whole", "octet by octet"])
@pytest.mark.parametrize(("listener", "hello"), [("smtp", "EHLO x"), ("lmtp", "LHLO x")])
async def test_one_mail_or_one_refusal(room: Mailroom, listener: str, hello: str, is_whole: bool, end: bytes) -> None:
    """One reply for the content, and the connection goes on."""
    data = mail("text") + end + SMUGGLED + b"\r\n.\r\n"
    pieces = [data] if is_whole else [data[at : at + 1] for at in range(len(data))]
    async with listening(room) as listeners, connected(listeners.addresses[listener], hello=hello) as client:
        replies = await _attack(client, pieces)
        after = await client.post(mail(number=2), [OWNER])
    assert [{ONE_MAIL: "250", WITH_NUL: NUL_REPLY}.get(end, BARE_REPLY)] == [
        reply[:3] if reply.startswith("250") else reply for reply in replies
    ]
    assert "250" == after[:3]
    assert {"received": 2 if end == ONE_MAIL else 1} == await room.counts()


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_a_cut_anywhere_changes_nothing(end: bytes) -> None:
    """Every point of the content, and every pair of points around the variant."""
    data = b"X: y\r\n\r\ntext" + end + b"MAIL FROM:<>\r\nDATA\r\nsmuggled\r\n.\r\nNOOP\r\n"
    whole = asyncio.run(_read([data]))
    assert [b"NOOP"] == whole[1:], "what is smuggled is no command"
    first = whole[0]
    assert isinstance(first, ReceivedContent)
    assert (first.has_bare_ends, first.has_nul) == (end not in (ONE_MAIL, WITH_NUL), end == WITH_NUL)
    around = range(10, 14 + len(end) + 4)
    cuts = [(at,) for at in range(len(data))] + [
        (point, later) for point in around for later in around if point < later
    ]
    for points in cuts:
        pieces = [data[a:b] for a, b in zip((0, *points), (*points, len(data)), strict=True)]
        assert whole == asyncio.run(_read(pieces)), points


async def _no_turn() -> None:
    """Nobody else is there."""


async def _read(pieces: Sequence[bytes]) -> list[ReceivedContent | bytes | str | None]:
    """The content, then the lines that follow it."""
    reader = asyncio.StreamReader()
    received = ClientInput(reader, lambda: None, lambda: None, _no_turn)

    async def feed() -> None:
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)  # the reader takes each piece before the next
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    parts: list[ReceivedContent | bytes | str | None] = [await received.read_content(10_000, lambda size: True)]
    while True:
        try:
            line = await received.read_line()
        except BareLineEnd:
            parts.append("bare")
            continue
        if line is None:
            await feeding
            return parts
        parts.append(line)


BODIES = [
    b".\r\n..\r\n",
    b"\x01\r\n.\x01\r\n",
    b"\x85\xe2\x80\xa8\x0b\x0c\x1c\r\n",
    b"=0D=0A.=0D=0A\r\n",
    b"no end of line",
]


@pytest.mark.parametrize("body", BODIES, ids=repr)
async def test_what_is_forwarded_has_no_bare_line_end(room: Mailroom, body: bytes) -> None:
    """Octet for octet what came, with CR and LF only together."""
    content = mail() + body + (b"" if body.endswith(b"\r\n") else b"\r\n")
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
        assert "250" == (await client.post(stuffed, [OWNER]))[:3]
    await room.processing.recover()
    (outgoing,) = await room.outgoing()
    assert outgoing.content.endswith(content)
    rest = outgoing.content.replace(b"\r\n", b"")
    assert b"\r" not in rest
    assert b"\n" not in rest


@pytest.mark.parametrize("bare", [b"a\nb", b"a\rb", b"\r\r\n", b"\n\r"], ids=repr)
async def test_a_mail_with_a_bare_line_end_is_never_forwarded(room: Mailroom, bare: bytes) -> None:
    """It is refused at the door."""
    async with listening(room) as listeners, connected(listeners.addresses["lmtp"], hello="LHLO x") as client:
        assert "550 5.6.11" == (await client.post(mail() + bare + b"\r\n", [OWNER]))[:10]
    assert {} == await room.counts()


@pytest.mark.parametrize("place", ["header", "body", "end"])
@pytest.mark.parametrize(("listener", "hello", "number"), [("smtp", "EHLO x", 1), ("lmtp", "LHLO x", 2)])
async def test_a_mail_with_a_nul_is_never_stored(
    room: Mailroom, listener: str, hello: str, number: int, place: str
) -> None:
    """LMTP answers each recipient; the connection goes on (RFC 5322 §4, RFC 2033 §4.2)."""
    content = {"header": mail(Subject="a\0b"), "body": mail("a\0b\n"), "end": mail() + b"\0\r\n"}[place]
    async with listening(room) as listeners, connected(listeners.addresses[listener], hello=hello) as client:
        replies = [await client.post(content, [OWNER, f"postmaster@{D}"])]
        replies += [await client.reply() for _ in range(number - 1)]
        assert [NUL_REPLY] * number == replies
        assert "250 2.0.0 ok" == await client.say("NOOP")
    assert {} == await room.counts()
