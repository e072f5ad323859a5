"""What becomes of an accepted mail, as everybody who deals with one says it, and what follows from bounces."""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass

from pressrun.core.errors import PressrunError, Unavailable
from pressrun.observe.log import event
from pressrun.store.editions import Edition
from pressrun.store.inbound import InboundMail, InboundState, settle_mail
from pressrun.store.transaction import Transaction


class NotNow(Unavailable):
    """A mail has to wait for something other than the database, such as the helper process: others need not."""


class ForgottenMeanwhile(PressrunError):
    """A mail was forgotten while it was being read, as when its sender is erased: nothing follows from it."""


# What the system lacks for the moment: descriptors, processes, threads, memory. No mail is at fault.
_LACKS = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS})


def is_out_of_resources(problem: Exception) -> bool:
    """Whether the system lacked something that a mail needed, so that it has to wait."""
    if isinstance(problem, OSError):
        return problem.errno in _LACKS
    return isinstance(problem, RuntimeError) and str(problem) == "can't start new thread"


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail that was passed on to an owner or the operator and did not reach them.

    `mail` is its id among kept mail, None when it is kept no more; `list_name` is "" when it was the operator's;
    `reason` holds no address.
    """

    mail: int | None
    list_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What bounces led to: how many readers were suspended, the domains that the operator was told of, the editions
    that paused by themselves, and the mails that were passed on in vain.
    """

    suspended: int = 0
    alerted: tuple[str, ...] = ()
    paused: tuple[Edition, ...] = ()
    returned: tuple[Returned, ...] = ()


NOTHING = Aftermath()


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a mail: its state, and in a word or two what was done.

    `counted_as` is the metric's word where it is another one than the address would say.
    """

    state: InboundState
    outcome: str
    counted_as: str = ""
    aftermath: Aftermath = NOTHING


def done(outcome: str, counted_as: str = "") -> Settled:
    """Nothing of the mail is needed any more."""
    return Settled(InboundState.DONE, outcome, counted_as)


def kept(outcome: str) -> Settled:
    """The mail stays for a person to look at."""
    return Settled(InboundState.KEPT, outcome)


def record_settled(tx: Transaction, mail: InboundMail, settled: Settled, now: int) -> Settled:
    """Record what became of a mail, after what it leads to in the same transaction.

    Raises ForgottenMeanwhile where it waits no more, which undoes all of that.
    """
    if not settle_mail(tx, mail.id, settled.state, settled.outcome, now):
        raise ForgottenMeanwhile("the mail was forgotten while it was being read")
    return settled


def tell_aftermath(log: logging.Logger, aftermath: Aftermath) -> None:
    """Say in the log what bounces led to, once it is on record."""
    if aftermath.suspended:
        event(log, "subscription.suspended", number=aftermath.suspended)
    for domain in aftermath.alerted:
        event(log, "delivery.refused_for_policy", level=logging.WARNING, domain=domain)
    for one in aftermath.returned:
        event(
            log,
            "inbound.forward_bounced",
            level=logging.WARNING,
            mail=one.mail,
            list=one.list_name,
            reason=one.reason,
        )
    for edition in aftermath.paused:
        tell_change(log, edition)


def tell_change(log: logging.Logger, edition: Edition) -> None:
    """Say in the log that an edition moved to another state."""
    event(log, "edition.changed", edition=edition.id, list=edition.list_name, state=edition.state.value)
