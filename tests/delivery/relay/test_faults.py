"""Relays that stall, speak nonsense, close or are not there: no copy is counted as delivered, none is settled twice,
and the state of the relay is told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import pytest
from tests.delivery.relay.conftest import MakePool
from tests.delivery.relay.feed import ListFeed, message
from tests.delivery.relay.peers import CLOSE, HANG, Answer, but, obedient, peer
from tests.ports import free_port

from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import Outcome, Outgoing, Stage

STALLS = {
    "MAIL": ("mail_seconds", Outcome.UNSENT, Stage.MAIL),
    "RCPT": ("rcpt_seconds", Outcome.UNSENT, Stage.RCPT),
    "DATA": ("data_seconds", Outcome.UNSENT, Stage.DATA),
    "DOT": ("final_dot_seconds", Outcome.UNKNOWN, Stage.CONTENT),
}


@pytest.mark.parametrize("command", STALLS)
async def test_a_time_out_ends_like_a_drop(make_pool: MakePool, command: str) -> None:
    """Each phase has its own, and only the content that went out is in doubt."""
    key, outcome, stage = STALLS[command]
    feed = ListFeed([message(1)])
    async with peer(but(**{command: HANG})) as port:
        pool = make_pool(feed, port, connections=1, timeouts={key: 0.05})
        pool.wake()
        await feed.until_settled(1)
        result = feed.result(1)
        assert (outcome, stage, None) == (result.outcome, result.stage, result.reply)
        assert (
            f"the relay took too long, awaiting {'CONTENT' if command == 'DOT' else command}"
            == pool.status().last_error
        )
        await pool.drain(0)


@pytest.mark.parametrize(("command", "key"), [("GREETING", "greeting_seconds"), ("EHLO", "ehlo_seconds")])
async def test_a_stall_before_the_first_message_consumes_none(make_pool: MakePool, command: str, key: str) -> None:
    """Such a connection takes nothing from the feed."""
    feed = ListFeed([message(1)])
    async with peer(but(**{command: HANG})) as port:
        pool = make_pool(feed, port, connections=1, timeouts={key: 0.05})
        pool.wake()
        await until(lambda: pool.status().failing_since is not None)
        await pool.drain(0)
    assert ([], []) == (feed.carried, feed.settled)


async def test_a_relay_that_stops_reading(make_pool: MakePool) -> None:
    """Writing that does not get on is given up after block_seconds."""
    stop = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 peer\r\n")
        for reply in (b"250 peer\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            await reader.readline()
            writer.write(reply)
        await stop.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1024)
    feed = ListFeed([message(1, content=b"x" * 76 + b"\r\n" + b"y" * 30_000_000 + b"\r\n")])
    pool = make_pool(feed, server.sockets[0].getsockname()[1], connections=1, timeouts={"block_seconds": 0.2})
    pool.wake()
    await feed.until_settled(1)
    assert Outcome.UNKNOWN is feed.result(1).outcome
    assert "the relay took too long, sending" == pool.status().last_error
    await pool.drain(0)
    stop.set()
    server.close()
    await server.wait_closed()


async def test_a_relay_that_trickles(make_pool: MakePool) -> None:
    """A reply has its time as a whole: more lines of it are no progress."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 peer\r\n")
        for reply in (b"250 peer\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            await reader.readline()
            writer.write(reply)
        while not reader.at_eof():
            writer.write(b"250-wait\r\n")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(65536), 0.02)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    feed = ListFeed([message(1)])
    port = server.sockets[0].getsockname()[1]
    pool = make_pool(feed, port, connections=1, timeouts={"final_dot_seconds": 0.2})
    pool.wake()
    await feed.until_settled(1)
    assert Outcome.UNKNOWN is feed.result(1).outcome
    assert "the relay took too long, awaiting CONTENT" == pool.status().last_error
    await pool.drain(0)
    server.close()
    await server.wait_closed()


NONSENSE = {
    "MAIL": (b"what?\r\n", Outcome.UNSENT, Stage.MAIL),
    "RCPT": (b"\xff\xfe\x00\r\n", Outcome.UNSENT, Stage.RCPT),
    "DATA": (b"250 ok\r\n", Outcome.UNSENT, Stage.DATA),
    "DOT": (b"2OO ok\r\n", Outcome.UNKNOWN, Stage.CONTENT),
}


@pytest.mark.parametrize("command", NONSENSE)
async def test_nonsense_ends_the_connection(make_pool: MakePool, command: str) -> None:
    """What is no proper reply never makes a copy delivered."""
    answer, outcome, stage = NONSENSE[command]
    feed = ListFeed([message(1)])
    async with peer(but(**{command: answer})) as port:
        pool = make_pool(feed, port, connections=1)
        pool.wake()
        await feed.until_settled(1)
        assert (outcome, stage) == (feed.result(1).outcome, feed.result(1).stage)
        assert pool.status().failing_since == 1000.0
        await pool.drain(0)


async def test_a_relay_that_always_breaks_off_is_tried_with_care(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lets us in and closes at the first MAIL: one probe at a time, ever more slowly, though it opens each time."""
    monkeypatch.setattr("pressrun.delivery.relay.health.FIRST_DELAY_SECONDS", 3600.0)
    monkeypatch.setattr("pressrun.delivery.relay.health.LONGEST_DELAY_SECONDS", 3600.0)
    feed, greeted = ListFeed([message(1)], requeue=True), 0

    def answers(command: str) -> Answer:
        nonlocal greeted
        greeted += command == ""
        return CLOSE if command == "MAIL" else obedient(command)

    async with peer(answers) as port:
        pool = make_pool(feed, port, connections=3)
        pool.wake()
        await until(lambda: pool.status().failing_since is not None and pool.is_empty)
        for _ in range(20):
            pool.wake()
            await asyncio.sleep(0)
        assert (1, 1) == (greeted, len(feed.queue))


async def test_a_relay_that_recovers(make_pool: MakePool, caplog: pytest.LogCaptureFixture) -> None:
    """Failures and recovery are logged once each, not once an attempt; then all mail goes."""
    caplog.set_level(logging.INFO, "pressrun.relay")
    feed, attempts = ListFeed([message(n) for n in range(20)]), 0

    def answers(command: str) -> Answer:
        nonlocal attempts
        if command == "":
            attempts += 1
            return b"421 4.3.2 not now\r\n" if attempts <= 6 else obedient("")
        return obedient(command)

    async with peer(answers) as port:
        pool = make_pool(feed, port, connections=4)
        pool.wake()
        await until(lambda: pool.status().failing_since == 1000.0)
        assert "the relay closes: 421 4.3.2 not now" == pool.status().last_error
        assert [] == feed.carried
        await feed.until_settled(20)
        assert (None, None) == (pool.status().failing_since, pool.status().last_error)
        await pool.drain(5)
    assert {Outcome.DELIVERED} == set(feed.outcomes.values())
    events = [record.getMessage() for record in caplog.records if record.name == "pressrun.relay"]
    assert ["relay.failing", "relay.recovered"] == events


async def test_a_failing_relay_is_tried_at_once_when_somebody_asks(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often they ask, one probe at a time; one that fails begins the delays anew."""
    monkeypatch.setattr("pressrun.delivery.relay.health.FIRST_DELAY_SECONDS", 60.0)
    feed, greetings = ListFeed([message(n) for n in range(5)]), 0

    def answers(command: str) -> Answer:
        nonlocal greetings
        greetings += command == ""
        return b"421 4.3.2 not now\r\n" if command == "" and greetings <= 2 else obedient(command)

    async with peer(answers) as port:
        pool = make_pool(feed, port, connections=1)
        for probes in (1, 2):
            pool.wake()
            await until(lambda: pool.is_empty and pool._retry is not None)
            assert (probes, 1) == (greetings, pool._health._strikes)
            for _ in range(5):
                pool.probe_now()
        await feed.until_settled(5)
        await pool.drain(5)
    assert (3, {Outcome.DELIVERED}) == (greetings, set(feed.outcomes.values()))


async def test_a_relay_that_works_is_not_probed(make_pool: MakePool) -> None:
    """No connection is opened for it."""
    feed = ListFeed([message(1)])
    async with peer(but()) as port:
        pool = make_pool(feed, port)
        pool.probe_now()
        assert pool.is_empty
        pool.wake()
        await feed.until_settled(1)
        pool.probe_now()
        assert 1 == pool.status().connections == len(pool._members)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (but(GREETING=b"554 5.3.2 closed\r\n"), "GREETING was refused: 554 5.3.2 closed"),
        (but(EHLO=b"450 later\r\n"), "EHLO was refused: 450 later"),
        (but(GREETING=CLOSE), "the connection was closed by the relay, awaiting GREETING"),
        (but(GREETING=b"HTTP/1.1 400 Bad Request\r\n"), "invalid reply: 'HTTP/1.1 400 Bad Request'"),
    ],
)
async def test_failures_before_the_first_message(make_pool: MakePool, answers: object, error: str) -> None:
    """They consume no message and say what was wrong."""
    feed = ListFeed([message(1)])
    async with peer(answers) as port:  # type: ignore[arg-type]  # one of the two shapes of parametrize
        pool = make_pool(feed, port)
        pool.wake()
        await until(lambda: pool.status().last_error is not None)
        assert error == pool.status().last_error
        await pool.drain(0)
    assert [] == feed.carried


async def test_nobody_listens(make_pool: MakePool) -> None:
    """A refused connection consumes no message and says what was wrong."""
    feed = ListFeed([message(1)])
    pool = make_pool(feed, free_port())
    pool.wake()
    await until(lambda: pool.status().failing_since is not None)
    assert ("cannot connect: Connection refused", []) == (pool.status().last_error, feed.carried)
    await pool.drain(0)


async def test_faults_of_the_feed_break_nothing(make_pool: MakePool, caplog: pytest.LogCaptureFixture) -> None:
    """take and settle that raise are logged with the message's id; the dialogue goes on."""

    class FaultyFeed(ListFeed):
        def record(self, relay: str, outcomes: Sequence[RecipientOutcome]) -> None:
            super().record(relay, outcomes)
            if outcomes[0].outgoing.delivery_id == 1:
                raise RuntimeError("disk full")

        def next(self, relay: str) -> Outgoing | None:
            if len(self.carried) == 2 and len(self.queue) == 1:
                self.carried.append(0)
                raise RuntimeError("database is locked")
            return super().next(relay)

    feed = FaultyFeed([message(1), message(2), message(3)])
    async with peer(obedient) as port:
        pool = make_pool(feed, port, connections=1)
        pool.wake()
        await feed.until_settled(2)
        pool.wake()
        await feed.until_settled(3)
    assert [Outcome.DELIVERED] * 3 == [result.outcome for _, _, result in feed.settled]
    assert {"relay.claim_error", "relay.record_error"} == {record.getMessage() for record in caplog.records}


async def until(condition: object, seconds: float = 10.0) -> None:
    """Turn the loop until the condition holds: for states that nobody announces."""
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.001)
