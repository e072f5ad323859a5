"""The rows that the daemon has assigned to this process. Connections get their mails from here; results are journaled
and kept for the daemon.

A row waits here for a connection and, if there is a rate, for its time slot. The daemon keeps the rate: if a slot has
passed unused, its row goes back, and comes again with another slot.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import islice, takewhile

from pressrun.core.upkeep.lease import Lease
from pressrun.delivery.mailer.mailer import Mailer
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result, claim_of
from pressrun.delivery.queue.pacing import EARLY_SECONDS
from pressrun.delivery.queue.timer import Timer
from pressrun.delivery.worker.frames import Results
from pressrun.observe.log import event
from pressrun.runtime.clock import read_instant
from pressrun.services.ports import Clock
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import DELIVERED, Outgoing
from pressrun.store.queue.deliveries import ClaimedNotice, SentMail
from pressrun.store.queue.journal import Journal, JournalEntry

log = logging.getLogger("pressrun.worker")

# While PLENTY of rows wait, or slots come this soon, several mails are composed in a row: code and data are in the
# processor's caches then. At 100/s a mail composed alone takes five times as long.
PLENTY = 32
SOON_SECONDS = 0.5
COMPOSED_TOGETHER = 16
COMPOSED_OCTETS = 1024 * 1024  # of mails composed ahead: an edition with pictures has megabytes
# Results that are journaled need not reach the daemon at once: each frame costs both ends as much as some copies do.
REPORTED_TOGETHER = 64
REPORT_SECONDS = 0.005  # at most, while plenty of rows wait
PACED_REPORT_SECONDS = 0.25  # at most, while rows wait for their slots


class Assignments:
    """Feeds the connections, as services.ports.Feed promises. `report` is called when results should go to the daemon,
    `wake` when the slot of a row has come. Without a journal, a kill repeats more copies.
    """

    def __init__(
        self,
        mailer: Mailer,
        journal: Journal | None,
        *,
        report: Callable[[], None],
        wake: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._mailer = mailer
        self._journal = journal
        self._report = report
        self._clock = clock
        self._tolerances: dict[str, float] = {}
        self._rows: dict[str, deque[Job]] = {}
        self._composed: dict[int, Outgoing | CompositionFailed] = {}  # of rows that wait, by their ids
        self._in_flight: dict[int, Job] = {}
        self._results: dict[str, list[Result]] = {}
        self._count = 0  # of results
        self._slot_timer = Timer(wake)
        self._report_timer = Timer(report)
        self._journal_fails = False
        self._lease: Lease | None = None

    def change(self, mailer: Mailer, tolerances: dict[str, float]) -> None:
        """Use other settings from now on: mails that are composed and not handed over are composed anew."""
        self._mailer = mailer
        self._tolerances = tolerances
        self._composed.clear()

    def renew(self, lease: Lease) -> None:
        """Give rows to connections for as long as this lease allows, as the daemon may be unable to stop us."""
        self._lease = lease

    def add(self, relay: str, jobs: Sequence[Job]) -> None:
        """Give these rows to the connections to this relay, in the order of their slots: a large mail that came
        earlier may have a later one.
        """
        rows = self._rows.setdefault(relay, deque())
        is_late = bool(rows) and bool(jobs) and jobs[0].slot_at < rows[-1].slot_at
        rows.extend(jobs)
        if is_late:
            self._rows[relay] = deque(sorted(rows, key=lambda job: job.slot_at))

    # ------------------------------------------------------------------ the feed of the connections

    def next(self, relay: str) -> Outgoing | None:
        """The next mail whose slot has come, or None. The caller must record its outcome."""
        if self._has_run_out():
            self.recall()
            return None
        rows = self._rows.get(relay)
        while rows:
            job = rows[0]
            if job.slot_at and not self._has_slot(relay, rows):
                return None
            if not rows or rows[0] is not job:  # its slot has passed
                continue
            outgoing = self._composed.pop(job.row.id, None) or self._compose(rows)
            rows.popleft()
            if isinstance(outgoing, Outgoing):
                self._in_flight[job.row.id] = job
                return outgoing
            self._keep(relay, [Result(job.row.id, outgoing)])
        return None

    def record(self, relay: str, outcomes: Sequence[RecipientOutcome]) -> None:
        """Journal what the relay has accepted, before anything else is done about it, and keep the results."""
        jobs = [self._in_flight.pop(outcome.outgoing.delivery_id) for outcome in outcomes]
        evidence = [self._evidence(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]
        entries = [
            JournalEntry(claim_of(job), relay, outcome.result.reply.code, outcome.result.reply.enhanced)
            for job, outcome, mail in zip(jobs, outcomes, evidence, strict=True)
            if mail is None and outcome.result.outcome is DELIVERED and outcome.result.reply is not None
        ]
        journaled = bool(entries) and self._journal is not None and self._append(self._journal, entries)
        self._keep(
            relay,
            [
                Result(
                    job.row.id,
                    outcome.result,
                    mail,
                    is_journaled=journaled and mail is None and outcome.result.outcome is DELIVERED,
                    seconds=outcome.seconds,
                )
                for job, outcome, mail in zip(jobs, outcomes, evidence, strict=True)
            ],
        )

    def waiting(self, relay: str) -> int:
        """How many mails could be handed over now."""
        rows = self._rows.get(relay)
        if not rows or self._has_run_out():
            return 0
        if not rows[0].slot_at:
            return len(rows)
        due = self._clock() + EARLY_SECONDS
        if rows[0].slot_at > due:
            self._await_slot(rows[0])
        return sum(1 for _ in takewhile(lambda job: job.slot_at <= due, rows))

    # ------------------------------------------------------------------ giving back

    def recall(self, ids: Collection[int] | None = None) -> None:
        """Give back those of these rows, or of all rows, that no connection has."""
        for relay, rows in self._rows.items():
            back = [job for job in rows if ids is None or job.row.id in ids]
            if back:
                self._rows[relay] = deque(job for job in rows if not (ids is None or job.row.id in ids))
                self._give_back(relay, back)

    def recall_others(self, relays: Collection[str]) -> None:
        """Give back the rows for all relays except these."""
        for relay, rows in self._rows.items():
            if rows and relay not in relays:
                back = [*rows]
                rows.clear()
                self._give_back(relay, back)

    def _has_run_out(self) -> bool:
        """Whether another machine may have begun to send what this one has claimed."""
        return self._lease is not None and self._lease.seconds_left(read_instant()) <= 0

    def _give_back(self, relay: str, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._composed.pop(job.row.id, None)
        self._keep(relay, [Result(job.row.id, NOT_SENT) for job in jobs])

    # ------------------------------------------------------------------ results

    def collect(self) -> list[Results]:
        """The results that the daemon does not have yet."""
        self._report_timer.cancel()
        self._count = 0
        results, self._results = self._results, {}
        return [Results(relay, of_relay) for relay, of_relay in results.items()]

    def _keep(self, relay: str, results: Sequence[Result]) -> None:
        self._results.setdefault(relay, []).extend(results)
        self._count += len(results)
        seconds = self._may_wait(relay) if all(result.is_journaled for result in results) else 0.0
        if not seconds or self._count >= REPORTED_TOGETHER:
            self._report()
        elif not self._report_timer.is_set:
            now = self._clock()
            self._report_timer.set(now + seconds, now)

    def _may_wait(self, relay: str) -> float:
        """How long results may wait for others: the daemon must not learn too late that there is room for more rows."""
        rows = self._rows.get(relay)
        if not rows:
            return 0.0
        if rows[-1].slot_at:
            return PACED_REPORT_SECONDS
        return REPORT_SECONDS if len(rows) >= PLENTY else 0.0

    def _append(self, journal: Journal, entries: Sequence[JournalEntry]) -> bool:
        try:
            journal.append(entries)
        except Exception as problem:  # noqa: BLE001 - logged; the results must not be lost with it
            if not self._journal_fails:
                event(log, "worker.not_journaled", level=logging.WARNING, problem=str(problem))
            self._journal_fails = True
            return False
        self._journal_fails = False
        return True

    def _evidence(self, job: Job, outcome: RecipientOutcome) -> SentMail | None:
        if isinstance(job.row, ClaimedNotice) and outcome.result.outcome is DELIVERED:
            return self._mailer.evidence(job.row, outcome.outgoing)
        return None

    # ------------------------------------------------------------------ composing, and slots

    def _compose(self, rows: Sequence[Job]) -> Outgoing | CompositionFailed:
        """The mail of the first row, and those of some that follow if connections are sure to ask for them soon.

        It ends before the slot of the next row: on a machine that needs longer for a mail than there is between two
        slots, the others would miss theirs and be composed again and again.
        """
        began = self._clock()
        first = self._mailer.compose(rows[0])
        seconds = self._clock() - began
        if isinstance(first, Outgoing):
            most = min(COMPOSED_TOGETHER, 1 + COMPOSED_OCTETS // (len(first.content) or 1))
            ahead = self._sure(rows, most)[1:]
            for job in ahead:
                if 0.0 < ahead[0].slot_at < self._clock() + seconds:
                    break
                if job.row.id not in self._composed:
                    self._composed[job.row.id] = self._mailer.compose(job)
        return first

    def _sure(self, rows: Sequence[Job], most: int) -> list[Job]:
        """The first rows, at most `most`, that connections are sure to ask for soon."""
        if not rows[0].slot_at:
            return [*islice(rows, most)] if len(rows) >= PLENTY else []
        until = self._clock() + SOON_SECONDS
        return [*takewhile(lambda job: 0.0 < job.slot_at <= until, islice(rows, most))]

    def _has_slot(self, relay: str, rows: deque[Job]) -> bool:
        """Whether the first row may go now; rows whose slots have passed are given back."""
        now = self._clock()
        passed_at = now - self._tolerances.get(relay, 0.0)
        back = []
        while rows and 0.0 < rows[0].slot_at < passed_at:
            back.append(rows.popleft())
        if back:
            self._give_back(relay, back)
        if rows and rows[0].slot_at > now + EARLY_SECONDS:
            self._await_slot(rows[0])
            return False
        return bool(rows)

    def _await_slot(self, job: Job) -> None:
        now = self._clock()
        self._slot_timer.set(job.slot_at, now)
