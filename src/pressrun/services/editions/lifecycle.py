"""The life of an edition once it is stored: start, pause, resume, cancel, finish, and failed copies again.

Plain functions of a transaction, for people's commands and for what the dispatcher does by itself (advance.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.errors import BadInput, Refused, Unavailable, no_such_edition
from pressrun.core.lifecycles.delivery import OVER
from pressrun.core.lifecycles.edition import EditionEvent, EditionState, move, resumed
from pressrun.message.finding import Remark
from pressrun.services import standing
from pressrun.services.editions.audience import begin_audience, queue_slice
from pressrun.store import bulk_changes
from pressrun.store.bulk_changes import ROWS_AT_ONCE, BulkChange, BulkKind
from pressrun.store.editions import drafts, editions, manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.people import audit
from pressrun.store.queue import deliveries, destinations
from pressrun.store.queue.copy_counts import count_copies
from pressrun.store.readers import language_switch
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import retention

if TYPE_CHECKING:
    from pressrun.services.context import ServiceContext  # verbs that read need no event loop

PAUSED_BY_PERSON = "paused by hand"
PAUSED_BY_RESTORE = (
    "the database went back to an earlier moment, and copies may have gone out since: resume or cancel it"
)


class PauseReason(Struct, frozen=True, kw_only=True):
    """Why an edition pauses by itself: `text` is for the shell, `cause` for people without one.

    Without a `cause`, only somebody with a shell can help. `how` is recorded with the change.
    """

    text: str
    how: str
    cause: Remark | None = None


OnPaused = Callable[[Transaction, Edition, Remark | None], None]


def doubt_in_words(doubtful: int) -> str:
    """How many of a restored edition's waiting copies may already have reached their readers."""
    if doubtful == 0:
        return "none of the waiting copies has gone out since"
    return f"up to {doubtful:,} of the waiting copies may have gone out since"


def require_edition(tx: Transaction, edition_id: int) -> Edition:
    """The edition of that id, or NotFound."""
    edition = editions.find_edition(tx, edition_id)
    if edition is None:
        raise no_such_edition(edition_id)
    return edition


def start(tx: Transaction, edition: Edition, now: int) -> Edition:
    """Begin to take the audience: everyone who is active and not suppressed now.

    Without any readers it is finished at once, and still published: a new newsletter needs editions to show before it
    has readers. Raises Refused if nobody can tell any more who has had its issue.
    """
    reason = why_nobody_may_get(tx, edition.id)
    if reason is not None:
        raise Refused(reason)
    lists.hold_members(tx, edition.list_id)
    canary = None if edition.canary_percent is None else 0
    started = replace(after_event(edition, EditionEvent.START), started_at=now, canary_copies=canary)
    editions.record_edition(tx, edition, started)  # first, so that nobody else takes the audience
    begin_audience(tx, started, now)
    finished = finish_if_done(tx, edition.id, now)
    return finished[0] if finished else require_edition(tx, edition.id)


def why_nobody_may_get(tx: Transaction, edition_id: int) -> str | None:
    """Why nobody may be given another copy of an edition: the rows that say who had it, or its issue, are gone."""
    removed = retention.find_removed(tx, edition_id)
    if removed is None:
        return None
    gone = f"the rows of the copies of edition {removed} were removed for their age ([retention] copies)"
    if removed == edition_id:
        return f"{gone}, so nobody can tell who needs it again"
    return (
        f"{gone}, so nobody can tell who has had this issue: take edition {edition_id} out of it with "
        f"`pressrun edition unlink {edition_id}`"
    )


def cancel_withdrawn_drafts(tx: Transaction, now: int) -> int:
    """Cancel the drafts of former editors; returns how many. For whatever removes editors."""
    withdrawn = drafts.withdrawn_drafts(tx)
    for edition_id in withdrawn:
        cancel(tx, edition_id, now, how="editor-removed")
    return len(withdrawn)


def cancel_expired_drafts(tx: Transaction, now: int) -> int:
    """Cancel drafts whose last link has ended, some at a time; returns how many."""
    expired = drafts.expired_drafts(tx, now)
    for edition_id in expired:
        cancel(tx, edition_id, now, how="expired")
        audit.append_by_clock(tx, "edition.cancel", now, name=f"edition {edition_id}")
    return len(expired)


def finish_if_done(tx: Transaction, edition_id: int, now: int) -> list[Edition]:
    """Finish an edition that has no copy left to send; returns it when that is so."""
    if deliveries.is_unfinished(tx, edition_id):
        return []
    edition = editions.find_edition(tx, edition_id)
    if edition is None or move(edition.state, EditionEvent.FINISH) is None or edition.started_at is None:
        return []
    # The audience may still be growing, or a reader may have been added before the edition was locked.
    if bulk_changes.is_going_on(tx, edition_id) or deliveries.is_unfinished(tx, edition_id):
        return []
    finished = replace(after_event(edition, EditionEvent.FINISH), finished_at=now, pause_reason=None)
    editions.record_edition(tx, edition, finished)
    if not edition.audience:
        editions.publish(tx, edition_id, now)
    return [finished]


def pause(tx: Transaction, edition_id: int) -> Edition:
    """Pause an edition: copies that a connection already has still go out, and no others."""
    return _pause(tx, require_edition(tx, edition_id), PAUSED_BY_PERSON, how="by-hand")


def pause_by_itself(
    tx: Transaction, edition: Edition, reason: PauseReason, now: int, on_paused: OnPaused | None
) -> Edition:
    """Pause an edition that nobody asked to pause; `on_paused` gets it and the cause, to notify people."""
    paused = _pause(tx, edition, reason.text, how=reason.how)
    audit.append_by_clock(tx, "edition.pause", now, name=f"edition {edition.id}")
    if on_paused is not None:
        on_paused(tx, paused, reason.cause)
    return paused


def _pause(tx: Transaction, edition: Edition, reason: str, *, how: str) -> Edition:
    paused = replace(after_event(edition, EditionEvent.PAUSE), pause_reason=reason)
    editions.record_edition(tx, edition, paused, how=how)
    return paused


def count_doubtful(edition: Edition, copies: Mapping[str, int]) -> int | None:
    """How many copies of a restored edition may go out a second time once it is resumed; None for any other.

    `copies` are the numbers of its copies by state.
    """
    if edition.may_have_gone is None or edition.started_at is None:
        return edition.may_have_gone
    return min(edition.may_have_gone, edition.audience - sum(copies[state.value] for state in OVER))


def hold_restored(tx: Transaction, edition_id: int, may_have_gone: int) -> Edition:
    """Hold an edition that was restored from a backup, until somebody resumes it and accepts that many repeats."""
    edition = require_edition(tx, edition_id)
    held = edition if edition.state is EditionState.PAUSED else after_event(edition, EditionEvent.PAUSE)
    held = replace(held, pause_reason=PAUSED_BY_RESTORE, may_have_gone=may_have_gone)
    editions.record_edition(tx, edition, held, how="restored")
    return held


def resume(tx: Transaction, edition_id: int, now: int, *, accepts_repeats: bool = False) -> Edition:
    """Resume a paused edition; one whose scheduled time has passed starts at once.

    Raises Refused for one that was restored from a backup, unless the caller accepts that copies may go out again.
    """
    edition = require_edition(tx, edition_id)
    doubtful = count_doubtful(edition, count_copies(tx, edition_id))
    if doubtful is not None and not accepts_repeats and edition.state is EditionState.PAUSED:
        raise Refused(
            f"edition {edition_id} is as it was at an earlier moment, and {doubt_in_words(doubtful)}. To resume it, "
            "accept that",
            at_shell="--yes accepts it",
        )
    withdrawn = standing.lost_approval(tx, edition) if edition.started_at is None else None
    if withdrawn is not None and edition.state is EditionState.PAUSED:
        raise Refused(
            f"{withdrawn}. Cancel the edition, make a draft of it again, and have somebody else approve that",
            at_shell=f"`pressrun edition cancel {edition_id}` cancels it",
        )
    if edition.state is EditionState.DRAFT:
        raise Refused(
            f"edition {edition_id} is a draft: send it instead of resuming it",
            at_shell=f"`pressrun edition send {edition_id}` sends it, and so does the /approve/… link in the mail "
            f"about it. `pressrun edition cancel {edition_id}` cancels it",
        )
    moved = after_event(edition, EditionEvent.RESUME)
    state = resumed(has_started=edition.started_at is not None)
    scheduled_at = edition.scheduled_at
    if state is EditionState.SCHEDULED and scheduled_at is not None and scheduled_at <= now:
        scheduled_at = None
    going = replace(moved, state=state, scheduled_at=scheduled_at, pause_reason=None, canary_copies=None)
    going = replace(going, may_have_gone=None)
    editions.record_edition(tx, edition, going)
    return going


def reschedule(tx: Transaction, edition_id: int, at: int, now: int) -> Edition:
    """Give an edition that has not started another time; a paused one stays paused. Raises NotFound, Refused."""
    edition = require_edition(tx, edition_id)
    moved = replace(after_event(edition, EditionEvent.MOVE), scheduled_at=at)
    if edition.started_at is not None:
        raise Refused(f"edition {edition_id} has already started and cannot be rescheduled")
    if at < now:
        raise BadInput(
            "that time is in the past. To send at once, resume the edition",
            at_shell=f"`pressrun edition resume {edition_id}`",
        )
    editions.record_edition(tx, edition, moved)
    return moved


def cancel(tx: Transaction, edition_id: int, now: int, *, how: str = "by-hand", sharing: int = 1) -> Edition:
    """Cancel an edition: copies that no connection has are not sent. If nobody has seen it, its slug is free again.

    `how` is recorded with the change; `sharing` is how many editions one transaction cancels, which share a slice.
    """
    edition = require_edition(tx, edition_id)
    cancelled = replace(after_event(edition, EditionEvent.CANCEL), finished_at=now, pause_reason=None)
    editions.record_edition(tx, edition, cancelled, how=how)
    bulk_changes.end_all(tx, edition_id)
    cancel_slice(tx, BulkChange(kind=BulkKind.CANCEL, edition_id=edition_id, created_at=now), sharing)
    if edition.started_at is None:
        editions.give_up_slug(tx, edition_id)
    if edition.state is EditionState.DRAFT:
        manuscripts.end(tx, edition_id)
    return cancelled


def cancel_slice(tx: Transaction, change: BulkChange, sharing: int = 1) -> None:
    """Cancel one slice of the waiting copies of a cancelled edition, and store whether more may wait."""
    at_once = ROWS_AT_ONCE // sharing
    if deliveries.cancel_waiting(tx, change.edition_id, change.created_at, at_once) < at_once:
        bulk_changes.end(tx, change)
    else:
        bulk_changes.store(tx, change)


def continue_oldest(tx: Transaction, now: int) -> bool:
    """Make one slice of the bulk change that has waited longest; False if there is none."""
    change = bulk_changes.find_oldest(tx)
    if change is None:
        return False
    if change.kind is BulkKind.CANCEL:
        cancel_slice(tx, change)
    elif change.kind is BulkKind.REASSIGN:
        destinations.move_slice(tx, change)
    else:
        queue_slice(tx, require_edition(tx, change.edition_id), change, now)
        finish_if_done(tx, change.edition_id, now)
    return True


async def carry_on(context: ServiceContext) -> bool:
    """Complete the bulk changes, a slice in each transaction; False if there were none."""
    if await context.database.read(bulk_changes.find_oldest) is None:
        return False
    while await context.database.record(continue_oldest, context.now):
        pass
    context.wake()
    return True


async def carry_on_if_possible(context: ServiceContext) -> bool:
    """The same after a commit that must be reported as done. If the database is away, housekeeping goes on."""
    with suppress(Unavailable):
        return await carry_on(context)
    return False


def add_reader(tx: Transaction, edition_id: int, subscription_id: int, now: int) -> bool:
    """Give one more reader an edition that has taken its audience; False if they may not be mailed or have the issue.

    A finished one opens again for that copy. False for everybody once the rows that say who has it are gone.
    """
    edition = require_edition(tx, edition_id)
    state = move(edition.state, EditionEvent.REOPEN)
    if state is None or why_nobody_may_get(tx, edition_id) is not None:
        return False
    if not language_switch.give_copy(tx, edition_id, subscription_id, now):
        return False
    changed = replace(edition, state=state, audience=edition.audience + 1)
    if edition.state is EditionState.FINISHED:
        changed = replace(changed, finished_at=None, canary_copies=None)
    editions.record_edition(tx, edition, changed, how="another-copy")
    return True


class Resent(Struct, frozen=True):
    """How many failed copies were queued again and left out, and the state of their edition now."""

    queued: int
    left_out: int
    state: EditionState


def resend_failed(tx: Transaction, edition_id: int, now: int, copies: Sequence[int]) -> Resent:
    """Queue those of these failed copies whose readers may still be written to; raises NotFound, Refused."""
    edition = require_edition(tx, edition_id)
    moved = after_event(edition, EditionEvent.REOPEN)
    reason = why_nobody_may_get(tx, edition_id)
    if reason is not None:
        raise Refused(reason)
    if edition.state is EditionState.SENDING and edition.canary_copies is not None:
        # A failed copy that is queued again makes room for one more reader than the canary may have.
        raise Refused(f"the canary copies of edition {edition_id} are being sent. Try again when it has paused")
    if edition.state is EditionState.FINISHED:
        moved = replace(moved, canary_copies=None)  # its canary is over, whoever it went to
    target = lists.find_list_by_id(tx, edition.list_id)
    if target is None or target.closed_at is not None:
        raise Refused(f"the list {edition.list_name} is closed, so nothing is sent to its subscribers")
    queued, left_out = deliveries.requeue_failed(tx, edition_id, copies, now)
    if not queued:
        return Resent(0, left_out, edition.state)
    editions.record_edition(tx, edition, replace(moved, finished_at=None), how="resend")
    return Resent(queued, left_out, moved.state)


_PARTICIPLES = {
    EditionEvent.RELEASE: "released",
    EditionEvent.MOVE: "rescheduled",
    EditionEvent.START: "started",
    EditionEvent.PAUSE: "paused",
    EditionEvent.RESUME: "resumed",
    EditionEvent.CANCEL: "cancelled",
    EditionEvent.FINISH: "finished",
    EditionEvent.REOPEN: "sent again",
}


def after_event(edition: Edition, event: EditionEvent) -> Edition:
    """An edition in the state that an event leads to; raises Refused if it may not happen."""
    state = move(edition.state, event)
    if state is None:
        what = "a draft" if edition.state is EditionState.DRAFT else edition.state
        if what == _PARTICIPLES[event]:
            raise Refused(f"edition {edition.id} is already {what}")
        raise Refused(f"edition {edition.id} is {what} and cannot be {_PARTICIPLES[event]}")
    return replace(edition, state=state)
