"""Dead addresses one after another: nothing slows down, and the relay does not count as failing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from tests.delivery.relay.conftest import MakePool
from tests.delivery.relay.feed import ListFeed, message
from tests.delivery.relay.peers import CLOSE, Answer, but, chunking, obedient, peer

from pressrun.smtp.handover import Outcome, Outgoing

HARD, GOOD = 60, 70


def edition() -> Iterable[Outgoing]:
    """Good addresses, then dead ones, then good ones."""
    return [message(n, f"{'hard' if GOOD <= n < GOOD + HARD else 'good'}-{n}") for n in range(2 * GOOD + HARD)]


class StrictRelay:
    """Closes each connection with 421 after so many errors without a delivery; tells the recipients by their number."""

    def __init__(self, feed: ListFeed, most_errors: int, answers: Callable[[str], Answer]) -> None:
        self._feed, self._most_errors, self._answers = feed, most_errors, answers
        self.sent_away = self._errors = self._decided = 0

    def __call__(self, command: str) -> Answer:
        """One connection at a time, one message in flight."""
        if command == "":
            self._errors = 0
        if self._errors >= self._most_errors and command != "QUIT":
            self.sent_away += 1
            return b"421 4.7.0 too many errors\r\n"
        is_dead = bool(self._feed.carried) and GOOD <= self._feed.carried[-1] < GOOD + HARD
        if command in {"RCPT", "DATA", "BDAT"} and is_dead:
            self._errors += 1
            return b"550 5.1.1 no such mailbox\r\n" if command == "RCPT" else b"554 no valid recipients\r\n"
        if command in {".", "BDAT"}:
            self._errors = 0
        return self._answers(command)


@pytest.mark.parametrize("answers", [obedient, chunking])
async def test_a_relay_that_closes_after_ten_errors_is_never_driven_to_it(
    make_pool: MakePool, answers: Callable[[str], Answer], caplog: pytest.LogCaptureFixture
) -> None:
    """Each copy has the outcome of its own recipient, once."""
    feed = ListFeed(edition())
    relay = StrictRelay(feed, 10, answers)
    async with peer(relay) as port:
        pool = make_pool(feed, port, connections=1)
        pool.wake()
        await feed.until_settled(2 * GOOD + HARD)
        await pool.drain(5)
    assert 0 == relay.sent_away
    expected = [Outcome.REFUSED if GOOD <= n < GOOD + HARD else Outcome.DELIVERED for n in range(2 * GOOD + HARD)]
    assert expected == [result.outcome for _, _, result in feed.settled]
    assert [] == [record.getMessage() for record in caplog.records if record.name == "pressrun.relay"]


@pytest.mark.parametrize("instead_of_the_reply", [b"421 4.7.0 too many errors\r\n", CLOSE])
async def test_a_relay_that_closes_at_the_first_refusal_is_not_failing(
    make_pool: MakePool, instead_of_the_reply: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """As Postfix does under load: it has decided about the recipient, so there is no reason to wait or fall back."""
    feed = ListFeed([message(n) for n in range(20)])
    refusing = but(RCPT=b"550 5.1.1 no such mailbox\r\n", BDAT=instead_of_the_reply)
    async with peer(lambda command: chunking(command) if command == "EHLO" else refusing(command)) as port:
        pool = make_pool(feed, port, connections=1)
        pool.wake()
        await feed.until_settled(20)
        assert pool.status().failing_since is None
        await pool.drain(5)
    assert [Outcome.REFUSED] * 20 == [result.outcome for _, _, result in feed.settled]
    assert {"relay.connection_broken"} >= {r.getMessage() for r in caplog.records if r.name == "pressrun.relay"}
