"""How many connections there are, when they take and when they close."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.delivery.relay.conftest import MakePool
from tests.delivery.relay.feed import ListFeed, message
from tests.delivery.relay.peers import HANG, Answer, but, chunking, obedient, peer
from tests.delivery.relay.test_faults import until
from tests.ports import free_port
from tests.sink import Sink

from pressrun.core.errors import BadConfiguration
from pressrun.delivery.relay.relays import Relays
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.smtp.handover import Outcome


async def test_an_idle_connection_takes_at_once(make_pool: MakePool) -> None:
    """wake() takes synchronously, and opens nothing while one is idle."""
    feed = ListFeed([message(1)])
    async with peer(obedient) as port:
        pool = make_pool(feed, port, connections=5)
        pool.wake()
        await feed.until_settled(1)
        feed.queue.append(message(2))
        pool.wake()
        assert ([1, 2], 1) == (feed.carried, pool.status().connections)
        await feed.until_settled(2)
        assert 1 == pool.status().connections


@pytest.mark.parametrize(("waiting", "limit", "opened"), [(1, 5, 1), (3, 5, 3), (9, 5, 5), (0, 5, 0)])
async def test_as_many_as_there_is_work_for(make_pool: MakePool, waiting: int, limit: int, opened: int) -> None:
    """And never more than allowed, however often it is woken."""
    feed = ListFeed([message(n) for n in range(waiting)])
    async with peer(but(GREETING=HANG)) as port:
        pool = make_pool(feed, port, connections=limit)
        for _ in range(3):
            pool.wake()
        await until(lambda: pool.status().connections == opened)
        for _ in range(3):
            pool.wake()
        assert opened == len(pool._members)
        await pool.drain(0)


@pytest.mark.parametrize(("limit", "opened"), [(1, [1, 1, 1, 1, 1]), (2, [1, 2, 2, 2, 2]), (5, [1, 2, 2, 2, 2])])
async def test_the_next_is_open_before_one_is_used_up(make_pool: MakePool, limit: int, opened: list[int]) -> None:
    """One alone, within the limit, once a fifth of the messages is through."""
    feed, seen = ListFeed(), []
    async with peer(obedient) as port:
        pool = make_pool(feed, port, connections=limit, messages_per_connection=6)
        for number in range(1, 6):
            feed.queue.append(message(number))
            pool.wake()
            await feed.until_settled(number)
            await until(lambda: not pool._opening)
            seen.append(pool.status().connections)
    assert (opened, [1, 2, 3, 4, 5]) == (seen, feed.carried)


async def test_none_is_opened_ahead_after_a_failure(make_pool: MakePool) -> None:
    """What still works goes on, and the one next to be opened is the probe."""
    feed = ListFeed([message(1)])
    async with peer(obedient) as port:
        pool = make_pool(feed, port, connections=5, messages_per_connection=6)
        pool.wake()
        await feed.until_settled(1)
        pool._careful = True
        feed.queue.append(message(2))
        pool.wake()
        await feed.until_settled(2)
        assert 1 == len(pool._members)


async def test_one_opened_ahead_that_is_not_used_is_not_opened_again(make_pool: MakePool) -> None:
    """Until those before it are used up: a relay that gets little would see connections come and go."""
    feed = ListFeed()
    async with peer(obedient) as port:
        pool = make_pool(feed, port, connections=5, messages_per_connection=6)
        for number in range(1, 6):
            feed.queue.append(message(number))
            pool.wake()
            await feed.until_settled(number)
            await until(lambda: not pool._opening)
            if number == 2:
                assert pool._ahead is not None
                pool._ahead.finish()  # as when it has been idle for too long
                await until(lambda: len(pool._members) == 1)
        assert [1] == [connection.number for connection in pool._members]


async def test_one_opened_ahead_may_be_refused(make_pool: MakePool) -> None:
    """A relay that has room for fewer than configured is no failing relay: the others go on, and it is tried once."""
    feed, greeted = ListFeed(), []

    def answers(command: str) -> Answer:
        if command == "":
            greeted.append(command)
            return obedient(command) if len(greeted) == 1 else b"421 too many\r\n"
        return obedient(command)

    async with peer(answers) as port:
        pool = make_pool(feed, port, connections=5, messages_per_connection=6)
        for number in range(1, 6):
            feed.queue.append(message(number))
            pool.wake()
            await feed.until_settled(number)
            await until(lambda: not pool._opening)
            assert pool.capacity > 0
        assert (2, None) == (len(greeted), pool.status().failing_since)


async def test_a_full_relay_gets_as_much_as_its_connections_carry(make_pool: MakePool) -> None:
    """One connection too many takes nothing away from those that work, neither in the pause after it nor later."""
    feed, greeted = ListFeed([message(number) for number in range(3)]), []

    def answers(command: str) -> Answer:
        if command == "":
            greeted.append(command)
            return obedient(command) if len(greeted) <= 2 else b"421 too many\r\n"
        return obedient(command)

    async with peer(answers) as port:
        pool = make_pool(feed, port, connections=3)
        pool.wake()
        await feed.until_settled(3)
        for refused in (1, 2):
            await until(lambda refused=refused: len(greeted) == 2 + refused and pool._retry is not None)
            assert 4 == pool.capacity, "two with PIPELINING on each of the two"


async def test_a_pool_that_cannot_try_another_connection_goes_on(make_pool: MakePool) -> None:
    """Where all that are allowed are there when the pause after a failure ends."""
    feed = ListFeed([message(1)])
    async with peer(obedient) as port:
        pool = make_pool(feed, port, connections=1)
        pool.wake()
        await feed.until_settled(1)
        pool._careful = True
        pool._try_again()
        assert 2 == pool.capacity


async def test_what_has_nothing_in_flight_goes_first(make_pool: MakePool) -> None:
    """Though another one was used last, and has room: nobody need wait behind a message that takes long."""
    holds = False

    def answers(command: str) -> Answer:
        return HANG if holds and command == "BDAT" else chunking(command)

    feed = ListFeed(map(message, range(1, 5)))
    async with peer(answers) as port:
        pool = make_pool(feed, port, connections=2, window=2)
        pool.wake()
        await feed.until_settled(4)
        await until(lambda: len(pool._idle) == 2)
        holds = True
        before = {connection: connection.carried for connection in pool._members}
        for number in (5, 6):
            feed.queue.append(message(number))
            pool.wake()
        assert [1, 1] == [connection.carried - taken for connection, taken in before.items()]
        feed.queue += map(message, (7, 8))
        pool.wake()
        assert [2, 2] == [connection.carried - taken for connection, taken in before.items()]
        for connection in list(pool._members):
            connection.abort(None)


async def test_an_idle_connection_quits(make_pool: MakePool) -> None:
    """After idle_seconds, and being woken in vain does not keep it."""
    feed, said = ListFeed([message(1)]), []

    def answers(command: str) -> Answer:
        said.append(command)
        return obedient(command)

    async with peer(answers) as port:
        pool = make_pool(feed, port, timeouts={"idle_seconds": 0.05})
        pool.wake()
        await feed.until_settled(1)

        def gone() -> bool:
            pool.wake()
            return pool.is_empty

        await until(gone)
    assert "QUIT" == said[-1]
    assert pool.status().failing_since is None


async def test_drain_finishes_what_is_in_flight(sink_program: Path, tmp_path: Path, make_pool: MakePool) -> None:
    """Nothing more is taken, what was taken is answered, and every connection says QUIT."""
    feed = ListFeed([message(n, f"slow30-{n}") for n in range(50)])
    with Sink(sink_program, tmp_path) as sink:
        pool = make_pool(feed, sink.port, connections=3)
        pool.wake()
        await feed.until_settled(5)
        await pool.drain(10)
        accepted = [line.rcpt_to for line in sink.lines()]
    assert len(feed.carried) == len(feed.settled) == len(accepted) < 50
    assert {Outcome.DELIVERED} == set(feed.outcomes.values())


async def test_drain_gives_up_in_time(make_pool: MakePool) -> None:
    """What has no answer by then is unknown when its content went out, unsent when not."""
    feed = ListFeed([message(1), message(2)])
    async with peer(but(DOT=HANG)) as port:
        pool = make_pool(feed, port, connections=1)
        pool.wake()
        await until(lambda: len(feed.carried) == 2)
        started = time.monotonic()
        await pool.drain(0.1)
        assert time.monotonic() - started < 2.0
    assert {1: Outcome.UNKNOWN, 2: Outcome.UNSENT} == feed.outcomes


async def test_a_cancelled_drain_settles_all_the_same(make_pool: MakePool) -> None:
    """Whoever is in a hurry loses no outcome."""
    feed = ListFeed([message(1)])
    async with peer(but(DOT=HANG)) as port:
        pool = make_pool(feed, port, connections=1)
        pool.wake()
        await until(lambda: len(feed.carried) == 1)
        task = asyncio.create_task(pool.drain(60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert 1 == len(feed.settled)


async def test_drain_while_connecting(make_pool: MakePool) -> None:
    """Connections that are not open yet are dropped: they hold no message."""
    feed = ListFeed([message(n) for n in range(5)])
    async with peer(but(GREETING=HANG)) as port:
        pool = make_pool(feed, port, connections=5)
        pool.wake()
        await pool.drain(5)
        assert ([], True) == (feed.carried, pool.is_empty)


def _settings(name: str, port: int) -> RelaySettings:
    return RelaySettings(name=name, host="127.0.0.1", port=port, connections=2)


async def test_a_failing_relay_is_set_aside() -> None:
    """The others take all the mail; its state is told."""
    feed = ListFeed([message(n) for n in range(40)])
    async with peer(obedient) as port:
        relays = Relays([_settings("dead", free_port()), _settings("good", port)], feed, helo_name="client.example")
        relays.wake()
        await feed.until_settled(40)
        await until(lambda: relays.statuses()[0].failing_since is not None)
        statuses = relays.statuses()
        await relays.drain(5)
    assert {"good"} == {relay for relay, _, _ in feed.settled}
    assert [("dead", True), ("good", False)] == [(s.name, s.failing_since is not None) for s in statuses]


async def test_both_relays_get_their_part() -> None:
    """Neither is left without work."""
    feed = ListFeed([message(n) for n in range(200)])
    async with peer(obedient) as first, peer(obedient) as second:
        relays = Relays([_settings("first", first), _settings("second", second)], feed, helo_name="client.example")
        relays.wake()
        await feed.until_settled(200)
        await relays.drain(5)
    assert {"first", "second"} == {relay for relay, _, _ in feed.settled}


async def test_reconfiguring_swaps_relays_under_way() -> None:
    """Connections of the old settings finish what they took; those of a relay that did not change stay."""
    feed = ListFeed([message(n) for n in range(10)])
    async with peer(obedient) as first, peer(obedient) as second:
        kept, old = _settings("kept", first), _settings("old", second)
        relays = Relays([kept, old], feed, helo_name="client.example")
        relays.wake()
        await feed.until_settled(10)
        before = relays._pools[0]
        feed.queue.extend(message(n) for n in range(10, 20))
        relays.reconfigure([kept, replace(old, name="new")])
        await feed.until_settled(20)
        assert relays._pools[0] is before
        assert ["kept", "new"] == [status.name for status in relays.statuses()]
        await relays.drain(5)
    assert sorted(range(20)) == sorted(outgoing.delivery_id for _, outgoing, _ in feed.settled)


async def test_reconfiguring_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """A certificate file that cannot be used leaves every old relay in force."""
    feed = ListFeed()
    old = _settings("old", free_port())
    relays = Relays([old], feed, helo_name="client.example")
    bad = replace(old, name="bad", security="tls", ca_file=tmp_path / "missing.pem")
    with pytest.raises(BadConfiguration, match=r"missing\.pem"):
        relays.reconfigure([replace(old, name="new"), bad])
    assert ["old"] == [status.name for status in relays.statuses()]
    await relays.drain(0)
