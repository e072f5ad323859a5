"""What the log says of a cycle of the dispatcher."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from pressrun.core.lifecycles.edition import EditionState
from pressrun.delivery.queue.claims import Claims
from pressrun.observe.log import event
from pressrun.services.editions.advance import EditionChanges
from pressrun.services.mail_results import log_consequences, log_edition_change

log = logging.getLogger("pressrun.dispatch")


def log_claims(claims: Claims) -> None:
    """Log which notices may no longer go, which copies were withheld, and what became of editions."""
    log_consequences(log, claims.consequences)
    for notice in claims.barred:
        # A reader's notice is what they wanted; an owner, an editor or the operator may wait for theirs.
        level = logging.WARNING if notice.subscriber_id is None else logging.INFO
        event(log, "delivery.suppressed", level=level, delivery=notice.id, notice=notice.kind, list=notice.list_id)
    for number, copies in claims.withheld.items():
        event(log, "delivery.withheld", edition=number, copies=copies)
    log_changes(claims.editions)


def log_changes(changes: EditionChanges) -> None:
    """Log what became of editions, and what is wrong with them."""
    log_faults(changes.faults)
    for edition in changes.changed:
        if not (edition.is_welcome and edition.state is EditionState.FINISHED):  # this happens after every new reader
            log_edition_change(log, edition)


def log_faults(faults: Iterable[tuple[str, Exception]]) -> None:
    """What went wrong in a careful cycle, by the row or edition with which it did."""
    for subject, problem in faults:
        event(log, "dispatch.fault", level=logging.ERROR, exc_info=problem, subject=subject)
