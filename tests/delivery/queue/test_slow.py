"""A recipient domain that answers late, behind a relay that lets us wait for it: it holds up no other.

Who counts as slow, and how many connections that leaves, is decided in memory. What is claimed past the slow, and how
the queue says it, comes from the database: these tests run on every engine each time.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from tests.delivery.harness import TAKEN, UNSENT, DeliveryHarness, FakePool, open_delivery
from tests.delivery.queue.test_dispatcher import queue_notice

from pressrun.core.pacing.destination_state import SLOW_FOR_SECONDS
from pressrun.delivery.queue.destinations import SLOW_SECONDS
from pressrun.delivery.queue.wakeups import SAFETY_SECONDS
from pressrun.services.reports import queue_listing
from pressrun.smtp.handover import Outgoing

CONNECTIONS = 10
AHEAD = 13  # rows that the worker holds beside those that connections have
STEP_SECONDS = 0.01
SLOW = "slow.example"


@dataclass(slots=True)
class Relay:
    """So many messages at a time on each connection, each answered after as long as the recipient's domain takes."""

    harness: DeliveryHarness
    takes: Callable[[str], float]
    depth: int = 1
    lines: list[deque[Outgoing]] = field(default_factory=lambda: [deque() for _ in range(CONNECTIONS)])
    began: dict[int, float] = field(default_factory=dict)  # when the first one of a line was at last alone
    held: deque[Outgoing] = field(default_factory=deque)
    answered: list[Outgoing] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)  # on connections together, ever
    _said: list[tuple[Outgoing, float]] = field(default_factory=list)  # answers that nobody has heard yet

    def __post_init__(self) -> None:
        self.harness.dispatcher.broker.connect(Recalled(self._give_back))

    async def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_SECONDS)):
            await self._step()

    async def run_until(self, number: int, *domains: str) -> float:
        """Until so many messages of these domains are taken; says how long that took."""
        began_at = self.harness.clock()
        while sum(self.taken[domain] for domain in domains or self.taken) < number:
            await self._step()
            assert self.harness.clock() < began_at + 300
        return self.harness.clock() - began_at

    async def stand_still(self, seconds: float) -> None:
        """The process of the queue gets no processor for so long, while the relay goes on with what it has."""
        for _ in range(round(seconds / STEP_SECONDS)):
            self._pass_step()

    async def _step(self) -> None:
        self._hear()  # what came while all stood still is read before the next turn
        dispatcher = self.harness.dispatcher
        if (
            dispatcher.broker.wake_ups.next_at is not None
            and dispatcher.broker.wake_ups.next_at <= self.harness.clock()
        ):
            dispatcher.broker.wake_ups.advance()
        await dispatcher.cycle()
        self._fill()
        self._pass_step()
        self._hear()

    def _hear(self) -> None:
        said, self._said = self._said, []
        for outgoing, seconds in said:
            self.harness.answer(outgoing, TAKEN, seconds=seconds)
            self._fill()

    def _pass_step(self) -> None:
        self.harness.pass_time(STEP_SECONDS)
        for number, line in enumerate(self.lines):
            if line and self.began[number] + self.takes(domain_of(line[0])) <= self.harness.clock():
                outgoing = line.popleft()
                self.taken[domain_of(outgoing)] += 1
                self.answered.append(outgoing)
                self._said.append((outgoing, self.harness.clock() - self.began[number]))
                self.began[number] = self.harness.clock()

    def _give_back(self) -> None:
        while self.held:
            self.harness.answer(self.held.popleft(), UNSENT)

    def _fill(self) -> None:
        while True:
            while self.held and (number := self._free()) is not None:
                if not self.lines[number]:
                    self.began[number] = self.harness.clock()
                self.lines[number].append(self.held.popleft())
            self.most |= Counter(domain_of(outgoing) for line in self.lines for outgoing in line)
            if len(self.held) == AHEAD or (mail := self.harness.next_outgoing()) is None:
                return
            self.held.append(mail)

    def _free(self) -> int | None:
        """The connection that takes the next message: the emptiest that may."""
        free = [n for n, line in enumerate(self.lines) if len(line) < self.depth and (not line or line[-1].most != 1)]
        return min(free, key=lambda number: len(self.lines[number]), default=None)


class Recalled(FakePool):
    """Lets the rows that no connection has be given back."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        super().__init__()
        self._give_back = give_back

    def recall(self) -> None:
        self._give_back()


def domain_of(outgoing: Outgoing) -> str:
    return outgoing.rcpt_to.partition("@")[2]


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    async with open_delivery(tmp_path) as room:
        yield room


OTHERS = [f"d{number}.example" for number in range(8)]


async def readers(harness: DeliveryHarness, *domains: str) -> None:
    """One at each of these domains, in this order."""
    await harness.add_readers(f"r{number}@{domain}" for number, domain in enumerate(domains))


def mixed(slow: int, others: int) -> list[str]:
    domains = [SLOW] * slow + [OTHERS[number % len(OTHERS)] for number in range(others)]
    random.Random(5).shuffle(domains)
    return domains


def slow(seconds: float) -> Callable[[str], float]:
    return lambda domain: seconds if domain == SLOW else STEP_SECONDS


async def reason(harness: DeliveryHarness) -> object:
    """What the queue says of the slow domain, None when nothing waits for it."""
    rows = await harness.services.database.read(queue_listing.list_queue, int(harness.clock()))
    return next((row.reason for row in rows if row.domain == SLOW), None)


@pytest.mark.parametrize("domains", [mixed(300, 200), sorted(mixed(480, 160), key=SLOW.__ne__)], ids=["mixed", "first"])
async def test_a_slow_domain_holds_up_no_other(harness: DeliveryHarness, domains: list[str]) -> None:
    """Though its readers are most of the list, also when they stand in front of it: more than are claimed at a time."""
    await readers(harness, *domains)
    await harness.edition()
    relay = Relay(harness, slow(30.0))
    assert await relay.run_until(len(domains) - domains.count(SLOW), *OTHERS) < 2.0
    assert 0 == relay.taken[SLOW]


@pytest.mark.slow_on_postgresql
async def test_a_slow_domain_leaves_two_connections(harness: DeliveryHarness) -> None:
    """When nobody else waits any more it has all the others; its copies are the last ones on their connections."""
    await readers(harness, *mixed(80, 120))
    await harness.edition()
    relay = Relay(harness, slow(2.0))
    await relay.run_until(120, *OTHERS)
    assert 80 / (CONNECTIONS - 2) * 2.0 == pytest.approx(await relay.run_until(200), rel=0.15)
    assert CONNECTIONS - 2 == relay.most[SLOW]
    assert {1} == {outgoing.most for outgoing in relay.answered[-60:]}


async def test_the_queue_says_that_a_domain_is_slow(harness: DeliveryHarness) -> None:
    """For as long as it is, and after a restart."""
    await readers(harness, *mixed(100, 100))
    await harness.edition()
    await Relay(harness, slow(30.0)).run(3.0)
    assert "its answers take 0.5 s or more: few copies are on their way to it at a time" == await reason(harness)
    await harness.start()
    await Relay(harness, slow(3.0)).run(7.0)
    assert "its answers take 3.0 s or more: few copies are on their way to it at a time" == await reason(harness)


@pytest.mark.slow_on_postgresql
async def test_a_domain_that_answers_quickly_again_has_all_connections(harness: DeliveryHarness) -> None:
    """A minute after its last slow answer."""
    await readers(harness, *mixed(60, 60))
    await harness.edition()
    relay = Relay(harness, slow(2.0))
    await relay.run_until(120)
    assert {SLOW} == harness.dispatcher.broker.scheduler.throttle.slow
    harness.pass_time(SLOW_FOR_SECONDS)
    await harness.edition("Another")
    relay.takes = slow(0.3)
    relay.most.clear()
    await relay.run(1.0)
    assert None is await reason(harness)
    await relay.run_until(240)
    assert CONNECTIONS == relay.most[SLOW]


async def test_what_is_claimed_for_slow_domains_keeps_nobody_from_being_claimed(harness: DeliveryHarness) -> None:
    """Though it is more than is claimed of others at a time."""
    slow_ones = [f"slow{number}.example" for number in range(6)]
    await readers(harness, *slow_ones * 60, *OTHERS * 80)
    for domain in slow_ones:
        harness.dispatcher.broker.scheduler.throttle.after_slow(domain, 30.0, harness.clock())
    await harness.edition()
    relay = Relay(harness, lambda domain: 30.0 if domain in slow_ones else STEP_SECONDS)
    assert await relay.run_until(640, *OTHERS) < 2.0  # 1.3 with half of the connections, 3.2 with two


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize("domains", [mixed(72, 48), [SLOW] * 120], ids=["some", "one"])
async def test_a_relay_that_is_slow_for_all_has_all_its_connections_used(
    harness: DeliveryHarness, domains: list[str]
) -> None:
    """For one domain as for many: nobody is slower than others."""
    await readers(harness, *domains)
    await harness.edition()
    assert 12.0 == pytest.approx(await Relay(harness, lambda _: 1.0).run_until(120), abs=0.3)
    assert set() == harness.dispatcher.broker.scheduler.throttle.slow


async def test_mails_to_one_person_at_a_slow_domain_hold_up_no_other(harness: DeliveryHarness) -> None:
    """A flood of confirmations to a domain that lets us wait keeps no others from theirs."""
    for number in range(60):
        await queue_notice(harness, f"r{number}@{SLOW}")
    await queue_notice(harness, f"one@{OTHERS[0]}")
    relay = Relay(harness, slow(30.0))
    assert await relay.run_until(1, OTHERS[0]) < 2.0


@pytest.mark.slow_on_postgresql
async def test_others_that_count_as_slow_are_not_held_up_by_one_that_is(harness: DeliveryHarness) -> None:
    """As after a time when the relay was short of time: they have few connections, and who has the rest shows itself.

    When answers told nothing it took 97 seconds.
    """
    others = [f"d{number % 7}.example" for number in range(233)]
    await readers(harness, *[SLOW] * 467, *others)
    for domain in set(others):
        harness.dispatcher.broker.scheduler.throttle.after_slow(domain, 1.0, harness.clock())
    await harness.edition()
    relay = Relay(harness, lambda domain: 3.0 if domain == SLOW else 0.3)
    assert await relay.run_until(len(others), *set(others)) < 50.0
    assert SLOW in harness.dispatcher.broker.scheduler.throttle.slow


@pytest.mark.slow_on_postgresql
async def test_what_waits_behind_a_slow_mail_is_not_slow_itself(harness: DeliveryHarness) -> None:
    """Two go on each connection: the second one has its answer late, too, and its domain is not to blame."""
    await readers(harness, *mixed(300, 160))
    await harness.edition()
    relay = Relay(harness, slow(3.0), depth=2)
    assert await relay.run_until(160, *OTHERS) < 10.0
    await relay.run(10.0)
    assert {SLOW} == harness.dispatcher.broker.scheduler.throttle.slow


@pytest.mark.slow_on_postgresql
async def test_what_stands_ahead_for_a_slow_domain_goes_back(harness: DeliveryHarness) -> None:
    """What the worker took of it before anybody knew does not go before what waits for others."""
    await readers(harness, *[SLOW] * 480, *OTHERS * 10)
    await harness.edition()
    relay = Relay(harness, slow(3.0))
    await relay.run(0.4)
    await relay.stand_still(3.0)  # the first answers are there at once: nobody has seen that it was silent
    await relay.run_until(80, *OTHERS)
    assert relay.taken[SLOW] <= 2 * CONNECTIONS


@pytest.mark.slow_on_postgresql
async def test_who_is_late_is_slow_half_a_second_later(harness: DeliveryHarness) -> None:
    """What came in a heap, as this process had stood still, is read bit by bit: the answer may be in the next one."""
    await readers(harness, *[SLOW] * 4, *OTHERS * 10)
    await harness.edition()
    await harness.run_cycle()
    silent = [harness.next_outgoing() for _ in range(2)]
    harness.pass_time(2.0)
    for _ in OTHERS * 8:
        outgoing = harness.next_outgoing()
        assert outgoing is not None
        harness.answer(outgoing, TAKEN)
        await harness.run_cycle()
    slow = []
    for seconds in (0.0, SLOW_SECONDS - 0.1, 0.1):
        harness.pass_time(seconds)
        await harness.run_cycle()
        slow.append(set(harness.dispatcher.broker.scheduler.throttle.slow))
    assert [{SLOW}, {SLOW}] == [{domain_of(late)} for late in silent if late]
    assert [set(), set(), {SLOW}] == slow


@pytest.mark.slow_on_postgresql
async def test_who_was_taken_long_after_the_turn_is_found_as_soon(harness: DeliveryHarness) -> None:
    """As by a worker that was still starting: the queue does not wait for its own next turn, which is far off."""
    await readers(harness, *[SLOW] * 480, *OTHERS)
    await harness.edition()
    harness.dispatcher.connect(harness.pool)
    running = asyncio.create_task(harness.dispatcher.run())
    try:
        async with asyncio.timeout(SAFETY_SECONDS / 2):
            await _take_until(harness, lambda domains: SLOW in domains)
            harness.pass_time(SLOW_SECONDS)
            await _take_until(harness, lambda domains: domains >= set(OTHERS))
    finally:
        await harness.dispatcher.drain(0.0)
        await running


async def _take_until(harness: DeliveryHarness, is_enough: Callable[[set[str]], bool]) -> None:
    """Take all that there is until that was enough of their domains."""
    domains = set[str]()
    while not is_enough(domains):
        domains |= {domain_of(outgoing) for outgoing in harness.all_outgoing()}
        await asyncio.sleep(0.01)
