"""The pool against the real Postfix, in each way, with refusals of each kind among good copies."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.delivery.relay.conftest import MakePool
from tests.delivery.relay.feed import ListFeed, message
from tests.delivery.relay.postfix import PostfixRelay

from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.handover import Outcome, Outgoing, Stage

pytestmark = pytest.mark.needs("postfix", "root")

COUNT = 120


@pytest.fixture(scope="module")
def postfix() -> Iterator[PostfixRelay]:
    """A Postfix that runs, in a folder that its user can get into; pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="relay."))
    folder.chmod(0o755)
    try:
        with PostfixRelay(folder / "postfix") as postfix:
            yield postfix
    finally:
        shutil.rmtree(folder)


def _mail(start: str, number: int) -> Outgoing:
    """Every fifteenth is refused or deferred at RCPT, every fortieth at its content."""
    recipient = f"{start}-{ {0: 'hard', 7: 'soft'}.get(number % 15, 'good') }-{number}"
    subject = "refuse me" if number % 40 == 5 else f"Hello {number}"
    content = f"Subject: {subject}\r\nX-Number: {number}\r\n\r\n.dots\r\n..\r\n.\r\n{number * 'x'}\r\n"
    return message(number, recipient, content.encode())


def _expected(number: int) -> tuple[Outcome, Stage]:
    if number % 15 in {0, 7}:
        return (Outcome.REFUSED if number % 15 == 0 else Outcome.DEFERRED), Stage.RCPT
    return (Outcome.REFUSED if number % 40 == 5 else Outcome.DELIVERED), Stage.CONTENT


@pytest.mark.parametrize("way", DeliveryMode)
async def test_each_copy_fares_as_its_reader_does(
    postfix: PostfixRelay, make_pool: MakePool, way: DeliveryMode, caplog: pytest.LogCaptureFixture
) -> None:
    """Each good copy lies in the mailbox once, octet for octet, under its own return path; no other does."""
    start = way.value.replace(" ", "-").lower()
    mail = {number: _mail(start, number) for number in range(COUNT)}
    feed = ListFeed(mail.values())
    pool = make_pool(feed, postfix.ports[way], connections=3, window=8)
    pool.wake()
    await feed.until_settled(COUNT, 60)
    ways = {member.mode for member in pool._members}
    await pool.drain(5)
    good = {number for number in mail if _expected(number)[0] is Outcome.DELIVERED}
    taken = postfix.taken(start, len(good))
    results = {outgoing.delivery_id: (result.outcome, result.stage) for _, outgoing, result in feed.settled}
    assert {number: _expected(number) for number in mail} == results
    assert len(taken) == len(good)
    assert {(mail[n].mail_from, mail[n].rcpt_to, mail[n].content) for n in good} == {
        (copy.mail_from, copy.rcpt_to, copy.content) for copy in taken
    }
    assert {way} == ways
    assert [] == [line for line in postfix.log().splitlines() if "warning" in line or "command pipelining" in line]
    assert [] == [record.getMessage() for record in caplog.records if record.getMessage() == "relay.fallback"]


@pytest.mark.parametrize("way", DeliveryMode)
async def test_many_dead_addresses_in_a_row_slow_nothing_down(
    postfix: PostfixRelay, make_pool: MakePool, way: DeliveryMode, caplog: pytest.LogCaptureFixture
) -> None:
    """No session makes the ten errors after which Postfix delays replies, and each copy fares as its reader does."""
    start, dead = f"dead-{way.value.replace(' ', '-').lower()}", range(40, 100)
    before = len(postfix.errors())
    feed = ListFeed(message(n, f"{start}-{'hard' if n in dead else 'good'}-{n}") for n in range(140))
    pool = make_pool(feed, postfix.ports[way], connections=2)
    pool.wake()
    await feed.until_settled(140, 60)
    await pool.drain(5)
    expected = {n: Outcome.REFUSED if n in dead else Outcome.DELIVERED for n in range(140)}
    assert (140, expected) == (len(feed.settled), feed.outcomes)
    assert 80 == len({copy.rcpt_to for copy in postfix.taken(start, 80)}) == len(postfix.taken(start, 80))
    errors = postfix.errors()[before:]
    assert sum(errors) >= len(dead)
    assert max(errors) < 10
    assert "too many errors" not in postfix.log()
    assert [] == [record.getMessage() for record in caplog.records if record.getMessage() == "relay.fallback"]
