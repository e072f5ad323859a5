"""The protocol between the queue and its senders: `next` hands out jobs, `record` accepts their results."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from pressrun.message.layouts.design import Logo
from pressrun.services.mails.copy_composer import CompiledEdition
from pressrun.smtp.handover import DELIVERED, HandOver, Outcome, Stage
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue.deliveries import Claimed, SentMail
from pressrun.store.queue.journal import Claim

NOT_SENT = HandOver(Outcome.UNSENT, Stage.MAIL)


class Job(msgspec.Struct, frozen=True):
    """One row that `session` claimed: a copy with its edition, or a notice with its list and that list's logo.

    `queue` is the destination queue of a copy, None for a notice. `slot_at` is the time slot that the pacer reserved:
    wall-clock seconds before which the mail must not go out; 0 means at once. A connection that has carried `most`
    mails of one queue takes no further mail; 0 means that there is no such limit. If a row missed a slot on its
    way to a worker, its next slot is at least `lead_seconds` after it is handed out again.
    """

    row: Claimed
    claimed_at: int
    session: int
    edition: CompiledEdition | None
    list: MailingList | None = None
    queue: str | None = None
    most: int = 0
    logo: Logo | None = None
    slot_at: float = 0.0
    lead_seconds: float = 0.0

    @property
    def relay(self) -> str:
        """The relay that the list names, "" for any."""
        target = self.list if self.edition is None else self.edition.list
        return "" if target is None else target.relay or ""

    @property
    def edition_id(self) -> int | None:
        """The edition of a copy; None for a notice."""
        return None if self.edition is None else self.edition.edition_id

    @property
    def destination(self) -> str:
        """The destination whose limits apply: that of the queue, or else the recipient's domain."""
        return self.queue or self.row.domain

    def is_copy_of(self, editions: Collection[int]) -> bool:
        """Whether this is a copy of one of these editions."""
        return self.edition_id in editions


def claim_of(job: Job) -> Claim:
    """Which claim of its row a job belongs to."""
    return Claim(job.row.id, job.row.attempts + 1, job.row.first_attempt_at or job.claimed_at, job.session)


class CompositionFailed(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The mail could not be composed or, with `unsigned`, could not be signed; `fault` names the error."""

    fault: str
    unsigned: bool = False


class Result(msgspec.Struct, frozen=True, array_like=True):
    """What became of a job, by the id of its row.

    `evidence` is what the record of consent keeps of a delivered notice. A kill does not repeat a mail that
    `is_journaled`, even before its result is recorded. The relay took `seconds` for this mail alone, without those
    that went before it on the same connection.
    """

    id: int
    outcome: HandOver | CompositionFailed
    evidence: SentMail | None = None
    is_journaled: bool = False
    seconds: float = 0.0


def is_not_journaled(result: Result) -> bool:
    """Whether the journal lacks a mail that it should have: accepted by a relay, and without evidence of its own."""
    is_delivered = isinstance(result.outcome, HandOver) and result.outcome.outcome is DELIVERED
    return is_delivered and result.evidence is None and not result.is_journaled


class Supply(Protocol):
    """Where workers get jobs. All calls are made on the event loop and never block."""

    def next(self, relay: str, most: int) -> list[Job]:
        """Up to `most` jobs whose time slots are reserved; each must be answered by exactly one result.

        A job that is not sent in its slot is returned with NOT_SENT.
        """

    def record(self, relay: str, results: Sequence[Result]) -> None:
        """Accept the results of jobs that were handed out for this relay."""

    def waiting(self, relay: str) -> int:
        """How many jobs `next` could hand out now: a hint for opening connections."""
