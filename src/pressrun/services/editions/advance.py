"""What the dispatcher does with editions by itself: it starts, pauses and finishes them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from msgspec import Struct, field

from pressrun.core.lifecycles.edition import EditionState
from pressrun.message.finding import remark
from pressrun.services import standing
from pressrun.services.editions import lifecycle
from pressrun.services.editions.lifecycle import OnPaused, PauseReason
from pressrun.store import bulk_changes
from pressrun.store.editions import editions
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.people import audit
from pressrun.store.queue import copy_counts, deliveries
from pressrun.store.transaction import Transaction

AFTER_CANARY = PauseReason(text="the canary copies are out: look at them, then resume", how="canary")
TOO_LATE = PauseReason(
    text="its scheduled time passed longer ago than late_grace allows: resume or cancel it",
    how="late",
    cause=remark("paused-late"),
)
OUR_FAULT = PauseReason(
    text="an internal error stopped it: see `dispatch.fault` in the log, and resume it once that is fixed", how="fault"
)


class EditionChanges(Struct, kw_only=True):
    """The editions that a transaction started, paused or finished, and what went wrong with what."""

    changed: list[Edition] = field(default_factory=list)
    faults: list[tuple[str, Exception]] = field(default_factory=list)

    def attempt(
        self, tx: Transaction, edition: Edition, work: Callable[[], None], now: int, on_paused: OnPaused
    ) -> None:
        """Do the work for one edition; an error pauses only this one."""
        before = len(self.changed)
        problem = tx.attempt(work)
        if problem is not None:
            del self.changed[before:]  # it was undone
            self.faults.append((f"edition {edition.id}", problem))
            tx.attempt(partial(self._pause_for_fault, tx, edition.id, now, on_paused))

    def _pause_for_fault(self, tx: Transaction, edition_id: int, now: int, on_paused: OnPaused) -> None:
        """Pause an edition that an internal error keeps from being sent, so that no other waits for it."""
        paused = lifecycle.pause_by_itself(tx, lifecycle.require_edition(tx, edition_id), OUR_FAULT, now, None)
        self.changed.append(paused)
        problem = tx.attempt(partial(on_paused, tx, paused, OUR_FAULT.cause))  # it may have the same cause
        if problem is not None:
            self.faults.append((f"the notice about edition {edition_id}", problem))


class AdvanceRequest(Struct, frozen=True, kw_only=True):
    """`idle` are editions that may be finished, also if they are paused; `relays` those that are configured.

    With `careful` an edition that meets an error is paused, and the others go on. Without `may_start` those whose time
    has come wait: the disk has no room for their copies. `on_paused` gets each edition that now waits for a person, and
    the cause, for people without a shell.
    """

    now: int
    idle: Collection[int]
    relays: Collection[str]
    late_grace_seconds: float
    careful: bool
    on_paused: OnPaused
    may_start: bool = True


def advance(tx: Transaction, request: AdvanceRequest) -> tuple[EditionChanges, int | None]:
    """Start, pause and finish the editions that are due, and return when the next one starts by itself."""
    changes = EditionChanges()
    for edition_id in request.idle:  # paused ones, too: the copies in flight at the pause may have been the last
        changes.changed += lifecycle.finish_if_done(tx, edition_id, request.now)
    starts: list[int] = []
    live = editions.live_editions(tx)
    for edition in live:
        move_on = partial(_move_on, tx, edition, request, changes, starts)
        if request.careful:
            changes.attempt(tx, edition, move_on, request.now, request.on_paused)
        else:
            move_on()
    return changes, min(starts, default=None)


def _pause(tx: Transaction, edition: Edition, request: AdvanceRequest, reason: PauseReason) -> Edition:
    # Somebody who sends a canary expects its pause. Nobody expects any other pause, so people are notified of it.
    on_paused = None if reason is AFTER_CANARY else request.on_paused
    return lifecycle.pause_by_itself(tx, edition, reason, request.now, on_paused)


def _move_on(
    tx: Transaction, edition: Edition, request: AdvanceRequest, changes: EditionChanges, starts: list[int]
) -> None:
    if edition.state is EditionState.SCHEDULED:
        if not request.may_start:
            return
        started = _start_if_due(tx, edition, request)
        if started is edition:
            starts += [] if edition.scheduled_at is None else [edition.scheduled_at]
            return
        edition = started
        changes.changed.append(started)
    if edition.state is not EditionState.SENDING:
        return
    if edition.list_relay and edition.list_relay not in request.relays:
        changes.changed += _pause_without_relay(tx, edition.id, request)
        return
    # in every cycle: the last copies may have been cancelled because their readers unsubscribed
    finished = lifecycle.finish_if_done(tx, edition.id, request.now)
    if not finished and edition.canary_copies is not None:
        finished = _pause_after_canary(tx, edition.id, request)
    changes.changed += finished


def _start_if_due(tx: Transaction, edition: Edition, request: AdvanceRequest) -> Edition:
    """Start a scheduled edition whose time has come; one that is too late waits for a person."""
    now = request.now
    if edition.scheduled_at is not None and edition.scheduled_at > now:
        return edition
    lists.hold_members(tx, edition.list_id)
    listed, edition = edition, lifecycle.require_edition(tx, edition.id)
    if edition.state is not EditionState.SCHEDULED:  # somebody has paused or cancelled it
        return listed
    if edition.scheduled_at is not None and now - edition.scheduled_at > request.late_grace_seconds:
        return _pause(tx, edition, request, TOO_LATE)
    reason = lifecycle.why_nobody_may_get(tx, edition.id)
    if reason is not None:
        return _pause(tx, edition, request, PauseReason(text=reason, how="copies-removed"))
    if withdrawn := _withdrawn(tx, edition):
        return _pause(tx, edition, request, withdrawn)
    audit.append_by_clock(tx, "edition.start", now, name=f"edition {edition.id}")
    return lifecycle.start(tx, edition, now)


def _withdrawn(tx: Transaction, edition: Edition) -> PauseReason | None:
    """Why the approval or schedule of an edition no longer counts; None if both still do."""
    if unapproved := standing.lost_approval(tx, edition):  # resuming it is refused
        text = f"{unapproved}: cancel it, make a draft of it again, and have that approved"
    elif unscheduled := standing.lost_schedule(tx, edition):
        text = f"{unscheduled}: check it, then resume or cancel it"
    else:
        return None
    return PauseReason(text=text, how="withdrawn", cause=remark("paused-withdrawn"))


def _pause_after_canary(tx: Transaction, edition_id: int, request: AdvanceRequest) -> list[Edition]:
    """Pause an edition whose canary copies have all been attempted, and return it."""
    edition = editions.find_edition(tx, edition_id)
    if edition is None or edition.canary_copies is None or edition.state is not EditionState.SENDING:
        return []
    if bulk_changes.is_going_on(tx, edition_id):
        return []
    if copy_counts.count_begun(tx, edition_id) < edition.canary_copies or deliveries.is_in_flight(tx, edition_id):
        return []
    return [_pause(tx, edition, request, AFTER_CANARY)]


def _pause_without_relay(tx: Transaction, edition_id: int, request: AdvanceRequest) -> list[Edition]:
    """Hold an edition whose list names a relay that is not configured: another one may not speak for its From."""
    edition = lifecycle.require_edition(tx, edition_id)
    if edition.state is not EditionState.SENDING:
        return []
    text = (
        f"the list names the relay {edition.list_relay}, which is not configured: add it, or "
        f"`pressrun list set {edition.list_name} relay=`, then resume"
    )
    return [_pause(tx, edition, request, PauseReason(text=text, how="relay"))]
