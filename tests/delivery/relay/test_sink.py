"""The pool against a real relay on a real socket, which injects every outcome there is."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.delivery.relay.conftest import MakePool
from tests.delivery.relay.feed import ListFeed, message
from tests.sink import Sink

from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.handover import HandOver, Outcome, Stage

# What the sink is to offer for each way.
WAYS = {
    DeliveryMode.CHUNKING: (),
    DeliveryMode.PIPELINING: ("--no-chunking",),
    DeliveryMode.LOCK_STEP: ("--no-pipelining",),
}
both = pytest.mark.parametrize("way", [DeliveryMode.CHUNKING, DeliveryMode.PIPELINING])


@pytest.mark.parametrize("way", DeliveryMode)
async def test_every_reader_gets_exactly_one_copy(
    sink_program: Path, tmp_path: Path, make_pool: MakePool, way: DeliveryMode
) -> None:
    """Each under its own return path, octet for octet, by few connections, and with nothing said out of turn."""
    contents = {n: b"Subject: %d\r\n\r\n.dots\r\n..\r\n" % n + b"x" * (n * 7) for n in range(300)}
    feed = ListFeed([message(n, content=content) for n, content in contents.items()])
    with Sink(sink_program, tmp_path, "--lint", *WAYS[way]) as sink:
        pool = make_pool(feed, sink.port, connections=4, messages_per_connection=1000, window=8)
        pool.wake()
        await feed.until_settled(300)
        await pool.drain(5)
        lines, stats = sink.lines(), sink.stats()
    assert {Outcome.DELIVERED} == set(feed.outcomes.values())
    got = {(line.status, line.mail_from, line.rcpt_to, line.sha) for line in lines}
    assert len(lines) == 300
    assert got == {
        ("A", f"news-bounces+{n}@news.example", f"reader-{n}@readers.example", _sha(_ended(content)))
        for n, content in contents.items()
    }
    assert {0} == {stats[name] for name in ("errors", "early_talk", "bare_lf", "nul")}
    assert {DeliveryMode.CHUNKING: 300}.get(way, 0) == stats["bdat_msgs"]


INJECTIONS: dict[str, list[tuple[Outcome, Stage, int | None]]] = {
    "hard-a": [(Outcome.REFUSED, Stage.RCPT, 550)],
    "soft1-b": [(Outcome.DEFERRED, Stage.RCPT, 451), (Outcome.DELIVERED, Stage.CONTENT, 250)],
    "shut1-c": [(Outcome.DEFERRED, Stage.RCPT, 421), (Outcome.DELIVERED, Stage.CONTENT, 250)],
    "dhard-d": [(Outcome.REFUSED, Stage.CONTENT, 554)],
    "dsoft1-e": [(Outcome.DEFERRED, Stage.CONTENT, 451), (Outcome.DELIVERED, Stage.CONTENT, 250)],
    "drop1-f": [(Outcome.UNKNOWN, Stage.CONTENT, None), (Outcome.DELIVERED, Stage.CONTENT, 250)],
    # With CHUNKING the content is on its way before the connection is closed at the envelope.
    "cut1-g": [(Outcome.UNSENT, Stage.DATA, None), (Outcome.DELIVERED, Stage.CONTENT, 250)],
    "slow50-h": [(Outcome.DELIVERED, Stage.CONTENT, 250)],
}


@pytest.mark.parametrize(
    ("way", "window"),
    [(DeliveryMode.CHUNKING, 8), (DeliveryMode.CHUNKING, 1), (DeliveryMode.PIPELINING, 1), (DeliveryMode.LOCK_STEP, 1)],
)
@pytest.mark.parametrize("recipient", INJECTIONS)
async def test_each_outcome(
    sink_program: Path, tmp_path: Path, make_pool: MakePool, recipient: str, way: DeliveryMode, window: int
) -> None:
    """A message fares as its recipient is treated, the one behind it is delivered, under its own return path."""
    with Sink(sink_program, tmp_path, *WAYS[way]) as sink:
        for attempt, expected in enumerate(INJECTIONS[recipient]):
            if expected[0] is Outcome.UNSENT and way is DeliveryMode.CHUNKING:
                expected = (Outcome.UNKNOWN, Stage.CONTENT, None)  # noqa: PLW2901
            feed = ListFeed([message(1, recipient), message(2, f"after-{attempt}")], requeue=False)
            pool = make_pool(feed, sink.port, connections=1, window=window)
            pool.wake()
            await feed.until_settled(2)
            await pool.drain(5)
            result = feed.result(1)
            assert expected == (result.outcome, result.stage, result.reply and result.reply.code)
            behind = feed.result(2).outcome
            accepted = [(line.mail_from, line.rcpt_to) for line in sink.lines() if line.status == "A"]
            after = ("news-bounces+2@news.example", f"after-{attempt}@readers.example")
            assert [after] * (behind is Outcome.DELIVERED) == [pair for pair in accepted if pair[1] == after[1]]
            assert _fate_behind(result, way, window) is behind
            assert (expected[0] is Outcome.DELIVERED) == any(rcpt.startswith(recipient) for _, rcpt in accepted)


def _fate_behind(result: HandOver, way: DeliveryMode, window: int) -> Outcome:
    """What becomes of a second message when the first fared like that."""
    shut = result.reply is not None and result.reply.code == 421
    if way is DeliveryMode.CHUNKING and window > 1 and (shut or result.outcome is Outcome.UNKNOWN):
        return Outcome.UNSENT if shut else Outcome.UNKNOWN
    if way is DeliveryMode.PIPELINING and result.outcome is Outcome.UNKNOWN:
        return Outcome.UNSENT  # its envelope travelled behind the content
    return Outcome.DELIVERED


@both
async def test_a_mixed_run_settles_everything_once(
    sink_program: Path, tmp_path: Path, make_pool: MakePool, way: DeliveryMode
) -> None:
    """With every injection among good recipients, good ones are delivered once and nothing is lost or settled twice."""
    names = [name.replace("slow50", "slow5") for name in INJECTIONS]
    mail = [message(n, f"{names[n // 20 % len(names)]}-{n}" if n % 20 == 0 else "") for n in range(400)]
    feed = ListFeed(mail, requeue=True)
    with Sink(sink_program, tmp_path, *WAYS[way]) as sink:
        pool = make_pool(feed, sink.port, connections=5, messages_per_connection=50, window=6)
        pool.wake()
        await feed.until_settled(400)
        await pool.drain(5)
        accepted = [line.rcpt_to for line in sink.lines() if line.status == "A"]
    assert sorted(range(400)) == sorted(outgoing.delivery_id for _, outgoing, _ in feed.settled)
    assert len(accepted) == len(set(accepted))
    delivered = {o.rcpt_to for _, o, r in feed.settled if r.outcome is Outcome.DELIVERED}
    in_doubt = {o.rcpt_to for _, o, r in feed.settled if r.outcome is Outcome.UNKNOWN}
    assert delivered <= set(accepted) <= delivered | in_doubt
    assert {o.rcpt_to for o in mail if o.delivery_id % 20} <= delivered | in_doubt
    assert len(in_doubt) <= (2 * 3 + 2 * 3) * 6  # six messages are in flight at most when one connection is lost
    if way is DeliveryMode.PIPELINING:
        assert {o.rcpt_to for o in mail if o.delivery_id % 20} <= delivered == set(accepted)


@pytest.mark.parametrize("octets", [1, 7])
async def test_replies_in_pieces(sink_program: Path, tmp_path: Path, make_pool: MakePool, octets: int) -> None:
    """It makes no difference how few octets come at a time, with refusals of each kind in flight."""
    names = ("", "hard-", "dhard-", "soft0-", "", "dsoft0-", "")
    mail = [message(n, f"{names[n % 7]}{n}") for n in range(140)]
    feed = ListFeed(mail)
    with Sink(sink_program, tmp_path, "--pieces", str(octets)) as sink:
        pool = make_pool(feed, sink.port, connections=2, window=5)
        pool.wake()
        await feed.until_settled(140)
        await pool.drain(5)
        accepted = [line.rcpt_to for line in sink.lines() if line.status == "A"]
    expected = {"": Outcome.DELIVERED, "h": Outcome.REFUSED, "d": Outcome.REFUSED, "s": Outcome.DEFERRED}
    wanted = {n: Outcome.DEFERRED if names[n % 7] == "dsoft0-" else expected[names[n % 7][:1]] for n in range(140)}
    assert wanted == feed.outcomes
    assert sorted(accepted) == sorted(m.rcpt_to for m in mail if wanted[m.delivery_id] is Outcome.DELIVERED)


@pytest.mark.parametrize("window", [1, 4, 16])
async def test_a_drop_with_some_unanswered(
    sink_program: Path, tmp_path: Path, make_pool: MakePool, window: int
) -> None:
    """No more copies are in doubt than were in flight; what was answered stands, and nobody got two."""
    feed = ListFeed([message(n) for n in range(400)], requeue=True)
    with Sink(sink_program, tmp_path, "--drop-every", "50") as sink:
        pool = make_pool(feed, sink.port, connections=1, window=window)
        pool.wake()
        await feed.until_settled(400)
        await pool.drain(5)
        lines = sink.lines()
    drops = sum(line.status == "D" for line in lines)
    in_doubt = {o.rcpt_to for _, o, r in feed.settled if r.outcome is Outcome.UNKNOWN}
    delivered = {o.rcpt_to for _, o, r in feed.settled if r.outcome is Outcome.DELIVERED}
    assert drops >= 1
    assert {line.rcpt_to for line in lines if line.status == "D"} <= in_doubt
    assert len(in_doubt) <= drops * window
    assert delivered == {line.rcpt_to for line in lines if line.status == "A"} - in_doubt
    assert len(lines) == len({line.rcpt_to for line in lines})


@both
async def test_a_relay_that_ends_each_connection_after_three(
    sink_program: Path, tmp_path: Path, make_pool: MakePool, way: DeliveryMode
) -> None:
    """421 behind an accepted message costs the one whose MAIL it answers a deferral, and nobody a second copy."""
    feed = ListFeed([message(n) for n in range(30)], requeue=way is DeliveryMode.CHUNKING)
    with Sink(sink_program, tmp_path, "--max-msgs", "3", *WAYS[way]) as sink:
        pool = make_pool(feed, sink.port, connections=2, window=2)
        pool.wake()
        await feed.until_settled(30)
        accepted = [line.rcpt_to for line in sink.lines() if line.status == "A"]
        assert pool.status().failing_since is None
    assert len(accepted) == len(set(accepted))
    outcomes = list(feed.outcomes.values())
    assert len(accepted) == outcomes.count(Outcome.DELIVERED)
    assert {Outcome.DELIVERED, Outcome.DEFERRED, Outcome.UNSENT} >= set(outcomes)


@both
async def test_connections_are_replaced_after_their_share(
    sink_program: Path, tmp_path: Path, make_pool: MakePool, way: DeliveryMode
) -> None:
    """messages_per_connection holds exactly, and a replacement is opened while there is work."""
    feed = ListFeed([message(n) for n in range(25)])
    with Sink(sink_program, tmp_path, *WAYS[way]) as sink:
        pool = make_pool(feed, sink.port, connections=1, messages_per_connection=10, window=4)
        pool.wake()
        await feed.until_settled(25)
        per_connection = [line.connection for line in sink.lines()]
    assert [10, 10, 5] == [per_connection.count(n) for n in sorted(set(per_connection))]


@pytest.mark.parametrize("way", DeliveryMode)
async def test_a_connection_ends_when_one_kind_has_had_its_share(
    sink_program: Path, tmp_path: Path, make_pool: MakePool, way: DeliveryMode
) -> None:
    """No connection carries more of a kind than it may, whatever goes between; each message goes once."""
    plain = [message(n, f"plain-{n}") for n in range(20)]
    bound = [replace(message(100 + n, f"bound-{n}"), kind="bound", most=3) for n in range(10)]
    feed = ListFeed([outgoing for pair in zip(plain[::2], bound, plain[1::2], strict=True) for outgoing in pair])
    with Sink(sink_program, tmp_path, *WAYS[way]) as sink:
        pool = make_pool(feed, sink.port, connections=2, window=4)
        pool.wake()
        await feed.until_settled(30)
        await pool.drain(5)
        lines = sink.lines()
    carried = Counter(line.connection for line in lines if line.rcpt_to.startswith("bound"))
    assert (30, 30) == (len(lines), len({line.rcpt_to for line in lines}))
    assert max(carried.values()) == 3


async def test_a_relay_with_few_connections_to_give(sink_program: Path, tmp_path: Path, make_pool: MakePool) -> None:
    """Refusing further connections is no failure while others work, and all mail goes."""
    feed = ListFeed([message(n) for n in range(200)])
    with Sink(sink_program, tmp_path, "--max-conn", "2", "--delay-data", "2") as sink:
        pool = make_pool(feed, sink.port, connections=8)
        pool.wake()
        await feed.until_settled(200)
        assert pool.status().failing_since is None
        await pool.drain(5)
    assert {Outcome.DELIVERED} == set(feed.outcomes.values())


@both
async def test_a_large_message_and_a_slow_peer(
    sink_program: Path, tmp_path: Path, make_pool: MakePool, way: DeliveryMode
) -> None:
    """Content far beyond the write buffer arrives whole."""
    content = b"Subject: large\r\n\r\n" + b"." * 76 + (b"\r\n" + b"." * 76) * 120_000 + b"\r\n"
    feed = ListFeed([message(1, content=content), message(2)])
    with Sink(sink_program, tmp_path, *WAYS[way]) as sink:
        pool = make_pool(feed, sink.port, connections=1)
        pool.wake()
        await feed.until_settled(2)
        shas = [line.sha for line in sink.lines()]
    assert _sha(content) == shas[0]


def _ended(content: bytes) -> bytes:
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
