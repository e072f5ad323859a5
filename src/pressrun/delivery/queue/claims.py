"""One turn of the dispatcher as a transaction: record results, start and finish editions, claim what may go next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pressrun.core.edition import EditionState
from pressrun.delivery.queue.scheduler import Ready
from pressrun.delivery.queue.throttle import LaneNotes
from pressrun.message.layouts.design import Logo
from pressrun.message.wire.skeleton import Skeleton
from pressrun.services.bounces.returned_forwards import take_back_unsent
from pressrun.services.editions.lifecycle import (
    finish_if_done,
    pause_after_canary,
    pause_for_fault,
    pause_without_relay,
    start_if_due,
)
from pressrun.services.editions.sending_hours import held_until
from pressrun.services.evidence import record_sent
from pressrun.services.mail_results import Consequences
from pressrun.services.mails.copy_composer import CompiledEdition
from pressrun.services.mails.notice_composer import is_passed_on
from pressrun.store import deliveries, destinations, editions, lists, logos
from pressrun.store.deliveries import ClaimedCopy, ClaimedNotice, DeliveryResult
from pressrun.store.editions import Edition
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction

AfterSettling = Callable[[Transaction, Sequence[DeliveryResult], int], Consequences]
MayGo = Callable[[Transaction, ClaimedNotice], bool]

NOTICE_BATCH = 50  # notices go first, and a flood of them still lets an edition move


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneWork:
    """What a turn is to do about lanes.

    `rooms` says how many copies each lane with limits may have claimed more, `notes` what was learned of lanes,
    `given_up` which of them were blocked for too long, `domains` which domains have which lane, where that changed;
    `relays` are those that there are, `full` those for which enough is claimed of lists that name them.
    """

    rooms: Mapping[str, int] = field(default_factory=dict)
    notes: LaneNotes = field(default_factory=LaneNotes)
    given_up: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] | None = None
    relays: Collection[str] = ()
    full: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a turn is to do. `room` is how many copies may be claimed, `octets` how much the notices claimed now may
    hold, `claimed` how many copies are claimed and not taken.

    `by_lane` counts the claimed copies by lane. A turn without `lanes` only records results: between two looks for what
    may go there are many of those.

    With `held` it is a careful one, since something failed in a turn or at the broker: what is claimed and not among
    these is lost, and goes back to the queue; and each result, notice and edition is dealt with on its own, so that one
    that is to blame holds up no other.
    """

    now: float
    lanes: LaneWork | None
    settlements: Sequence[DeliveryResult] = ()
    released: Sequence[int] = ()
    touched: Collection[int] = ()
    room: int = 0
    octets: int = 0
    claimed: int = 0
    by_lane: Mapping[str, int] = field(default_factory=dict)
    known: Collection[int] = ()
    late_grace_seconds: float
    held: frozenset[int] | None = None

    @property
    def is_careful(self) -> bool:
        """Whether each thing is dealt with on its own."""
        return self.held is not None


@dataclass(slots=True, kw_only=True)
class Turn:
    """What a turn brought back. `next_due_at` is when the next waiting copy may go, None when nothing waits, said where
    there was room for more; `rooms` what is left of the room of lanes with limits; `barred` are the notices that may
    not go to their address any more, `cancelled` counts such copies by edition. A careful one has in `faults` what went
    wrong with what, in `unrecorded` results that it could not record, and in `rescued` how many rows nobody held.
    `logos` are those of the lists of notices, by the list's id.
    """

    notices: list[tuple[ClaimedNotice, MailingList | None]] = field(default_factory=list)
    logos: dict[int, Logo] = field(default_factory=dict)
    copies: list[tuple[int, list[ClaimedCopy]]] = field(default_factory=list)
    plates: dict[int, CompiledEdition] = field(default_factory=dict)
    live: frozenset[int] = frozenset()
    next_due_at: float | None = None
    rooms: dict[str, int] = field(default_factory=dict)
    changed: list[Edition] = field(default_factory=list)
    barred: list[ClaimedNotice] = field(default_factory=list)
    cancelled: Counter[int] = field(default_factory=Counter)
    consequences: Consequences = field(default_factory=Consequences)
    rescued: int = 0
    faults: list[tuple[str, Exception]] = field(default_factory=list)
    unrecorded: list[DeliveryResult] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """How many copies and notices were claimed."""
        return len(self.notices) + sum(len(rows) for _, rows in self.copies)


def take_turn(tx: Transaction, request: Request, ready: Ready, after_settling: AfterSettling, may_go: MayGo) -> Turn:
    """Carry out one turn; everything in it is committed together, the pace with the claims it covers."""
    now = int(request.now)
    turn = Turn()
    if request.held is None:
        turn.consequences = _record(tx, request.settlements, after_settling, now)
    else:
        for one in request.settlements:
            _record_alone(tx, one, after_settling, turn, now)
    deliveries.release(tx, request.released, now)
    if request.held is not None:
        turn.rescued = _rescue(tx, request.held, now)
    if request.lanes is not None:
        _record_lanes(tx, request.lanes, now)
        _look(tx, request, request.lanes, turn, may_go)
    if turn.taken or request.settlements:
        by_lane = Counter(request.by_lane)
        by_lane.update(row.lane for _, rows in turn.copies for row in rows)
        destinations.store_paces(tx, ready.dump(request.now, request.claimed + turn.taken, by_lane))
    return turn


def _record(
    tx: Transaction, settlements: Sequence[DeliveryResult], after_settling: AfterSettling, now: int
) -> Consequences:
    deliveries.record_results(tx, settlements, now)
    record_sent(tx, settlements, now)
    return after_settling(tx, settlements, now)


def _record_alone(tx: Transaction, one: DeliveryResult, after_settling: AfterSettling, turn: Turn, now: int) -> None:
    """Record one result; where its consequences cannot be drawn, without them: the copy must not go out again."""
    found: list[Consequences] = []
    problem = tx.attempt(lambda: found.append(_record(tx, [one], after_settling, now)))
    if problem is None:
        turn.consequences += found[0]
        return
    turn.faults.append((f"delivery {one.id}", problem))
    if tx.attempt(lambda: deliveries.record_results(tx, [one], now)) is not None:
        turn.unrecorded.append(one)


def _alone(tx: Transaction, request: Request, turn: Turn, edition: Edition, work: Callable[[], None]) -> None:
    """What concerns one edition alone: in a careful turn an error pauses it, and no other one."""
    if not request.is_careful:
        work()
        return
    problem = tx.attempt(work)
    if problem is not None:
        turn.faults.append((f"edition {edition.id}", problem))
        tx.attempt(lambda: turn.changed.append(pause_for_fault(tx, edition)))


def _rescue(tx: Transaction, held: frozenset[int], now: int) -> int:
    """Give back what is claimed and in nobody's hands; no connection ever had it."""
    lost = deliveries.claimed_ids(tx) - held
    deliveries.release(tx, sorted(lost), now)
    return len(lost)


def _record_lanes(tx: Transaction, work: LaneWork, now: int) -> None:
    if work.domains is not None:
        destinations.set_domains(tx, work.domains)
    for domain in work.notes.opened:
        destinations.open_lane(tx, domain)
    if work.notes.states or work.notes.forgotten:
        destinations.store_states(tx, work.notes.states, work.notes.forgotten)
    for lane, reason in work.given_up.items():
        destinations.give_up(tx, lane, reason, now)


def _look(tx: Transaction, request: Request, work: LaneWork, turn: Turn, may_go: MayGo) -> None:
    """Start, pause and finish what is due, and claim what may go next."""
    now = int(request.now)
    turn.rooms = dict(work.rooms)
    for edition_id in request.touched:  # paused ones too: the copies in flight at the pause may have been the last
        turn.changed += finish_if_done(tx, edition_id, now)
    sending = _sending_editions(tx, request, work, turn)
    turn.live = frozenset(edition.id for edition in sending)
    going = [one for one in sending if one.list_relay not in work.full]  # of the others enough is claimed already
    going = _without_held(tx, request, going, turn)
    if request.room > 0:
        _claim_notices(tx, request, turn, may_go)
        _claim(tx, request, turn, going)
        over = _end_without_copies(tx, turn, now)
        going = [edition for edition in going if edition.id not in over]
    if turn.taken < request.room:  # else more may go at once
        room_for_notices = request.octets > sum(row.octets for row, _ in turn.notices)
        turn.next_due_at = _next_due_at(tx, going, turn, room_for_notices=room_for_notices)


def _sending_editions(tx: Transaction, request: Request, work: LaneWork, turn: Turn) -> list[Edition]:
    sending: list[Edition] = []
    for edition in editions.live_editions(tx):
        _alone(tx, request, turn, edition, partial(_move_on, tx, edition, request, work, turn, sending))
    return sending


def _move_on(
    tx: Transaction, found: Edition, request: Request, work: LaneWork, turn: Turn, sending: list[Edition]
) -> None:
    """Start, pause or finish an edition that is due for it; what goes on is added to `sending`."""
    edition = found
    if found.state is EditionState.SCHEDULED:
        edition = start_if_due(tx, found, int(request.now), request.late_grace_seconds)
        if edition is not found:
            turn.changed.append(edition)
    if edition.state is EditionState.SENDING and edition.list_relay and edition.list_relay not in work.relays:
        turn.changed.append(pause_without_relay(tx, edition))
    elif edition.state is EditionState.SENDING:
        # Looked at in every turn: the last copies may have been cancelled, as their readers left.
        over = finish_if_done(tx, edition.id, int(request.now)) or pause_after_canary(tx, edition.id)
        turn.changed += over
        sending += [] if over else [edition]
    elif edition.state is EditionState.SCHEDULED and edition.scheduled_at is not None:
        turn.next_due_at = min(turn.next_due_at or edition.scheduled_at, edition.scheduled_at)


def _without_held(tx: Transaction, request: Request, going: Sequence[Edition], turn: Turn) -> list[Edition]:
    """Those whose list lets copies out at this hour; the next hour of the others is noted as due."""
    opens_at: dict[int, int | None] = {}

    def ask(edition: Edition) -> None:
        opens_at[edition.id] = held_until(edition, request.now)

    for edition in going:
        _alone(tx, request, turn, edition, partial(ask, edition))
    openings = [at for at in (*opens_at.values(), turn.next_due_at) if at is not None]
    turn.next_due_at = min(openings, default=None)
    return [edition for edition in going if edition.id in opens_at and opens_at[edition.id] is None]


def _claim_notices(tx: Transaction, request: Request, turn: Turn, may_go: MayGo) -> None:
    """Claim notices; those that may not go are cancelled, but for somebody's mail, which is kept for a person.

    One that cannot be judged, as its stored form is read no more, has failed.
    """
    now = int(request.now)
    unjudged: set[int] = set()

    def judge(tx: Transaction, notice: ClaimedNotice) -> bool:
        if not request.is_careful:
            return may_go(tx, notice)
        try:
            return may_go(tx, notice)
        except Exception as problem:  # noqa: BLE001 - told with the turn
            turn.faults.append((f"delivery {notice.id}", problem))
            unjudged.add(notice.id)
            return False

    claimed, turn.barred = deliveries.claim_notices(
        tx, now=now, limit=min(request.room, NOTICE_BATCH), octets=request.octets, may_go=judge
    )
    turn.notices = [(row, None if row.list_id is None else lists.get_list(tx, row.list_id)) for row in claimed]
    shown = {target.id for _, target in turn.notices if target is not None and target.logo is not None}
    found = {number: logos.find_logo(tx, number) for number in sorted(shown)}
    turn.logos = {number: logo for number, logo in found.items() if logo is not None}
    forwards = [row.id for row in turn.barred if is_passed_on(row)]
    others = [row.id for row in turn.barred if not is_passed_on(row)]
    deliveries.cancel(tx, [number for number in others if number not in unjudged], now)
    deliveries.fail_unsent(tx, [*forwards, *unjudged.intersection(others)], now)
    if forwards:
        turn.consequences = replace(
            turn.consequences, returned=turn.consequences.returned + take_back_unsent(tx, forwards, now)
        )


def _end_without_copies(tx: Transaction, turn: Turn, now: int) -> frozenset[int]:
    """Finish or pause the editions whose last copies were just cancelled; returns which those are."""
    over: list[Edition] = []
    for edition_id in turn.cancelled:
        over += finish_if_done(tx, edition_id, now) or pause_after_canary(tx, edition_id)
    turn.changed += over
    found = frozenset(edition.id for edition in over)
    turn.live -= found
    return found


def _claim(tx: Transaction, request: Request, turn: Turn, sending: Sequence[Edition]) -> None:
    room = request.room - len(turn.notices)
    # Editions share the room evenly; what one does not use the next ones may.
    for index, edition in enumerate(sending):
        share = -(-room // (len(sending) - index))
        before = turn.taken
        _alone(tx, request, turn, edition, partial(_claim_from, tx, request, turn, edition, share))
        room -= turn.taken - before


def _claim_from(tx: Transaction, request: Request, turn: Turn, edition: Edition, share: int) -> None:
    now = int(request.now)
    limit = share if edition.canary_copies is None else min(share, _canary_room(tx, edition))
    rows = _claim_copies(tx, edition.id, turn, limit, now) if limit > 0 else []
    if not rows:
        return
    if edition.first_claim_at is None:
        editions.publish(tx, edition.id, now)
    if edition.id not in request.known:
        turn.plates[edition.id] = _load_plate(tx, edition)
    turn.copies.append((edition.id, rows))  # the last: what fails before is undone


def _claim_copies(tx: Transaction, edition_id: int, turn: Turn, limit: int, now: int) -> list[ClaimedCopy]:
    """Claim from all lanes with room evenly; what one does not use the next ones may. What is claimed leaves
    `turn.rooms`, what may not go any more is counted in `turn.cancelled`.
    """
    rooms = turn.rooms
    names = [lane for lane in deliveries.waiting_lanes(tx, edition_id) if rooms.get(lane, limit) > 0]
    names.sort(key=lambda lane: rooms.get(lane, limit))  # narrow lanes leave their rest to the wide ones
    rows: list[ClaimedCopy] = []
    for index, lane in enumerate(names):
        share = -(-(limit - len(rows)) // (len(names) - index))
        found, cancelled = deliveries.claim_copies(
            tx, edition_id=edition_id, lane=lane, now=now, limit=min(share, rooms.get(lane, limit))
        )
        if cancelled:
            turn.cancelled[edition_id] += cancelled
        if lane in rooms:
            rooms[lane] -= len(found)
        rows += found
    return rows


def _canary_room(tx: Transaction, edition: Edition) -> int:
    assert edition.canary_copies is not None
    return edition.canary_copies - deliveries.count_attempted(tx, edition.id)


def _load_plate(tx: Transaction, edition: Edition) -> CompiledEdition:
    target = lists.get_list(tx, edition.list_id)
    assert target is not None  # the edition holds it by a foreign key
    skeleton = Skeleton.decode(editions.load_skeleton(tx, edition.id))
    text_alone = editions.load_text_skeleton(tx, edition.id)
    return CompiledEdition(
        edition_id=edition.id,
        slug="" if edition.is_welcome else edition.slug,
        list=target,
        language=edition.language,
        skeleton=skeleton,
        text_skeleton=skeleton if text_alone is None else Skeleton.decode(text_alone),
        message_secret=edition.message_secret,
    )


def _next_due_at(tx: Transaction, sending: Sequence[Edition], turn: Turn, *, room_for_notices: bool) -> float | None:
    # What waits behind a canary is not due before its outcome is there, which brings a turn of its own; what waits in
    # a lane without room, not before that opens.
    going = [one for one in sending if one.canary_copies is None or _canary_room(tx, one) > 0]
    dues = [deliveries.next_notice_due(tx)] if room_for_notices else []  # else not before one of them has its answer
    for edition in going:
        lanes_open = [lane for lane in deliveries.waiting_lanes(tx, edition.id) if turn.rooms.get(lane, 1) > 0]
        dues += [deliveries.next_due(tx, edition.id, lane) for lane in lanes_open]
    found: list[float] = [at for at in (*dues, turn.next_due_at) if at is not None]
    return min(found, default=None)
