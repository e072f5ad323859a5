"""TLS as the operator asked for it, or no mail at all; and passwords only through it."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from tests.authority import DAY, NOW, Authority, make_authority
from tests.delivery.relay.conftest import MakePool
from tests.delivery.relay.feed import ListFeed, message
from tests.delivery.relay.peers import CLOSE, but, peer
from tests.delivery.relay.test_faults import until

from pressrun.observe.authorities import log_ca_file
from pressrun.runtime.authorities import Authorities
from pressrun.smtp.handover import Outcome


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that no system knows."""
    return make_authority(tmp_path_factory.mktemp("ca"))


class Relay:
    """aiosmtpd as an independent relay that may demand STARTTLS and a password."""

    def __init__(self) -> None:
        self.got: list[tuple[str | None, list[str], bytes, bool]] = []
        self.logins: list[tuple[str, bool]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content or b"", session.ssl is not None))  # type: ignore[arg-type]  # bytes: decode_data is off
        return "250 2.0.0 ok"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: LoginPassword
    ) -> AuthResult:
        self.logins.append((mechanism, session.ssl is not None))
        return AuthResult(success=auth_data.password == b"secret", handled=False)

    @asynccontextmanager
    async def listen(self, *, implicit: ssl.SSLContext | None = None, **keys: Any) -> AsyncIterator[int]:
        """Serve on loopback; gives the port."""
        sessions: list[SMTP] = []

        def factory() -> SMTP:
            session = SMTP(self, hostname="relay.example", loop=asyncio.get_running_loop(), **keys)
            sessions.append(session)
            return session

        server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, ssl=implicit)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for session in sessions:
                if session.transport is not None:
                    session.transport.close()
            tasks = [session._handler_coroutine for session in sessions if session._handler_coroutine is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()


async def test_implicit_tls(make_pool: MakePool, authority: Authority) -> None:
    """TLS from the first octet, with a private CA beside the system's."""
    relay, feed = Relay(), ListFeed([message(1), message(2)])
    async with relay.listen(implicit=authority.server()) as port:
        pool = make_pool(feed, port, security="tls", ca_file=authority.file)
        pool.wake()
        await feed.until_settled(2)
        await pool.drain(5)
    assert {Outcome.DELIVERED} == set(feed.outcomes.values())


async def test_a_ca_that_openssl_makes_by_default(make_pool: MakePool, tmp_path: Path) -> None:
    """It has no key usage, which Python 3.13 demands by default, and Postfix, curl and Python 3.11 do not."""
    authority = make_authority(tmp_path, says_key_usage=False)
    relay, feed = Relay(), ListFeed([message(1)])
    async with relay.listen(implicit=authority.server()) as port:
        pool = make_pool(feed, port, security="tls", ca_file=authority.file)
        pool.wake()
        await feed.until_settled(1)
        await pool.drain(5)
    assert Outcome.DELIVERED == feed.result(1).outcome


async def test_starttls(make_pool: MakePool, authority: Authority) -> None:
    """Messages go through TLS alone."""
    relay, feed = Relay(), ListFeed([message(n) for n in range(5)])
    async with relay.listen(tls_context=authority.server(), require_starttls=True) as port:
        pool = make_pool(feed, port, security="starttls", ca_file=authority.file)
        pool.wake()
        await feed.until_settled(5)
        await pool.drain(5)
    assert {Outcome.DELIVERED} == set(feed.outcomes.values())
    assert [True] * 5 == [through_tls for _, _, _, through_tls in relay.got]
    assert {f"news-bounces+{n}@news.example" for n in range(5)} == {sender for sender, _, _, _ in relay.got}


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_a_password_goes_through_tls(make_pool: MakePool, authority: Authority, mechanism: str) -> None:
    """AUTH after STARTTLS, by each mechanism."""
    relay, feed = Relay(), ListFeed([message(1)])
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    keys: dict[str, Any] = {
        "auth_required": True,
        "authenticator": relay.authenticate,
        "auth_exclude_mechanism": [other],
    }
    async with relay.listen(tls_context=authority.server(), require_starttls=True, **keys) as port:
        pool = make_pool(feed, port, security="starttls", ca_file=authority.file, username="press", password="secret")
        pool.wake()
        await feed.until_settled(1)
        await pool.drain(5)
    assert (Outcome.DELIVERED, [(mechanism, True)]) == (feed.result(1).outcome, relay.logins)


async def test_a_wrong_password(make_pool: MakePool, authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    """It consumes no message, and is in no log."""
    relay, feed = Relay(), ListFeed([message(1)])
    keys: dict[str, Any] = {"auth_required": True, "authenticator": relay.authenticate}
    async with relay.listen(tls_context=authority.server(), require_starttls=True, **keys) as port:
        pool = make_pool(feed, port, security="starttls", ca_file=authority.file, username="press", password="wr0ng")
        pool.wake()
        await until(lambda: pool.status().last_error is not None)
        assert "AUTH was refused: 535 5.7.8" in f"{pool.status().last_error}"
        await pool.drain(0)
    assert [] == feed.carried
    assert "wr0ng" not in caplog.text + repr(
        [record.__dict__ for record in caplog.records if record.name == "pressrun.relay"]
    )


BAD = {
    "unknown-authority": ({}, False, "unable to get local issuer certificate"),
    "wrong-host": ({"host": "relay.example"}, True, "IP address mismatch, certificate is not valid for '127.0.0.1'."),
    "expired": ({"until": NOW - DAY}, True, "certificate has expired"),
}


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("case", BAD)
async def test_a_bad_certificate(make_pool: MakePool, authority: Authority, case: str, security: str) -> None:
    """No message goes to a relay that cannot prove who it is."""
    keys, known, reason = BAD[case]
    relay, feed = Relay(), ListFeed([message(1)])
    context = authority.server(**keys)  # type: ignore[arg-type]  # the keys of the table above
    listen = {"implicit": context} if security == "tls" else {"tls_context": context}
    async with relay.listen(**listen) as port:
        pool = make_pool(feed, port, security=security, ca_file=authority.file if known else None)
        pool.wake()
        await until(lambda: pool.status().last_error is not None)
        error = f"{pool.status().last_error}"
        await pool.drain(0)
    assert error.startswith("TLS failed: the certificate is not to be trusted: ")
    assert reason in error.replace(
        "self-signed certificate in certificate chain", "unable to get local issuer certificate"
    )
    assert ([], []) == (feed.carried, relay.got)


@pytest.mark.parametrize("answer", [b"220 go\r\n220 more\r\n", b"220 go\r\n"])
async def test_starttls_without_tls_behind_it(make_pool: MakePool, answer: bytes) -> None:
    """Plain text in place of a handshake, or none at all, fails the connection and nothing more."""
    feed = ListFeed([message(1)])
    talk = but(EHLO=b"250-peer\r\n250 STARTTLS\r\n", STARTTLS=answer)
    async with peer(lambda command: CLOSE if command.startswith("\x16") else talk(command)) as port:
        pool = make_pool(feed, port, security="starttls", timeouts={"tls_seconds": 0.2})
        pool.wake()
        await until(lambda: pool.status().last_error is not None)
        await pool.drain(0)
    assert [] == feed.carried


async def test_a_handshake_that_stalls(make_pool: MakePool) -> None:
    """It is given up after tls_seconds."""
    feed = ListFeed([message(1)])
    async with peer(but(GREETING=None)) as port:
        pool = make_pool(feed, port, security="tls", timeouts={"tls_seconds": 0.1})
        pool.wake()
        await until(lambda: pool.status().last_error is not None)
        await pool.drain(0)
    assert [] == feed.carried


def test_a_changed_file_of_authorities_that_cannot_be_used_is_logged_once(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """Not for each connection: once when it becomes unusable, whatever is wrong, and once when it is usable again."""
    caplog.set_level(logging.INFO)
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(authority.file.read_bytes())
    authorities = Authorities(ca_file, log_ca_file)
    former = authorities.context()
    for content in ("half", "half written"):
        ca_file.write_text(content)
        assert [former] * 3 == [authorities.context() for _ in range(3)]
    ca_file.unlink()
    assert former is authorities.context()
    assert ["tls.ca_file_refused"] == [record.message for record in caplog.records]
    assert "holds no usable certificates" in caplog.records[0].__dict__["fields"]["problem"]
    ca_file.write_bytes(authority.file.read_bytes())
    assert former is not authorities.context()
    authorities.context()
    ca_file.write_text("half")
    authorities.context()
    refused, usable = "tls.ca_file_refused", "tls.ca_file_usable"
    assert [refused, usable, refused] == [record.message for record in caplog.records]


def test_a_file_of_authorities_that_comes_back_is_usable_again(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """Unchanged, as on a disk that was away for a while."""
    caplog.set_level(logging.INFO)
    disk = new_folder(tmp_path, "disk")
    ca_file = disk / "ca.pem"
    ca_file.write_bytes(authority.file.read_bytes())
    authorities = Authorities(ca_file, log_ca_file)
    away = disk.rename(tmp_path / "away")
    authorities.context()
    away.rename(disk)
    authorities.context()
    assert ["tls.ca_file_refused", "tls.ca_file_usable"] == [record.message for record in caplog.records]


async def test_an_authority_that_is_replaced_while_we_run(make_pool: MakePool, tmp_path: Path) -> None:
    """A private CA expires after some years; its successor in the same file is trusted without a restart."""
    old, new = (make_authority(new_folder(tmp_path, name)) for name in ("old", "new"))
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(old.file.read_bytes())
    relay, feed = Relay(), ListFeed([message(1)])
    async with relay.listen(implicit=new.server()) as port:
        pool = make_pool(feed, port, security="tls", ca_file=ca_file)
        pool.wake()
        await until(lambda: pool.status().last_error is not None)
        ca_file.write_bytes(b"-----BEGIN")  # it is being written
        await until(lambda: not pool.is_empty)
        ca_file.write_bytes(new.file.read_bytes())
        await feed.until_settled(1)
        await pool.drain(5)
    assert Outcome.DELIVERED == feed.result(1).outcome


async def test_a_relay_that_has_old_versions_of_tls_alone(make_pool: MakePool, authority: Authority) -> None:
    """The error says so, in words that somebody can act on."""
    context = authority.server()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    feed = ListFeed([message(1)])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pool = make_pool(feed, listening.getsockname()[1], security="tls", ca_file=authority.file)
        pool.wake()
        await asyncio.to_thread(_refuse_handshake, listening, context)
        await until(lambda: pool.status().last_error is not None)
        error = pool.status().last_error
        await pool.drain(0)
    assert "TLS failed: the relay does not offer a version that Pressrun accepts (TLS 1.2 or later)" == error


def _refuse_handshake(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Blocking, since asyncio drops the connection before the alert has left."""
    connection, _ = listening.accept()
    with connection, suppress(ssl.SSLError):
        context.wrap_socket(connection, server_side=True)


def new_folder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path
