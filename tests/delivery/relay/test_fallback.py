"""A relay that gets one way wrong is talked to one step more simply, for an hour, and all mail goes."""

from __future__ import annotations

import logging

import pytest
from tests.delivery.relay.conftest import MakePool
from tests.delivery.relay.feed import ListFeed, message
from tests.delivery.relay.peers import CLOSE, Answer, Answers, chunking, peer
from tests.delivery.relay.test_faults import until

from pressrun.delivery.relay.fallback import REMEMBERED_SECONDS, Fallback
from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.errors import Fault, Problem
from pressrun.smtp.handover import Outcome

NONSENSE = Problem(Fault.PROTOCOL, "354 is not a valid reply to CONTENT")
DROP = Problem(Fault.DROPPED, "the connection was closed by the relay, awaiting RSET")


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _fallback(fastest: DeliveryMode = DeliveryMode.CHUNKING) -> tuple[Fallback, Clock]:
    clock = Clock()
    return Fallback("primary", fastest, clock), clock


def test_one_step_at_a_time_and_remembered_for_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    """From CHUNKING to PIPELINING to lock step, each told once; an hour after the last step all is as before."""
    manners, clock = _fallback()
    assert [DeliveryMode.CHUNKING, None] == [manners.mode, manners.note]
    manners.protocol_violated(DeliveryMode.CHUNKING, NONSENSE)
    manners.protocol_violated(DeliveryMode.CHUNKING, NONSENSE)  # a second connection that was open then
    assert DeliveryMode.PIPELINING is manners.mode
    assert "talked to by PIPELINING, because: 354 is not a valid reply to CONTENT" == manners.note
    clock.now += 3000
    manners.protocol_violated(DeliveryMode.PIPELINING, NONSENSE)
    manners.protocol_violated(DeliveryMode.LOCK_STEP, NONSENSE)
    clock.now += REMEMBERED_SECONDS
    remembered = manners.mode
    clock.now += 1
    assert [DeliveryMode.LOCK_STEP, DeliveryMode.CHUNKING, None] == [remembered, manners.mode, manners.note]
    told = [(record.getMessage(), vars(record)["fields"]["way"]) for record in caplog.records]
    assert [("relay.fallback", "PIPELINING"), ("relay.fallback", "lock step")] == told


def test_a_clock_that_was_set_back_ends_it() -> None:
    """Nothing is remembered for longer than an hour, whatever the clock does."""
    manners, clock = _fallback()
    manners.protocol_violated(DeliveryMode.CHUNKING, NONSENSE)
    clock.now -= 10
    assert DeliveryMode.CHUNKING is manners.mode


@pytest.mark.parametrize("fastest", [DeliveryMode.CHUNKING, DeliveryMode.LOCK_STEP])
def test_lock_step_that_stumbles_clears_the_others(fastest: DeliveryMode) -> None:
    """When the plainest way breaks in the same manner, it was not the way."""
    manners, _ = _fallback(fastest)
    manners.stalled(DeliveryMode.CHUNKING, DROP)
    manners.stalled(DeliveryMode.PIPELINING, DROP)
    assert DeliveryMode.LOCK_STEP is manners.mode
    manners.stalled(DeliveryMode.LOCK_STEP, DROP)
    assert fastest is manners.mode


def test_lock_step_that_stumbles_disproves_no_proof() -> None:
    """What made no sense once is not asked again because of a drop."""
    manners, _ = _fallback()
    manners.protocol_violated(DeliveryMode.CHUNKING, NONSENSE)
    manners.stalled(DeliveryMode.PIPELINING, DROP)
    manners.stalled(DeliveryMode.LOCK_STEP, DROP)
    assert DeliveryMode.LOCK_STEP is manners.mode


def test_a_relay_that_went_away_is_not_blamed() -> None:
    """All its connections break at once: that is one drop, and the next good end makes it forgotten."""
    manners, _ = _fallback()
    for number in (1, 2, 3):
        manners.broke_in_flight(DeliveryMode.CHUNKING, DROP, number, newest=3)
    assert DeliveryMode.CHUNKING is manners.mode
    manners.ended_well()
    manners.broke_in_flight(DeliveryMode.CHUNKING, DROP, 4, newest=6)
    ways = [manners.mode]
    manners.broke_in_flight(DeliveryMode.CHUNKING, DROP, 7, newest=7)
    assert [DeliveryMode.CHUNKING, DeliveryMode.PIPELINING] == [*ways, manners.mode]


class Crooked:
    """A relay that offers CHUNKING and gets some commands wrong."""

    def __init__(self, **wrong: Answer) -> None:
        self.wrong = wrong

    def __call__(self, command: str) -> Answer:
        return self.wrong[command] if command in self.wrong else chunking(command)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"BDAT": b"502 5.5.2 what?\r\n"}, DeliveryMode.PIPELINING),
        ({"BDAT": b"250 ok\r\n250 and one more\r\n"}, DeliveryMode.PIPELINING),
        ({"RSET": CLOSE}, DeliveryMode.PIPELINING),
        ({"BDAT": CLOSE}, DeliveryMode.PIPELINING),
        ({"BDAT": b"354 go\r\n", "DATA": b"250 ok\r\n"}, None),
    ],
    ids=["not-understood", "a-reply-too-many", "drop-at-once", "drop-at-content", "nor-data"],
)
async def test_all_mail_goes_by_a_simpler_way(
    make_pool: MakePool, caplog: pytest.LogCaptureFixture, wrong: dict[str, Answer], expected: DeliveryMode | None
) -> None:
    """One message may be in doubt for each step; it is told in the log and in the state of the relay."""
    caplog.set_level(logging.INFO, "pressrun.relay")
    answers = Crooked(**wrong)
    feed = ListFeed([message(n) for n in range(20)], requeue=True)
    async with peer(answers) as port:
        pool = make_pool(feed, port, connections=1, messages_per_connection=5)
        pool.wake()
        if expected is None:  # a relay that no way suits
            await until(lambda: DeliveryMode.LOCK_STEP is pool._fallback.mode)
            await pool.drain(0)
            assert Outcome.DELIVERED not in feed.outcomes.values()
            return
        await feed.until_settled(20)
        note = f"{pool.status().last_error}"
        await pool.drain(5)
    outcomes = list(feed.outcomes.values())
    assert (outcomes.count(Outcome.DELIVERED), outcomes.count(Outcome.UNKNOWN)) in {(19, 1), (20, 0)}
    assert note.startswith(f"talked to by {expected}, because: ")
    assert 1 == [record.getMessage() for record in caplog.records].count("relay.fallback")


async def test_a_relay_that_drops_whoever_runs_ahead(make_pool: MakePool) -> None:
    """It takes single messages and closes upon the second in flight: twice, then it is not asked that again."""
    feed = ListFeed([message(n) for n in range(40)])
    in_flight = 0

    def answers(command: str) -> Answer:
        nonlocal in_flight
        in_flight = {"": 0, "RSET": in_flight + 1}.get(command, in_flight)
        return CLOSE if in_flight == 3 else chunking(command)

    async with peer(answers) as port:
        pool = make_pool(feed, port, connections=1, window=4)
        pool.wake()
        await feed.until_settled(40)
        assert DeliveryMode.PIPELINING is pool._fallback.mode
        await pool.drain(5)
    outcomes = list(feed.outcomes.values())
    assert 40 == len(outcomes)
    assert outcomes.count(Outcome.UNKNOWN) <= 8
    assert {Outcome.DELIVERED, Outcome.UNKNOWN} == set(outcomes)


async def test_a_relay_that_is_down_for_a_while_keeps_its_way(make_pool: MakePool) -> None:
    """It breaks in every way, so none is to blame; when it is back, mail goes as before."""
    feed, down = ListFeed([message(n) for n in range(30)]), True

    def answers(command: str) -> Answer:
        nonlocal down
        down = down and not (command == "" and len(feed.settled) >= 3)
        return CLOSE if down and command in {"RSET", "MAIL"} else chunking(command)

    async with peer(answers) as port:
        pool = make_pool(feed, port, connections=1)
        pool.wake()
        await feed.until_settled(30)
        assert (DeliveryMode.CHUNKING, None) == (pool._fallback.mode, pool.status().last_error)
        await pool.drain(5)


async def test_switched_off_stays_off(make_pool: MakePool) -> None:
    """`pipelining = false` means one command at a time, whatever the relay offers."""
    answers: Answers = Crooked(BDAT=CLOSE)
    feed = ListFeed([message(1)])
    async with peer(answers) as port:
        pool = make_pool(feed, port, pipelining=False)
        pool.wake()
        await feed.until_settled(1)
        assert (DeliveryMode.LOCK_STEP, Outcome.DELIVERED) == (pool._fallback.mode, feed.result(1).outcome)
