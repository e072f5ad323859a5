"""Rows in a worker: taken in order and in their slots, journaled before the daemon hears of them, and answered once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest
from tests.delivery.worker.conftest import relay_at, settings_for

from pressrun.core.quantities import Rate
from pressrun.core.upkeep.lease import Instant, Lease
from pressrun.delivery.mailer.mailer import Mailer
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result, claim_of
from pressrun.delivery.worker.assignments import (
    COMPOSED_OCTETS,
    COMPOSED_TOGETHER,
    PLENTY,
    REPORT_SECONDS,
    REPORTED_TOGETHER,
    SOON_SECONDS,
    Assignments,
)
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.queue.deliveries import ClaimedCopy, ClaimedNotice, SentMail
from pressrun.store.queue.journal import Claim, Journal, JournalEntry

RELAY = "primary"
SESSION = 3
TAKEN = HandOver(Outcome.DELIVERED, Stage.CONTENT, Reply(250, "taken for a@reader.example", "2.0.0"))
LATER = HandOver(Outcome.DEFERRED, Stage.RCPT, Reply(450, "later", "4.2.0"))
LOST = HandOver(Outcome.UNKNOWN, Stage.CONTENT)
ASKING = SentMail(message_id="<1@news.example>", digest="sha256:00", salt=b"salt")


class FakeMailer:
    """Composes mails of `octets`; those in `bad` fail."""

    def __init__(self) -> None:
        self.composed: list[int] = []
        self.bad: frozenset[int] = frozenset()
        self.octets = 10
        self.spend: Callable[[], None] = lambda: None  # called for each mail: composing takes time

    def compose(self, job: Job) -> Outgoing | CompositionFailed:
        self.composed.append(job.row.id)
        self.spend()
        if job.row.id in self.bad:
            return CompositionFailed("ValueError")
        return Outgoing(job.row.id, "", "a@reader.example", b"x" * self.octets)

    def evidence(self, row: ClaimedNotice, outgoing: Outgoing) -> SentMail | None:
        return ASKING if row.kind == "confirm" else None


class Bench:
    """Assignments with a clock; counts how often they asked to report, and how often a slot came."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.now = 1000.0
        self.reports = 0
        self.wakes = 0
        self.mailer = FakeMailer()
        self.rows = Assignments(
            cast(Mailer, self.mailer), journal, report=self._report, wake=self._wake, clock=lambda: self.now
        )
        self.rows.change(cast(Mailer, self.mailer), {RELAY: 0.01})

    def _report(self) -> None:
        self.reports += 1

    def _wake(self) -> None:
        self.wakes += 1

    def add(self, *jobs: Job, relay: str = RELAY) -> None:
        self.rows.add(relay, jobs)

    def next_id(self, relay: str = RELAY) -> int | None:
        outgoing = self.rows.next(relay)
        return None if outgoing is None else outgoing.delivery_id

    def all_ids(self) -> list[int]:
        return list(iter(self.next_id, None))

    def settle(self, *ids: int, result: HandOver = TAKEN) -> None:
        self.rows.record(
            RELAY, [RecipientOutcome(Outgoing(number, "", "a@reader.example", b""), result) for number in ids]
        )

    def results(self) -> list[Result]:
        """What the daemon would hear."""
        return [result for results in self.rows.collect() for result in results.results]


def copy(number: int, *, slot_at: float = 0.0, attempts: int = 0, first: int | None = None) -> Job:
    row = ClaimedCopy(number, 1, "reader.example", "", attempts, first, 1, "a@reader.example", "", "{}", 0, 0)
    return Job(row, 1000, SESSION, None, queue="", slot_at=slot_at)


def notice(number: int, kind: str) -> Job:
    row = ClaimedNotice(
        id=number,
        domain="reader.example",
        attempts=0,
        first_attempt_at=None,
        notice_id=1,
        kind=kind,
        list_id=None,
        subscriber_id=None,
        address="a@reader.example",
        language="en",
        payload="{}",
        content=None,
        message_secret=b"m",
        created_at=0,
        epoch=None,
    )
    return Job(row, 1000, SESSION, None)


def not_sent(*ids: int) -> list[Result]:
    return [Result(number, NOT_SENT) for number in ids]


async def test_rows_are_taken_in_order_by_their_relay() -> None:
    bench = Bench()
    bench.add(copy(1), copy(2))
    bench.add(copy(3), relay="b")
    assert [1, 3, None, 2, None] == [bench.next_id(relay) for relay in (RELAY, "b", "b", RELAY, "c")]
    assert (0, 0) == (bench.rows.waiting(RELAY), bench.rows.waiting("c"))


# ---------------------------------------------------------------------- slots


async def test_a_row_waits_for_its_slot() -> None:
    """And wakes the connections when it comes."""
    bench = Bench()
    bench.add(copy(1), copy(2, slot_at=1000.02), copy(3, slot_at=1000.04))
    assert [1] == bench.all_ids()
    assert 0 == bench.rows.waiting(RELAY)
    bench.now += 0.02
    async with asyncio.timeout(5):
        while not bench.wakes:  # noqa: ASYNC110 - a timer of the loop
            await asyncio.sleep(0.001)
    assert 1 == bench.rows.waiting(RELAY)
    assert [2] == bench.all_ids()


async def test_a_row_whose_slot_is_far_away_holds_up_no_other() -> None:
    """A large mail gets a slot after those of rows that come to the worker later."""
    bench = Bench()
    bench.add(copy(1, slot_at=1002.5))
    bench.add(copy(2, slot_at=1001.0), copy(3, slot_at=1001.005))
    bench.now += 1.006
    assert 2 == bench.rows.waiting(RELAY)
    assert [2, 3] == bench.all_ids()
    bench.now += 1.494
    assert [1] == bench.all_ids()
    assert [] == bench.results()


async def test_a_slot_that_has_passed_is_not_used() -> None:
    """Its row comes back with another one: the daemon alone keeps the rates."""
    bench = Bench()
    bench.add(*(copy(number, slot_at=1000 + number / 100) for number in range(1, 6)))
    bench.now += 0.045
    assert [4] == bench.all_ids()
    assert not_sent(1, 2, 3) == bench.results()


@pytest.mark.parametrize(
    ("rates", "relay_rates", "tolerance"),
    [
        ((), (), 0.25),
        ((Rate(1000, 1.0),), (), 0.005),
        ((Rate(100, 1.0), Rate(20_000, 3600.0)), (), 0.005),
        ((Rate(100, 1.0),), (Rate(10, 1.0),), 0.005),
        ((Rate(6, 60.0),), (Rate(10, 1.0),), 0.05),
    ],
)
def test_how_late_a_slot_may_be_used(rates: tuple[Rate, ...], relay_rates: tuple[Rate, ...], tolerance: float) -> None:
    settings = settings_for(relay_at(25, rates=relay_rates), delivery=DeliverySettings(rates=rates))
    assert tolerance == pytest.approx(settings.tolerance_seconds(RELAY))


# ---------------------------------------------------------------------- composing


async def test_mails_are_composed_in_a_row_while_plenty_wait() -> None:
    """And one by one where the rest may not be asked for."""
    bench = Bench()
    bench.add(*map(copy, range(PLENTY + 1)))
    composed = []
    for number in range(PLENTY + 1):
        assert number == bench.next_id()
        composed.append(len(bench.mailer.composed))
    first = COMPOSED_TOGETHER
    assert [first] * first + list(range(first + 1, PLENTY + 2)) == composed
    assert bench.next_id() is None


async def test_mails_are_composed_in_a_row_whose_slots_come_soon() -> None:
    """However few they are; those of later slots wait, as their settings may change."""
    bench = Bench()
    slots = [bench.now, bench.now + SOON_SECONDS / 2, bench.now + SOON_SECONDS, bench.now + 2 * SOON_SECONDS]
    bench.add(*(copy(number, slot_at=slot) for number, slot in enumerate(slots)), copy(4))
    assert 0 == bench.next_id()
    assert [0, 1, 2] == bench.mailer.composed
    for number, slot in enumerate(slots[1:], 1):
        bench.now = slot
        assert number == bench.next_id()
    assert [0, 1, 2, 3] == bench.mailer.composed


@pytest.mark.parametrize("slots_a_second", [200, 1000, 5000])
async def test_nothing_is_composed_in_vain_on_a_slow_machine(slots_a_second: int) -> None:
    """Where a mail takes longer than there is between two slots, those that are composed go out all the same."""
    bench = Bench()

    def spend() -> None:
        bench.now += 0.004

    bench.mailer.spend = spend
    bench.add(*(copy(number, slot_at=bench.now + number / slots_a_second) for number in range(100)))
    sent = []
    while bench.rows.waiting(RELAY) or bench.rows._rows[RELAY]:
        sent += bench.all_ids()
        bench.now += 0.001
    assert sent == bench.mailer.composed


async def test_what_is_composed_ahead_goes_back_uncomposed() -> None:
    """Its reader may have left; what comes again is composed anew."""
    bench = Bench()
    for number in range(3):
        bench.add(copy(number, slot_at=bench.now + 0.01 * number))
    assert 0 == bench.next_id()
    bench.rows.recall([1])
    bench.add(copy(1, slot_at=bench.now + 0.03))
    bench.now += 0.03
    assert [2, 1] == bench.all_ids()
    assert [0, 1, 2, 1] == bench.mailer.composed


async def test_few_large_mails_are_composed_ahead() -> None:
    """An edition with megabytes of pictures costs the memory of a few copies."""
    bench = Bench()
    bench.mailer.octets = COMPOSED_OCTETS // 3
    bench.add(*map(copy, range(PLENTY)))
    assert 0 == bench.next_id()
    assert 4 == len(bench.mailer.composed)


async def test_a_row_that_cannot_be_composed_holds_up_no_other() -> None:
    bench = Bench()
    bench.mailer.bad = frozenset({0, 2, 3})
    bench.add(*map(copy, range(PLENTY)))
    assert [1, *range(4, PLENTY)] == bench.all_ids()
    assert [Result(number, CompositionFailed("ValueError")) for number in (0, 2, 3)] == bench.results()


async def test_new_settings_hold_from_the_next_mail_on() -> None:
    """What is composed ahead is composed anew."""
    bench, other = Bench(), FakeMailer()
    bench.add(*map(copy, range(PLENTY)))
    assert 0 == bench.next_id()
    bench.rows.change(cast(Mailer, other), {})
    assert [*range(1, PLENTY)] == bench.all_ids()
    assert [*range(1, PLENTY)] == other.composed


# ---------------------------------------------------------------------- giving back


async def test_what_no_connection_has_is_given_back() -> None:
    """Those that are asked for, or all; what is in flight stays."""
    bench = Bench()
    bench.add(*map(copy, range(5)))
    assert 0 == bench.next_id()
    bench.rows.recall({0, 2, 9})
    assert not_sent(2) == bench.results()
    bench.rows.recall()
    assert not_sent(1, 3, 4) == bench.results()
    bench.settle(0)
    assert [Result(0, TAKEN)] == bench.results()


# ---------------------------------------------------------------------- results


async def test_results_that_a_kill_would_repeat_are_reported_at_once(journal: Journal) -> None:
    bench = Bench(journal)
    bench.add(*map(copy, range(PLENTY + 2)))
    assert [0, 1] == [bench.next_id(), bench.next_id()]
    bench.settle(0, result=LATER)
    assert 1 == bench.reports


async def test_journaled_results_are_reported_together_while_plenty_wait(journal: Journal) -> None:
    bench = Bench(journal)
    bench.add(*map(copy, range(REPORTED_TOGETHER + PLENTY)))
    ids = [bench.next_id() for _ in range(REPORTED_TOGETHER)]
    for number in ids[:-1]:
        assert number is not None
        bench.settle(number)
    assert 0 == bench.reports
    bench.settle(ids[-1] or 0)
    assert 1 == bench.reports
    assert REPORTED_TOGETHER == len(bench.results())


async def test_journaled_results_are_reported_soon(journal: Journal) -> None:
    """At once where the worker may run short of rows, and otherwise within some milliseconds."""
    bench = Bench(journal)
    bench.add(*map(copy, range(PLENTY)))
    assert 0 == bench.next_id()
    bench.settle(0)
    assert 1 == bench.reports
    bench.results()
    bench.add(*map(copy, range(PLENTY, 2 * PLENTY)))
    assert 1 == bench.next_id()
    bench.settle(1)
    assert 1 == bench.reports
    async with asyncio.timeout(5):
        while bench.reports == 1:  # noqa: ASYNC110 - a timer of the loop
            await asyncio.sleep(REPORT_SECONDS / 10)


# ---------------------------------------------------------------------- the journal


async def test_what_is_taken_is_journaled_without_the_words_of_the_relay(journal: Journal, journal_path: Path) -> None:
    bench = Bench(journal)
    bench.add(copy(1), copy(2, attempts=3, first=500))
    bench.all_ids()
    bench.settle(1, 2)
    claims = [Claim(1, 1, 1000, SESSION), Claim(2, 4, 500, SESSION)]
    assert {claim: JournalEntry(claim, RELAY, 250, "2.0.0") for claim in claims} == journal.entries()
    assert [Result(1, TAKEN, is_journaled=True), Result(2, TAKEN, is_journaled=True)] == bench.results()
    assert b"reader" not in journal_path.read_bytes()  # noqa: ASYNC240


@pytest.mark.parametrize("result", [LATER, LOST])
async def test_nothing_else_is_journaled(journal: Journal, result: HandOver) -> None:
    """A copy that no relay has, or may not have, goes out again."""
    bench = Bench(journal)
    bench.add(copy(1))
    bench.all_ids()
    bench.settle(1, result=result)
    assert ({}, [Result(1, result)]) == (journal.entries(), bench.results())


async def test_what_asks_for_consent_is_not_journaled(journal: Journal) -> None:
    """What is kept of a mail that asks is evidence: without it, it has not been sent."""
    bench = Bench(journal)
    bench.add(notice(1, "confirm"), notice(2, "report"), copy(3))
    bench.all_ids()
    bench.rows.record(
        RELAY,
        [
            RecipientOutcome(Outgoing(number, "", "a@reader.example", b""), TAKEN if number < 3 else LATER)
            for number in (1, 2, 3)
        ],
    )
    assert [2] == [claim.delivery_id for claim in journal.entries()]
    assert [Result(1, TAKEN, ASKING), Result(2, TAKEN, is_journaled=True), Result(3, LATER)] == bench.results()


async def test_a_disk_that_takes_nothing_is_logged_once_each_time(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The copy counts as one that a kill would repeat, until it is on record."""
    bench = Bench(journal)
    bench.add(*map(copy, range(1, 4)))
    bench.all_ids()
    with monkeypatch.context() as patch:
        patch.setattr(journal, "append", _full)
        bench.settle(1)
        bench.settle(2)
    bench.settle(3)
    assert [False, False, True] == [result.is_journaled for result in bench.results()]
    assert ["worker.not_journaled"] == [
        record.message for record in caplog.records if record.levelno >= logging.WARNING
    ]


def _full(_: Sequence[JournalEntry]) -> None:
    raise OSError(28, "No space left on device")


def test_which_claim_it_is() -> None:
    assert [Claim(1, 1, 1000, SESSION), Claim(1, 2, 700, SESSION)] == [
        claim_of(copy(1)),
        claim_of(copy(1, attempts=1, first=700)),
    ]


def test_connections_get_nothing_once_the_lease_has_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the daemon cannot say so: the whole machine may have slept."""
    now = Instant(100.0, 1e9)
    monkeypatch.setattr("pressrun.delivery.worker.assignments.read_instant", lambda: now)
    bench = Bench()
    bench.rows.renew(Lease(now))
    bench.add(*(copy(number) for number in range(4)))
    assert 0 == bench.next_id()
    now = Instant(160.0, 1e9)
    assert (0, None) == (bench.rows.waiting(RELAY), bench.next_id())
    bench.settle(0)  # what is in flight counts
    assert {0: TAKEN, 1: NOT_SENT, 2: NOT_SENT, 3: NOT_SENT} == {
        result.id: result.outcome for result in bench.results()
    }
    bench.rows.renew(Lease(now))
    bench.add(copy(5))
    assert 5 == bench.next_id()
