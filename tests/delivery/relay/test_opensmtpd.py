"""The pool against the real OpenSMTPD, which offers neither PIPELINING nor CHUNKING, with refusals among the copies."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.delivery.relay.conftest import MakePool
from tests.delivery.relay.feed import ListFeed
from tests.opensmtpd import OpenSmtpd

from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.handover import Outcome, Outgoing, Stage

pytestmark = pytest.mark.needs("opensmtpd")

COUNT = 60
_FARES = {
    0: ("hard", Outcome.REFUSED, Stage.RCPT),
    4: ("soft", Outcome.DEFERRED, Stage.RCPT),
    8: ("late", Outcome.REFUSED, Stage.CONTENT),
}
_WELL = ("good", Outcome.DELIVERED, Stage.CONTENT)


@pytest.fixture
def opensmtpd() -> Iterator[OpenSmtpd]:
    """In a folder that everybody can get into; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="relay."))
    folder.chmod(0o755)
    try:
        with OpenSmtpd(folder) as opensmtpd:
            yield opensmtpd
    finally:
        shutil.rmtree(folder)


def _mail(number: int) -> Outgoing:
    start, _, _ = _FARES.get(number % 12, _WELL)
    sender = f"late-bounces+{number}@news.example" if start == "late" else f"news-bounces+{number}@news.example"
    fields = (
        f"Subject: Hello {number}\r\nDate: Mon, 3 Mar 2025 09:00:00 +0000\r\nMessage-ID: <{number}@news.example>\r\n"
    )
    content = f"{fields}\r\n.dots\r\n..\r\n.\r\n{number * 'x'}\r\n"
    return Outgoing(number, sender, f"{start}-{number}@readers.example", content.encode())


async def test_each_copy_fares_as_its_reader_does(
    opensmtpd: OpenSmtpd, make_pool: MakePool, caplog: pytest.LogCaptureFixture
) -> None:
    """Each good copy arrives once, octet for octet, under its own return path; asked only what is offered."""
    mail = {number: _mail(number) for number in range(COUNT)}
    feed = ListFeed(mail.values())
    pool = make_pool(feed, opensmtpd.port, connections=3, window=8)
    pool.wake()
    await feed.until_settled(COUNT)
    ways = {member.mode for member in pool._members}
    await pool.drain(5)
    fares = {number: _FARES.get(number % 12, _WELL)[1:] for number in mail}
    good = [mail[number] for number, (outcome, _) in fares.items() if outcome is Outcome.DELIVERED]
    arrived = opensmtpd.arrived(len(good))
    assert fares == {outgoing.delivery_id: (result.outcome, result.stage) for _, outgoing, result in feed.settled}
    assert sorted((copy.mail_from, copy.rcpt_to, copy.content) for copy in good) == sorted(
        (copy.mail_from, copy.rcpt_to, copy.content) for copy in arrived
    )
    assert {DeliveryMode.LOCK_STEP} == ways
    assert [] == [record.getMessage() for record in caplog.records if record.getMessage() == "relay.fallback"]
