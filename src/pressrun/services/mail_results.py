"""The result of an accepted mail, and the consequences of bounces."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec

from msgspec import Struct

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.errors import PressrunError, Unavailable
from pressrun.core.lifecycles.delivery import FailureKind
from pressrun.observe.log import event
from pressrun.services.ports import BounceCounter
from pressrun.store.editions.editions import Edition
from pressrun.store.queue.inbound import InboundMail, InboundState, claim_mail, record_mail_result
from pressrun.store.transaction import Transaction

P = ParamSpec("P")


class MailMustWait(Unavailable):
    """A mail must wait for something other than the database, such as the parser process; others need not."""


@contextmanager
def needing_helper() -> Iterator[None]:
    """Work on a mail that needs a helper process; raises MailMustWait if that cannot be done now."""
    try:
        yield
    except Unavailable as problem:
        raise MailMustWait(str(problem)) from problem


class MailGone(PressrunError):
    """A mail was processed by others, or erased (as with its sender), while it was being read, so it has no effects."""


class ReturnedForward(Struct, frozen=True):
    """A mail that was forwarded to an owner or the operator and did not reach them.

    `mail` is its id among kept mail, None if it is no longer kept; `list_name` is "" for the operator's mail; `reason`
    has no address.
    """

    mail: int | None
    list_name: str
    reason: str


class FailedCopy(Struct, frozen=True, kw_only=True):
    """A copy or a notice that failed permanently, for the log.

    `reason` is the remote's text without addresses. `relay` is None if it came later, by a notification.
    """

    delivery: int
    list_name: str
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


class Consequences(Struct, frozen=True):
    """What bounces led to: the ids of suspended readers, the domains that the operator was alerted about, the editions
    that were paused automatically, and the forwarded mails that came back.
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
UNCOUNTED = "uncounted"  # for a mail to one person, which no metric may show


class MailResult(Struct, frozen=True):
    """The result of a mail: its state, and in a few words what was done.

    `counted_as` is the metric's label if it differs from that of the address, or UNCOUNTED; `failed` is the copy that a
    notification was about, and `complained_of` the list whose edition a reader complained about for the first time.
    """

    state: InboundState
    outcome: str
    counted_as: str = ""
    consequences: Consequences = NO_CONSEQUENCES
    failed: FailedCopy | None = None
    complained_of: str = ""


def done(outcome: str, counted_as: str = "") -> MailResult:
    """A mail that is no longer needed."""
    return MailResult(InboundState.DONE, outcome, counted_as)


def kept(outcome: str) -> MailResult:
    """A mail that is kept for a person to look at."""
    return MailResult(InboundState.KEPT, outcome)


def record_work(
    tx: Transaction,
    mail: InboundMail,
    now: int,
    work: Callable[Concatenate[Transaction, P], MailResult],
    *args: P.args,
    **kwargs: P.kwargs,
) -> MailResult:
    """Carry out `work` for a mail and record its result; raises MailGone if others have processed or erased the mail.

    The mail is claimed before its effects, since everything is one transaction.
    """
    if not claim_mail(tx, mail.id, now):
        raise MailGone("the mail was processed or erased while it was being read")
    result = work(tx, *args, **kwargs)
    record_mail_result(tx, mail.id, result.state, result.outcome)
    return result


def log_failed_copy(log: logging.Logger, failed: FailedCopy) -> None:
    """Log that a copy or a notice failed permanently."""
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


def report_result(log: logging.Logger, counter: BounceCounter, result: MailResult) -> None:
    """Log what a mail led to, once it is on record, and count bounced copies and complaints about copies.

    Nothing that concerns a mail to one person is counted.
    """
    failed = result.failed
    if failed is not None:
        log_failed_copy(log, failed)
    if failed is not None and failed.edition is not None and failed.bounce is not None:
        counter.count_bounce(failed.list_name, failed.bounce)
    if result.complained_of:
        counter.count_complaint(result.complained_of)
    log_consequences(log, result.consequences)


def log_consequences(log: logging.Logger, consequences: Consequences) -> None:
    """Log what bounces led to, once it is on record."""
    for subscriber in consequences.suspended:
        event(log, "subscription.suspended", subscriber=subscriber)
    for domain in consequences.alerted:
        event(log, "delivery.refused_for_policy", level=logging.WARNING, domain=domain)
    for forward in consequences.returned:
        event(
            log,
            "inbound.forward_bounced",
            level=logging.WARNING,
            mail=forward.mail,
            list=forward.list_name,
            reason=forward.reason,
        )
    for edition in consequences.paused:
        log_edition_change(log, edition)


def log_edition_change(log: logging.Logger, edition: Edition) -> None:
    """Log that an edition moved to another state."""
    event(log, "edition.changed", edition=edition.id, list=edition.list_name, state=edition.state.value)
