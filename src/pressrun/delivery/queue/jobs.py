"""A claimed row on its way: what the queue gives to the press, and what it is told of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from pressrun.message.layouts.design import Logo
from pressrun.services.mails.composing import EditionPlate
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.store.deliveries import Claimed, SentMail
from pressrun.store.journal import Claim
from pressrun.store.lists import MailingList

NOT_SENT = HandOver(Outcome.UNSENT, Stage.MAIL)


class Job(msgspec.Struct, frozen=True):
    """A claimed row, with the edition whose copy it is, or as a notice with its list and that list's logo.

    `lane` is that of a copy; a notice has none. A connection that has carried `most` of a lane takes no further mail;
    0 means as many as come.
    """

    row: Claimed
    claimed_at: int
    plate: EditionPlate | None
    list: MailingList | None = None
    lane: str | None = None
    most: int = 0
    logo: Logo | None = None

    @property
    def relay(self) -> str:
        """The relay that the list names, "" for any."""
        target = self.list if self.plate is None else self.plate.list
        return "" if target is None else target.relay or ""

    def is_copy_of(self, editions: Collection[int]) -> bool:
        """Whether it is a copy of one of these editions."""
        return self.plate is not None and self.plate.edition_id in editions


def claim_of(job: Job) -> Claim:
    """Which claim of its row a job is."""
    return Claim(job.row.id, job.row.attempts + 1, job.row.first_attempt_at or job.claimed_at)


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What became of a job, by the id of its row; `mail` is what the evidence of consent keeps of a taken notice.

    With `is_noted` a kill does not repeat it, though it is not on record yet. The relay took so many `seconds` for it
    by itself, whatever went before it on the same connection.
    """

    id: int
    result: HandOver
    mail: SentMail | None = None
    is_noted: bool = False
    seconds: float = 0.0


class Unmade(msgspec.Struct, frozen=True, array_like=True):
    """A job whose mail could not be made or, with `unsigned`, not signed; `fault` is the name of the error."""

    id: int
    fault: str
    unsigned: bool = False


class Queue(Protocol):
    """Where the press gets its work. All calls are made on the event loop and never block."""

    def take(self, relay: str) -> Job | None:
        """The next row whose turn has come for this relay, or None; whoever takes it must answer for it."""

    def settle(self, relay: str, answers: Sequence[Answer]) -> None:
        """Tell what became of rows; each one taken is told of once, by this or by `not_made`."""

    def not_made(self, relay: str, unmade: Unmade) -> None:
        """Tell that a row has no mail, or no signature."""

    def waiting(self, relay: str) -> int:
        """How many rows could be taken now: a hint for opening connections."""


class Supply(Queue, Protocol):
    """A queue that gives out many rows at once."""

    def take_many(self, relay: str, most: int) -> list[Job]:
        """Like `take`: the next rows, `most` at the most."""
