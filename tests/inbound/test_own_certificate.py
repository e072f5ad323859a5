"""The certificate of the listeners, and its renewal."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from tests.certificates import self_signed
from tests.inbound.mailroom import LOCAL, Mailroom, listening, open_mailroom

from pressrun.inbound.settings import SmtpSettings


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path) as opened:
        await opened.make_list()
        yield opened


async def test_a_renewed_certificate_is_used_without_a_reload(
    room: Mailroom, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A renewal writes two files, one after the other, and does not notify the daemon."""
    caplog.set_level(logging.INFO)
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    settings = SmtpSettings(listen=LOCAL, certificate_file=chain, key_file=key)
    first, second = (datetime(year, 1, 1, tzinfo=UTC) for year in (2031, 2032))
    (old_chain, old_key), (new_chain, new_key) = self_signed(first), self_signed(second)
    chain.write_bytes(old_chain)
    key.write_bytes(old_key)
    async with listening(room, settings) as listeners:
        address = listeners.addresses["smtp"]
        assert first.timestamp() == listeners.renew_certificate()
        chain.write_bytes(new_chain)
        for _ in range(2):  # half of it is there
            assert first.timestamp() == listeners.renew_certificate()
        assert old_chain == await shown_certificate(address)
        key.unlink()
        assert first.timestamp() == listeners.renew_certificate()
        key.write_bytes(new_key)
        assert second.timestamp() == listeners.renew_certificate()
        assert new_chain == await shown_certificate(address)
    said = [record.message for record in caplog.records if "certificate" in record.message]
    assert ["inbound.certificate_refused", "inbound.certificate_renewed"] == said


async def test_a_renewed_certificate_that_becomes_readable_later_is_used(
    room: Mailroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program that renews it runs as root, and gives the key to the group of the daemon a while afterwards."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    settings = SmtpSettings(listen=LOCAL, certificate_file=chain, key_file=key)
    first, second = (datetime(year, 1, 1, tzinfo=UTC) for year in (2031, 2032))
    write_pair(chain, key, first)
    async with listening(room, settings) as listeners:
        write_pair(chain, key, second)
        with monkeypatch.context() as patch:  # tests may run as root, who can read everything
            patch.setattr(ssl.SSLContext, "load_cert_chain", refuse)
            assert first.timestamp() == listeners.renew_certificate()
        key.chmod(0o640)
        assert second.timestamp() == listeners.renew_certificate()


async def test_a_certificate_that_cannot_be_measured_is_used(
    room: Mailroom, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """OpenSSL is less strict than the parser of expiry dates. Listeners serve, with one warning, and renewal works."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    settings = SmtpSettings(listen=LOCAL, certificate_file=chain, key_file=key)
    first, second = (datetime(year, 1, 1, tzinfo=UTC) for year in (2031, 2032))
    write_pair(chain, key, first)
    certificate = chain.read_bytes()
    chain.write_bytes(certificate.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"))
    async with listening(room, settings) as listeners:
        assert [None, None] == [listeners.renew_certificate() for _ in range(2)]
        assert certificate == await shown_certificate(listeners.addresses["smtp"])
        assert ["inbound.certificate_not_measured"] == [record.message for record in caplog.records]
        write_pair(chain, key, second)
        assert second.timestamp() == listeners.renew_certificate()


def write_pair(chain: Path, key: Path, expires_at: datetime) -> None:
    for path, content in zip((chain, key), self_signed(expires_at), strict=True):
        path.write_bytes(content)


def refuse(*_args: object, **_options: object) -> None:
    raise PermissionError("Permission denied")


async def shown_certificate(address: str) -> bytes:
    """The certificate of a listener, in PEM."""

    def ask() -> bytes:
        with smtplib.SMTP("127.0.0.1", int(address.rpartition(":")[2]), timeout=20) as session:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            session.starttls(context=context)
            assert isinstance(session.sock, ssl.SSLSocket)
            return ssl.DER_cert_to_PEM_cert(session.sock.getpeercert(binary_form=True) or b"").encode()

    return await asyncio.to_thread(ask)
