"""What a relay has taken is noted before the queue hears of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from pressrun.delivery.mailer.noting import Noting
from pressrun.delivery.queue.jobs import CompositionFailed, Job, Result, claim_of
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.deliveries import ClaimedCopy, ClaimedNotice, SentMail
from pressrun.store.journal import Claim, Journal, Taken

TAKEN = HandOver(Outcome.DELIVERED, Stage.CONTENT, Reply(250, "taken for a@reader.example", "2.0.0"))
LATER = HandOver(Outcome.DEFERRED, Stage.RCPT, Reply(450, "later", "4.2.0"))
ASKING = SentMail(message_id="<1@news.example>", digest="sha256:00", salt=b"salt")
LOST = HandOver(Outcome.UNKNOWN, Stage.CONTENT)


class Rows:
    """A queue that gives out what it was given, and keeps what it is told."""

    def __init__(self, *jobs: Job) -> None:
        self._jobs = [*jobs]
        self.heard: list[Result] = []

    def next(self, relay: str, most: int) -> list[Job]:
        return [self._jobs.pop(0) for _ in self._jobs[:most]]

    def record(self, relay: str, results: Sequence[Result]) -> None:
        self.heard += results

    def waiting(self, relay: str) -> int:
        return len(self._jobs)


def copy(number: int, *, attempts: int = 0, first: int | None = None) -> Job:
    row = ClaimedCopy(number, 1, "reader.example", "", attempts, first, 1, "a@reader.example", "", "{}", 0, 0)
    return Job(row, 1000, None, queue="")


def notice(number: int) -> Job:
    row = ClaimedNotice(
        id=number,
        domain="reader.example",
        attempts=0,
        first_attempt_at=None,
        notice_id=1,
        kind="confirmation",
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
    return Job(row, 1000, None)


def test_what_is_taken_is_journaled_without_the_words_of_the_relay(journal: Journal, journal_path: Path) -> None:
    rows = Rows(copy(1), copy(2, attempts=3, first=500))
    noting = Noting(rows, journal)
    for number in (1, 2):
        noting.next("primary", 1)
        noting.record("primary", [Result(number, TAKEN)])
    claims = [Claim(1, 1, 1000), Claim(2, 4, 500)]
    assert {claim: Taken(claim, "primary", 250, "2.0.0") for claim in claims} == journal.entries()
    assert [Result(1, TAKEN, is_journaled=True), Result(2, TAKEN, is_journaled=True)] == rows.heard
    assert b"reader" not in journal_path.read_bytes()


def test_of_many_those_that_were_taken_are(journal: Journal) -> None:
    rows = Rows(copy(1), copy(2), notice(3), copy(4))
    noting = Noting(rows, journal)
    for _ in range(4):
        noting.next("primary", 1)
    noting.record("primary", [Result(1, TAKEN), Result(2, LATER), Result(3, TAKEN), Result(4, TAKEN)])
    assert [1, 3, 4] == [claim.delivery_id for claim in journal.entries()]
    assert [True, False, True, True] == [one.is_journaled for one in rows.heard]


@pytest.mark.parametrize("result", [LATER, LOST])
def test_nothing_else_is(journal: Journal, result: HandOver) -> None:
    """A copy that no relay has, or may not have, goes out again."""
    rows = Rows(copy(1))
    noting = Noting(rows, journal)
    noting.next("primary", 1)
    noting.record("primary", [Result(1, result)])
    assert ({}, [Result(1, result)]) == (journal.entries(), rows.heard)


def test_nor_what_asks_for_consent_nor_what_has_no_mail(journal: Journal) -> None:
    """What is kept of a mail that asks is evidence: without it, it has not been sent."""
    rows = Rows(notice(1), copy(2))
    noting = Noting(rows, journal)
    assert 2 == noting.waiting("primary")
    assert [1, 2] == [job.row.id for _ in range(3) for job in noting.next("primary", 1)]
    noting.record("primary", [Result(1, TAKEN, ASKING)])
    noting.record("primary", [Result(2, CompositionFailed("ValueError"))])
    assert ({}, [Result(1, TAKEN, ASKING), Result(2, CompositionFailed("ValueError"))]) == (
        journal.entries(),
        rows.heard,
    )


def test_a_disk_that_takes_nothing_is_told_once_each_time(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The copy counts as one that a kill would repeat, until it is on record."""
    rows = Rows(*map(copy, range(1, 5)))
    noting = Noting(rows, journal)
    for _ in range(4):
        noting.next("primary", 1)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "note", _full)
        noting.record("primary", [Result(1, TAKEN)])
        noting.record("primary", [Result(2, TAKEN)])
    noting.record("primary", [Result(3, TAKEN)])
    assert [False, False, True] == [one.is_journaled for one in rows.heard]
    assert ["press.not_noted"] == [one.message for one in caplog.records if one.levelno >= logging.WARNING]


def _full(_: Taken) -> None:
    raise OSError(28, "No space left on device")


def test_which_claim_it_is() -> None:
    assert [Claim(1, 1, 1000), Claim(1, 2, 700)] == [claim_of(copy(1)), claim_of(copy(1, attempts=1, first=700))]
