"""What the queue says in the log: what failed for good, and what followed from a turn."""

from __future__ import annotations

import logging

from pressrun.core.edition import EditionState
from pressrun.delivery.queue.claims import Turn
from pressrun.observe.log import event
from pressrun.services.mail_results import FailedCopy, log_consequences, log_edition_change, log_failed_copy
from pressrun.store.deliveries import Claimed, ClaimedNotice, DeliveryResult


def tell_turn(log: logging.Logger, turn: Turn) -> None:
    """Say what followed from the results that a turn recorded, and which editions it started, paused or finished."""
    log_consequences(log, turn.consequences)
    for notice in turn.barred:
        # A reader's is what they wanted; an owner, an editor or the operator may wait for theirs.
        level = logging.WARNING if notice.subscriber_id is None else logging.INFO
        event(log, "delivery.suppressed", level=level, delivery=notice.id, notice=notice.kind, list=notice.list_id)
    for number, copies in turn.cancelled.items():
        event(log, "delivery.withheld", edition=number, copies=copies)
    for subject, problem in turn.faults:
        log.error("dispatch.fault", exc_info=problem, extra={"fields": {"subject": subject}})
    if turn.rescued:
        event(log, "dispatch.rescued", level=logging.WARNING, copies=turn.rescued)
    for edition in turn.changed:
        if not (edition.is_welcome and edition.state is EditionState.FINISHED):  # so after every new reader
            log_edition_change(log, edition)


def tell_failure(log: logging.Logger, row: Claimed, settlement: DeliveryResult) -> None:
    """Say that a copy or a notice failed for good: no report has the notices."""
    log_failed_copy(
        log,
        FailedCopy(
            delivery=row.id,
            edition=settlement.edition_id,
            notice=row.kind if isinstance(row, ClaimedNotice) else None,
            subscriber=row.subscriber_id,
            domain=row.domain,
            relay=settlement.relay,
            kind=settlement.kind,
            bounce=settlement.bounce,
            code=settlement.code,
            enhanced=settlement.enhanced,
            reason=settlement.reply or "",
        ),
    )
