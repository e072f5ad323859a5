"""The demo's own SMTP server: it keeps messages, and refuses on purpose."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.delivery.relay.conftest import MakePool
from tests.delivery.relay.feed import ListFeed, message

from pressrun.daemon.demo_capture import Capture
from pressrun.smtp.handover import Outcome, Outgoing, Stage
from pressrun.web.editors.demo import DemoRefusal


@pytest.fixture
async def capture() -> AsyncIterator[Capture]:
    """A capture that is stopped afterwards."""
    capture = Capture(clock=lambda: 1000.0, max_messages=5)
    yield capture
    await capture.stop()


async def test_messages_are_kept_newest_first(capture: Capture, make_pool: MakePool) -> None:
    """Octet for octet with their envelopes, the oldest forgotten first."""
    _, port = await capture.start()
    mail = [message(n, content=b"Subject: %d\r\n\r\n.dot\r\n" % n) for n in range(1, 8)]
    feed = ListFeed(
        [*mail, Outgoing(8, "", "reader@readers.example", b"Subject: 8\r\n\r\n\xc3\xb6\r\n", eight_bit=True)]
    )
    pool = make_pool(feed, port, connections=1)
    pool.wake()
    await feed.until_settled(8)
    assert [8, 7, 6, 5, 4] == [kept.id for kept in capture.messages]
    first, second = capture.messages[:2]
    assert ("", ("reader@readers.example",), b"Subject: 8\r\n\r\n\xc3\xb6\r\n", 1000.0) == (
        first.mail_from, first.rcpt_to, first.content, first.received_at,
    )  # fmt: skip
    assert ("news-bounces+7@news.example", mail[6].content) == (second.mail_from, second.content)
    assert {Outcome.DELIVERED} == set(feed.outcomes.values())


@pytest.mark.parametrize(
    ("recipient", "outcome", "code", "enhanced"),
    [
        ("hard-one", Outcome.REFUSED, 550, "5.1.1"),
        ("Blocked-one", Outcome.REFUSED, 550, "5.7.1"),
        ("full-one", Outcome.DEFERRED, 452, "4.2.2"),
        ("soft-one", Outcome.DEFERRED, 451, "4.2.1"),
        ("slow-one", Outcome.DELIVERED, 250, "2.0.0"),
    ],
)
async def test_recipients_that_misbehave(
    capture: Capture,
    make_pool: MakePool,
    monkeypatch: pytest.MonkeyPatch,
    recipient: str,
    outcome: Outcome,
    code: int,
    enhanced: str,
) -> None:
    """Each fares as its name says; the one behind is delivered."""
    monkeypatch.setattr("pressrun.daemon.demo_capture.SLOW_SECONDS", 0.05)
    _, port = await capture.start()
    feed = ListFeed([message(1, recipient), message(2)])
    pool = make_pool(feed, port, connections=1)
    pool.wake()
    await feed.until_settled(2)
    result = feed.result(1)
    assert result.reply is not None
    assert (outcome, code, enhanced) == (result.outcome, result.reply.code, result.reply.enhanced)
    assert (result.stage is Stage.CONTENT) == (outcome is Outcome.DELIVERED)
    assert Outcome.DELIVERED is feed.result(2).outcome


async def test_soft_is_accepted_the_third_time(capture: Capture, make_pool: MakePool) -> None:
    """Twice refused for now, then taken; the refusals are counted."""
    _, port = await capture.start()
    feed = ListFeed([message(n, "soft-one") for n in range(3)])
    pool = make_pool(feed, port, connections=1)
    pool.wake()
    await feed.until_settled(3)
    assert [Outcome.DEFERRED, Outcome.DEFERRED, Outcome.DELIVERED] == [feed.outcomes[n] for n in range(3)]
    assert [
        DemoRefusal(
            recipient="soft-one@readers.example", reply="451 4.2.1 The mailbox cannot take mail just now", count=2
        )
    ] == capture.refusals


async def test_stopping_with_a_session_open(capture: Capture, make_pool: MakePool) -> None:
    """It closes what is open, and may be started again."""
    _, port = await capture.start()
    feed = ListFeed([message(1)])
    pool = make_pool(feed, port, connections=1)
    pool.wake()
    await feed.until_settled(1)
    await capture.stop()
    await capture.stop()
    await pool.drain(5)
    host, _ = await capture.start()
    assert "127.0.0.1" == host
