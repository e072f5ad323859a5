"""The places where mail comes in, spoken to over real sockets: what is offered, accepted, refused, and when."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from tests.inbound.mailroom import ADA, LOCAL, Client, D, Mailroom, connected, listening, mail, open_mailroom

from pressrun.core.errors import BadConfiguration, Unavailable
from pressrun.core.network.endpoint import SystemdEndpoint, UnixEndpoint
from pressrun.inbound import connection
from pressrun.inbound.listeners import Listeners
from pressrun.inbound.settings import SmtpSettings
from pressrun.smtp.reply import Reply

OWNER = f"news-owner@{D}"


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path) as opened:
        await opened.make_list()
        yield opened


@pytest_asyncio.fixture
async def client(room: Mailroom) -> AsyncIterator[Client]:
    async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as opened:
        yield opened


# ---------------------------------------------------------------------- the dialogue


async def test_what_is_offered(room: Mailroom) -> None:
    """The extensions that are kept, and no other: no AUTH, no CHUNKING, no DSN, no STARTTLS without a certificate."""
    async with listening(room) as listeners, connected(listeners.addresses["smtp"], hello=None) as client:
        assert f"220 {D} ESMTP" == await client.reply()
        lines = [line[4:] for line in (await client.say("EHLO x")).split("\n")]
    assert [D, "PIPELINING", "SIZE 10485760", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"] == lines


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("NOOP anything", "250 2.0.0"),
        ("VRFY news", "252 2.5.2"),
        ("VRFY nobody", "252 2.5.2"),
        ("EXPN news", "502 5.5.1"),
        ("HELP", "214 2.0.0"),
        ("RSET", "250 2.0.0"),
        ("RSET x", "501 5.5.4"),
        ("AUTH PLAIN AAAA", "500 5.5.1"),
        ("STARTTLS", "503 5.5.1"),
        ("BDAT 10 LAST", "500 5.5.1"),
        ("LHLO x", "500 5.5.1"),
        ("RCPT TO:<news@x>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("", "500 5.5.1"),
        ("GET / HTTP/1.1", "500 5.5.1"),
        ("X" * 3000, "500 5.5.6"),
        ("QUIT", "221 2.0.0"),
    ],
)
async def test_commands_and_their_replies(client: Client, command: str, reply: str) -> None:
    """Every reply has its enhanced code."""
    assert reply == (await client.say(command))[:9]


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ("FROM:<>", "250 2.1.0"),
        ("from:<ada@reader.example>", "250 2.1.0"),
        ("FROM: <ada@reader.example> SIZE=100 BODY=8BITMIME", "250 2.1.0"),
        ("FROM:<jöran@reader.example> SMTPUTF8", "250 2.1.0"),
        ("FROM:<SRS0=abcd=ef=reader.example=ada@fwd.example>", "250 2.1.0"),
        ("FROM:<prvs=0123abcdef=ada@reader.example>", "250 2.1.0"),
        ("FROM:<jöran@reader.example>", "553 5.6.7"),
        ("FROM:<ada@reader.example> SIZE=10485761", "552 5.3.4"),
        ("FROM:<ada@reader.example> SIZE=x", "501 5.5.4"),
        ("FROM:<ada@reader.example> BODY=BINARYMIME", "501 5.5.4"),
        ("FROM:<ada@reader.example> RET=HDRS", "555 5.5.4"),
        ("FROM:<@a.example,@b.example:ada@reader.example>", "553 5.1.3"),
        ('FROM:<"ada l"@reader.example>', "250 2.1.0"),
        ("FROM:<ada@localhost>", "250 2.1.0"),
        ("FROM:<ada>", "250 2.1.0"),
        ("FROM:<ada@reader@example>", "553 5.1.7"),
        ("FROM:ada@reader.example", "501 5.5.4"),
        ("FROM:<ada@reader.example", "501 5.5.4"),
        ("FROM:<a da@reader.example>", "501 5.5.4"),
        ("", "501 5.5.4"),
    ],
)
async def test_senders(client: Client, argument: str, code: str) -> None:
    """Anybody who has a mailbox, and the null sender; in one form."""
    assert code == (await client.say(f"MAIL {argument}"))[:9]


@pytest.mark.parametrize("sender", ['"ada l"@reader.example', "root", "a..b@phones.example", "ada@[192.0.2.1]"])
async def test_who_cannot_be_answered_is_heard(room: Mailroom, client: Client, sender: str) -> None:
    """Their mail to the owner is forwarded, and a command gets no answer, as from the null sender."""
    for number, recipient in enumerate((OWNER, f"news-subscribe@{D}")):
        assert "250 2.6.0 accepted" == await client.post(mail(number=number), [recipient], mail_from=sender)
    await room.processing.recover()
    (forwarded,) = await room.outgoing()
    assert forwarded.content.endswith(b"\r\n\r\nhello\r\n")


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        (f"TO:<{OWNER}>", "250 2.1.5"),
        (f"to: <NEWS-Owner@{D.upper()}>", "250 2.1.5"),
        ("TO:<Postmaster>", "250 2.1.5"),
        (f"TO:<POSTMASTER@{D}>", "250 2.1.5"),
        (f"TO:<nobody@{D}>", "550 5.1.1"),
        ("TO:<news@other.example>", "550 5.7.1"),
        (f"TO:<ada%other.example@{D}>", "550 5.7.1"),
        (f"TO:<other.example!ada@{D}>", "550 5.7.1"),
        (f"TO:<ada@other.example@{D}>", "550 5.7.1"),
        (f'TO:<"ada@other.example"@{D}>', "550 5.1.1"),
        (f"TO:<@{D}:ada@other.example>", "553 5.1.3"),
        (f"TO:<news@{D}.>", "550 5.7.1"),
        ("TO:<news@[127.0.0.1]>", "550 5.7.1"),
        ("TO:<news>", "553 5.1.3"),
        ("TO:<>", "553 5.1.3"),
        (f"TO:<{'a' * 300}@{D}>", "550 5.1.1"),  # as any address of ours that there is not
        (f"TO:<{OWNER}> NOTIFY=NEVER", "555 5.5.4"),
        (f"TO:{OWNER}", "501 5.5.4"),
    ],
)
async def test_recipients(client: Client, argument: str, code: str) -> None:
    """Ours or refused, by whatever trick."""
    await client.say("MAIL FROM:<>")
    assert code == (await client.say(f"RCPT {argument}"))[:9]


async def test_a_mail_is_accepted_and_stored(room: Mailroom, client: Client) -> None:
    """250 comes after the commit; the connection takes another one."""
    assert "250 2.6.0 accepted" == await client.post(mail("one\n..two\n"), [OWNER])
    assert {"received": 1} == await room.counts()
    await room.processing.recover()
    (outgoing,) = await room.outgoing()
    assert outgoing.content.endswith(b"\r\n\r\none\r\n.two\r\n")
    assert "250 2.6.0 accepted" == await client.post(mail(number=2), [OWNER], mail_from="")


async def test_a_pipelined_transaction_is_answered_in_order(client: Client) -> None:
    """Commands, content and the next commands in one write (RFC 2920)."""
    content = mail().decode()
    await client.send(
        f"MAIL FROM:<{ADA}>\r\nRCPT TO:<x@{D}>\r\nRCPT TO:<{OWNER}>\r\nDATA\r\n{content}.\r\nNOOP\r\nQUIT\r\n".encode()
    )
    codes = [(await client.reply())[:3] for _ in range(7)]
    assert ["250", "550", "250", "354", "250", "250", "221"] == codes
    assert "" == await client.reply()


async def test_content_that_comes_octet_by_octet(client: Client) -> None:
    """The end is found wherever it is cut."""
    await client.say(f"MAIL FROM:<{ADA}>")
    await client.say(f"RCPT TO:<{OWNER}>")
    await client.say("DATA")
    for octet in mail("..\n.\t\n") + b".\r\n":
        await client.send(bytes([octet]))
    assert "250" == (await client.reply())[:3]


async def test_an_empty_mail(client: Client) -> None:
    """A dot alone ends it."""
    assert "250" == (await client.post(b"", [OWNER]))[:3]


async def test_a_half_closed_connection_still_gets_its_answer(room: Mailroom) -> None:
    """A client that shuts its side down after the content hears 250."""
    async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
        text = f"MAIL FROM:<{ADA}>\r\nRCPT TO:<{OWNER}>\r\nDATA\r\n".encode() + mail() + b".\r\n"
        await client.send(text)
        client.writer.write_eof()
        assert ["250", "250", "354", "250"] == [(await client.reply())[:3] for _ in range(4)]
    assert {"received": 1} == await room.counts()


async def test_a_mail_cut_off_is_not_accepted(room: Mailroom) -> None:
    """Without its end it is no mail."""
    async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
        await client.say(f"MAIL FROM:<{ADA}>")
        await client.say(f"RCPT TO:<{OWNER}>")
        await client.say("DATA")
        await client.send(mail())
        client.writer.write_eof()
        assert "" == await client.reply()
    assert {} == await room.counts()


async def test_rset_and_hello_forget_the_transaction(client: Client) -> None:
    """And MAIL inside MAIL is refused."""
    await client.say(f"MAIL FROM:<{ADA}>")
    assert "503" == (await client.say(f"MAIL FROM:<{ADA}>"))[:3]
    await client.say("RSET")
    assert "503" == (await client.say(f"RCPT TO:<{OWNER}>"))[:3]
    await client.say(f"MAIL FROM:<{ADA}>")
    await client.say("EHLO again")
    assert "503" == (await client.say(f"RCPT TO:<{OWNER}>"))[:3]


async def test_a_command_before_hello(room: Mailroom) -> None:
    """HELO will do."""
    async with listening(room) as listeners, connected(listeners.addresses["smtp"], hello=None) as client:
        await client.reply()
        assert "503" == (await client.say("MAIL FROM:<>"))[:3]
        assert f"250 {D}" == await client.say("HELO x")
        assert "250" == (await client.say("MAIL FROM:<>"))[:3]


async def test_bare_line_ends_in_commands_are_refused(client: Client) -> None:
    """A command ends with CRLF."""
    await client.send(b"NOOP\n")
    assert "500 5.5.2" == (await client.reply())[:9]
    await client.send(b"NOOP\rNOOP\r\n")
    assert "500 5.5.2" == (await client.reply())[:9]


async def test_who_errs_too_often_is_sent_away(client: Client) -> None:
    """421 4.7.0, and the connection ends."""
    replies = []
    await client.send(b"NONSENSE\r\n" * 30)
    while reply := await client.reply():
        replies.append(reply[:9])
    assert "421 4.7.0" == replies[-1]
    assert 22 == len(replies)


async def test_nobody_is_sent_away_for_what_was_handed_to_them(client: Client) -> None:
    """Postfix passes strange senders, unknown recipients and large mails on, in pipelined groups: others chose them."""
    group = "MAIL FROM:<a@reader.example>\r\n" + f"RCPT TO:<nobody@{D}>\r\n" * 3 + "DATA\r\nRSET\r\n"
    too_large = "MAIL FROM:<a@reader.example> SIZE=999999999\r\n" + f"RCPT TO:<{OWNER}>\r\nDATA\r\nRSET\r\n"
    strange = "MAIL FROM:<a b@reader.example>\r\nMAIL FROM:<f\xe9e@reader.example>\r\n"
    await client.send((group * 20 + too_large * 20 + strange * 20 + "NOOP\r\n").encode("latin-1"))
    replies = [str(await client.reply())[:9] for _ in range(20 * 6 + 20 * 4 + 20 * 2 + 1)]
    assert {"550 5.1.1", "503 5.5.1", "552 5.3.4", "501 5.5.4", "250 2.0.0", "250 2.1.0"} == set(replies)
    assert "250 2.0.0" == replies[-1]


# ---------------------------------------------------------------------- size


async def test_size_is_enforced_during_data(room: Mailroom) -> None:
    """To the octet; what is too big is read away and refused, and the connection goes on."""
    limit = 200_000
    async with (
        listening(room, SmtpSettings(listen=LOCAL, max_message_bytes=limit)) as listeners,
        connected(listeners.addresses["smtp"]) as client,
    ):
        head = mail("")
        for surplus, code in ((0, "250"), (1, "552"), (500_000, "552")):
            body = b"x" * (limit - len(head) - 2 + surplus) + b"\r\n"
            assert code == (await client.post(head + body, [OWNER]))[:3]
        assert "552" == (await client.say(f"MAIL FROM:<{ADA}> SIZE={limit + 1}"))[:3]


# ---------------------------------------------------------------------- LMTP


async def test_lmtp_answers_each_recipient(room: Mailroom) -> None:
    """LHLO alone greets; one reply for each accepted RCPT, in order (RFC 2033 §4.2)."""
    async with listening(room) as listeners, connected(listeners.addresses["lmtp"], hello=None) as client:
        assert f"220 {D} LMTP" == await client.reply()
        assert ["500", "500"] == [(await client.say(f"{word} x"))[:3] for word in ("HELO", "EHLO")]
        assert "PIPELINING" in await client.say("LHLO x")
        await client.say(f"MAIL FROM:<{ADA}>")
        for local in ("news-owner", "nobody", "news", "news-request"):
            await client.say(f"RCPT TO:<{local}@{D}>")
        await client.say("DATA")
        await client.send(mail() + b".\r\n")
        assert ["250", "550", "250"] == [(await client.reply())[:3] for _ in range(3)]
        await client.say(f"MAIL FROM:<{ADA}>")
        assert "503" == (await client.say("DATA"))[:3]
    assert {"received": 2} == await room.counts()


async def test_the_same_mail_twice_by_lmtp_is_one(room: Mailroom) -> None:
    """Accepted both times, done once."""
    async with listening(room) as listeners:
        for _ in range(2):
            async with connected(listeners.addresses["lmtp"], hello="LHLO x") as client:
                assert "250" == (await client.post(mail(), [f"news-subscribe@{D}"]))[:3]
    await room.processing.recover()
    assert 1 == len(await room.outgoing())


async def test_the_surplus_of_recipients_is_asked_to_come_later(room: Mailroom) -> None:
    """At least 100 in one transaction, 452 4.5.3 beyond the setting, and the mail goes to the others."""
    settings = SmtpSettings(lmtp=LOCAL, recipients=120)
    async with listening(room, settings) as listeners, connected(listeners.addresses["lmtp"], hello="LHLO x") as client:
        await client.say(f"MAIL FROM:<{ADA}>")
        codes = [(await client.say(f"RCPT TO:<{OWNER}>"))[:9] for _ in range(122)]
        assert ["250 2.1.5"] * 120 + ["452 4.5.3"] * 2 == codes
        await client.say("DATA")
        await client.send(mail() + b".\r\n")
        assert ["250"] * 120 == [(await client.reply())[:3] for _ in range(120)]
    assert {"received": 1} == await room.counts()


# ---------------------------------------------------------------------- faults and limits


@pytest.mark.parametrize("fault", [RuntimeError("secret words"), Unavailable("disk full at /some/path")])
async def test_a_fault_of_ours_is_temporary_and_tells_nothing(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """451 4.3.0 at RCPT and after the content; the connection goes on."""

    async def fail(*_: object) -> Reply:
        raise fault

    async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
        with monkeypatch.context() as patched:
            patched.setattr(room.acceptance, "accept", fail)
            assert "451 4.3.0 internal error, try again later" == await client.post(mail(), [OWNER])
            patched.setattr(room.acceptance, "resolve_route", fail)
            await client.say("MAIL FROM:<>")
            assert "451 4.3.0 internal error, try again later" == await client.say(f"RCPT TO:<{OWNER}>")
        await client.say("RSET")
        assert "250" == (await client.post(mail(), [OWNER]))[:3]


async def test_a_database_that_refuses_gives_451_and_nothing_is_stored(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """250 is only said for what is committed."""

    async def fail(*_: object) -> None:
        raise Unavailable("the database is unavailable: disk I/O error")

    async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
        with monkeypatch.context() as patched:
            patched.setattr(room.database, "share", fail)
            assert "451" == (await client.post(mail(), [OWNER]))[:3]
        assert {} == await room.counts()
        assert "250" == (await client.post(mail(), [OWNER]))[:3]


async def test_too_many_connections(room: Mailroom) -> None:
    """421 4.3.2 at once; when one has gone there is room again."""
    async with listening(room, SmtpSettings(listen=LOCAL, connections=2)) as listeners:
        address = listeners.addresses["smtp"]
        async with connected(address), connected(address) as second:
            async with connected(address, hello=None) as third:
                assert "421 4.3.2" == (await third.reply())[:9]
                assert "" == await third.reply()
            await second.say("QUIT")
            assert "" == await second.reply()
            async with connected(address) as fourth:
                assert "250" == (await fourth.say("NOOP"))[:3]


async def test_one_connection_too_many_may_read_why(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it has sent by then, its connection is not reset. Only so many may stay as there may be sessions."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", 60.0)
    loop = asyncio.get_running_loop()

    async def is_sent_away(client: socket.socket) -> None:
        client.setblocking(False)
        received = b""
        while piece := await loop.sock_recv(client, 1000):
            received += piece
        assert received.startswith(b"421 4.3.2")

    async def goes_on_talking(client: socket.socket) -> None:
        for _ in range(2):  # the first is answered with a reset where nobody reads any more, and the second fails
            await loop.sock_sendall(client, b"EHLO x\r\n")

    async with listening(room, SmtpSettings(listen=LOCAL, connections=1)) as listeners:
        address = listeners.addresses["smtp"]
        host, _, port = address.rpartition(":")
        async with connected(address):
            with (
                socket.create_connection((host, int(port))) as second,
                socket.create_connection((host, int(port))) as third,
            ):
                await is_sent_away(second)
                await is_sent_away(third)
                await goes_on_talking(second)
                with pytest.raises(ConnectionError):
                    await goes_on_talking(third)


async def trickle(client: Client, piece: bytes) -> str:
    """Say a little now and then until there is an answer."""
    answer = asyncio.create_task(client.reply())
    while not answer.done():
        await client.send(piece)
        await asyncio.wait([answer], timeout=0.05)
    return answer.result()


async def test_a_silent_client_is_sent_away(room: Mailroom) -> None:
    """421 4.4.2, also in the middle of a content or a command, and however it trickles."""

    async def silent(client: Client) -> str:
        reply = await client.reply()
        assert "" == await client.reply()
        return reply

    async def in_a_content(client: Client) -> str:
        for line in (f"MAIL FROM:<{ADA}>", f"RCPT TO:<{OWNER}>", "DATA"):
            await client.say(line)
        return await trickle(client, b"x\r\n")

    async def in_a_command(client: Client) -> str:
        return await trickle(client, b"X")

    async with listening(room, SmtpSettings(listen=LOCAL, idle_seconds=0.3)) as listeners, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(listeners.addresses["smtp"])) for _ in range(3)]
        ways = zip((silent, in_a_content, in_a_command), clients, strict=True)
        replies = await asyncio.gather(*(way(client) for way, client in ways))
    assert ["421 4.4.2"] * 3 == [reply[:9] for reply in replies]


async def test_stopping_finishes_the_mail_at_hand(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle client hears 421, one whose mail is being stored its 250."""
    may_go_on, is_waiting = asyncio.Event(), asyncio.Event()
    accept = room.acceptance.accept

    async def slow_accept(arrival: object) -> list[Reply]:
        is_waiting.set()
        await may_go_on.wait()
        return await accept(arrival)  # type: ignore[arg-type]

    monkeypatch.setattr(room.acceptance, "accept", slow_accept)
    listeners = Listeners(SmtpSettings(listen=LOCAL), room.acceptance, {})
    await listeners.start()
    address = listeners.addresses["smtp"]
    async with connected(address) as idle, connected(address) as busy:
        posting = asyncio.create_task(busy.post(mail(), [OWNER]))
        await is_waiting.wait()
        stopping = asyncio.create_task(listeners.stop(10))
        assert "421 4.3.2" == (await idle.reply())[:9]
        may_go_on.set()
        assert "250" == (await posting)[:3]
        assert "421 4.3.2" == (await busy.reply())[:9]
        await idle.close()
        await busy.close()
        await stopping
    assert {"received": 1} == await room.counts()


# ---------------------------------------------------------------------- where and how it listens


async def test_a_unix_socket_for_the_group_replaces_a_stale_one(room: Mailroom, tmp_path: Path) -> None:
    """0660, usable at once, gone after the stop; a file that is not a socket is left alone."""
    path = tmp_path / "lmtp.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    async with listening(room, SmtpSettings(lmtp=UnixEndpoint(str(path)))) as listeners:
        assert {"lmtp": f"unix:{path}"} == listeners.addresses
        assert 0o660 == stat.S_IMODE(path.stat().st_mode)
        async with connected(f"unix:{path}", hello="LHLO x") as client:
            assert "250" == (await client.post(mail(), [OWNER]))[:3]
    assert not path.exists()
    path.write_text("precious")
    with pytest.raises(BadConfiguration, match="not a socket"):
        await Listeners(SmtpSettings(lmtp=UnixEndpoint(str(path))), room.acceptance, {}).start()
    assert "precious" == path.read_text()


async def test_descriptors_of_systemd(room: Mailroom) -> None:
    """Taken by name; a missing one may come yet, so systemd tries again (69)."""
    handed_over = socket.create_server(("127.0.0.1", 0))
    settings = SmtpSettings(listen=SystemdEndpoint())
    listeners = Listeners(settings, room.acceptance, {"smtp": handed_over})
    await listeners.start()
    async with connected(listeners.addresses["smtp"]) as client:
        assert "250" == (await client.say("NOOP"))[:3]
    await listeners.stop(5)
    for name, key, unheld in (("smtp", "listen", settings), ("lmtp", "lmtp", SmtpSettings(lmtp=SystemdEndpoint()))):
        missing = rf"\[smtp\] {key} = .* no socket named {name}\. .* pressrun-{name}\.socket"
        with pytest.raises(Unavailable, match=missing):
            await Listeners(unheld, room.acceptance, {}).start()


@pytest.mark.needs("openssl")
async def test_starttls(room: Mailroom, certificate: tuple[Path, Path]) -> None:
    """A standard client upgrades, and its mail is taken inside."""
    chain, key = certificate
    settings = SmtpSettings(listen=LOCAL, certificate_file=chain, key_file=key)
    context = ssl.create_default_context(cafile=str(chain))

    def send(port: int) -> bool:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as session:
            session.starttls(context=context)
            session.ehlo()
            session.sendmail(ADA, [OWNER], mail())
            return session.has_extn("starttls")

    async with listening(room, settings) as listeners:
        port = int(listeners.addresses["smtp"].rpartition(":")[2])
        assert not await asyncio.to_thread(send, port)
    assert {"received": 1} == await room.counts()


@pytest.mark.needs("openssl")
async def test_nothing_said_before_tls_counts_inside_it(room: Mailroom, certificate: tuple[Path, Path]) -> None:
    """Commands sent along with STARTTLS are dropped, and hello must be said again (RFC 3207 §4.2)."""
    chain, key = certificate
    settings = SmtpSettings(listen=LOCAL, certificate_file=chain, key_file=key)
    async with listening(room, settings) as listeners, connected(listeners.addresses["smtp"]) as client:
        await client.send(b"STARTTLS\r\nMAIL FROM:<eve@reader.example>\r\n")
        assert "220" == (await client.reply())[:3]
        context = ssl.create_default_context(cafile=str(chain))
        await client.writer.start_tls(context, server_hostname=D)
        assert "503" == (await client.say(f"RCPT TO:<{OWNER}>"))[:3]
        assert "503 5.5.1 send EHLO first" == await client.say("MAIL FROM:<>")
        assert "STARTTLS" not in await client.say("EHLO x")
        assert "250" == (await client.post(mail(), [OWNER]))[:3]


async def test_a_certificate_that_cannot_be_used(room: Mailroom, tmp_path: Path) -> None:
    """Said at start, as an error of the configuration."""
    settings = SmtpSettings(listen=LOCAL, certificate_file=tmp_path / "none", key_file=tmp_path / "none")
    with pytest.raises(BadConfiguration, match="certificate_file"):
        await Listeners(settings, room.acceptance, {}).start()


async def test_limits_change_with_a_reload(room: Mailroom) -> None:
    """For the connections there are, too."""
    async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
        listeners.reload(SmtpSettings(listen=LOCAL, recipients=1))
        await client.say("MAIL FROM:<>")
        codes = [(await client.say(f"RCPT TO:<{OWNER}>"))[:3] for _ in range(2)]
    assert ["250", "452"] == codes
