"""What becomes of an accepted mail, as everybody who deals with one says it, and what follows from bounces."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from pressrun.core.bounces import BounceClass
from pressrun.core.delivery import FailureKind
from pressrun.core.errors import PressrunError, Unavailable
from pressrun.observe.log import event
from pressrun.store.editions import Edition
from pressrun.store.inbound import InboundMail, InboundState, record_mail_result
from pressrun.store.transaction import Transaction


class MailMustWait(Unavailable):
    """A mail has to wait for something other than the database, such as the helper process: others need not."""


class MailErased(PressrunError):
    """A mail was forgotten while it was being read, as when its sender is erased: nothing follows from it."""


@dataclass(frozen=True, slots=True)
class ReturnedForward:
    """A mail that was passed on to an owner or the operator and did not reach them.

    `mail` is its id among kept mail, None when it is kept no more; `list_name` is "" when it was the operator's;
    `reason` holds no address.
    """

    mail: int | None
    list_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCopy:
    """A copy or a notice that failed for good, as the log tells it.

    `reason` are the remote's words without addresses. `relay` is None where a notification brought them later.
    """

    delivery: int
    edition: int | None
    notice: str | None
    subscriber: int | None
    domain: str
    relay: str | None
    kind: FailureKind | None
    bounce: BounceClass | None
    code: int | None
    enhanced: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Consequences:
    """What bounces led to: the readers who were suspended, by id, the domains that the operator was told of, the
    editions that paused by themselves, and the mails that were passed on in vain.
    """

    suspended: tuple[int, ...] = ()
    alerted: tuple[str, ...] = ()
    paused: tuple[Edition, ...] = ()
    returned: tuple[ReturnedForward, ...] = ()

    def __add__(self, other: Consequences) -> Consequences:
        return Consequences(
            suspended=self.suspended + other.suspended,
            alerted=self.alerted + other.alerted,
            paused=self.paused + other.paused,
            returned=self.returned + other.returned,
        )


NO_CONSEQUENCES = Consequences()


UNCOUNTED = "uncounted"  # came back from a mail to one person, which no metric may show


@dataclass(frozen=True, slots=True)
class MailResult:
    """What became of a mail: its state, and in a word or two what was done.

    `counted_as` is the metric's word where it is another one than the address would say, UNCOUNTED where it has none;
    `failed` is the copy that a notification was about.
    """

    state: InboundState
    outcome: str
    counted_as: str = ""
    consequences: Consequences = NO_CONSEQUENCES
    failed: FailedCopy | None = None


def done(outcome: str, counted_as: str = "") -> MailResult:
    """Nothing of the mail is needed any more."""
    return MailResult(InboundState.DONE, outcome, counted_as)


def kept(outcome: str) -> MailResult:
    """The mail stays for a person to look at."""
    return MailResult(InboundState.KEPT, outcome)


def record_result(tx: Transaction, mail: InboundMail, settled: MailResult, now: int) -> MailResult:
    """Record what became of a mail, after what it leads to in the same transaction.

    Raises ForgottenMeanwhile where it waits no more, which undoes all of that.
    """
    if not record_mail_result(tx, mail.id, settled.state, settled.outcome, now):
        raise MailErased("the mail was forgotten while it was being read")
    return settled


def log_failed_copy(log: logging.Logger, failed: FailedCopy) -> None:
    """Say in the log that a copy or a notice failed for good."""
    fields: dict[str, Any] = {
        "delivery": failed.delivery,
        **({"notice": failed.notice} if failed.edition is None else {"edition": failed.edition}),
        "subscriber": failed.subscriber,
        "domain": failed.domain,
        "relay": failed.relay,
        "kind": failed.kind,
        "class": failed.bounce,
        "code": failed.code,
        "enhanced": failed.enhanced,
        "reason": failed.reason,
    }
    event(log, "delivery.failed", **fields)


def log_consequences(log: logging.Logger, consequences: Consequences) -> None:
    """Say in the log what bounces led to, once it is on record."""
    for subscriber in consequences.suspended:
        event(log, "subscription.suspended", subscriber=subscriber)
    for domain in consequences.alerted:
        event(log, "delivery.refused_for_policy", level=logging.WARNING, domain=domain)
    for one in consequences.returned:
        event(
            log,
            "inbound.forward_bounced",
            level=logging.WARNING,
            mail=one.mail,
            list=one.list_name,
            reason=one.reason,
        )
    for edition in consequences.paused:
        log_edition_change(log, edition)


def log_edition_change(log: logging.Logger, edition: Edition) -> None:
    """Say in the log that an edition moved to another state."""
    event(log, "edition.changed", edition=edition.id, list=edition.list_name, state=edition.state.value)
