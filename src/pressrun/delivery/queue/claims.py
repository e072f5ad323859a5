"""The transaction that claims what may go next. Nothing is handed out before its claim is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct, field

from pressrun.core.errors import DatabaseSetBack, Unavailable
from pressrun.core.lifecycles.edition import EditionState
from pressrun.delivery.queue.jobs import Job
from pressrun.delivery.queue.pacing import PaceSnapshot
from pressrun.message.layouts.design import Logo
from pressrun.message.wire.skeleton import Skeleton
from pressrun.services.bounces.returned_forwards import keep_unsent_forwards
from pressrun.services.editions.advance import EditionChanges
from pressrun.services.editions.lifecycle import OnPaused
from pressrun.services.editions.sending_hours import held_until
from pressrun.services.mail_results import Consequences
from pressrun.services.mails.copy_composer import CompiledEdition
from pressrun.services.mails.notice_composer import is_passed_on
from pressrun.store import bulk_changes
from pressrun.store.editions import editions
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import copy_counts, deliveries, destinations
from pressrun.store.queue.deliveries import FOR_EVER, ClaimedCopy, ClaimedNotice
from pressrun.store.queue.forgotten_claims import find_forgotten, lacks_ids
from pressrun.store.queue.journal import Claim
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import sessions

MayGo = Callable[[Transaction, ClaimedNotice], bool]

NOTICE_BATCH = 50  # notices go first, and a flood of them still lets an edition move


class Room(Struct, frozen=True, kw_only=True):
    """How many rows may be claimed, how many octets claimed notices may hold, and how many more copies each destination
    with limits may have claimed. The relays that are `full` have enough claimed copies of the lists that name them.
    """

    rows: int
    notice_octets: int
    by_queue: Mapping[str, int]
    full_relays: frozenset[str]


class Ready(Struct, frozen=True, kw_only=True):
    """What is claimed already: how many rows, how many by destination queue, and where the paces stand."""

    rows: int
    by_queue: Mapping[str, int]
    paces: PaceSnapshot


class ClaimRequest(Struct, frozen=True, kw_only=True):
    """What `session` may claim. `compiled` are the editions that need not be loaded again. With `careful` each notice
    and edition is dealt with on its own, so that a bad one holds up no other. `accepted` is the claim of the mail that
    a relay accepted most recently.
    """

    session: int
    now: float
    room: Room
    ready: Ready
    compiled: Mapping[int, CompiledEdition]
    careful: bool
    accepted: Claim | None


class Claims(Struct, kw_only=True):
    """What was claimed: notices before copies. `live` are the editions that are being sent, by id; those with copies
    claimed are in `compiled`. `next_due_at` is when the next waiting row may go, None when nothing waits, only known if
    there was room for more. `barred` are notices that may no longer go to their address; `withheld` counts cancelled
    copies by edition.
    """

    notices: list[Job] = field(default_factory=list)
    copies: list[Job] = field(default_factory=list)
    live: frozenset[int] = frozenset()
    compiled: dict[int, CompiledEdition] = field(default_factory=dict)
    next_due_at: float | None = None
    barred: list[ClaimedNotice] = field(default_factory=list)
    withheld: Counter[int] = field(default_factory=Counter)
    consequences: Consequences = field(default_factory=Consequences)
    editions: EditionChanges = field(default_factory=EditionChanges)

    @property
    def jobs(self) -> list[Job]:
        """All rows that were claimed."""
        return self.notices + self.copies


def claim(tx: Transaction, request: ClaimRequest, may_go: MayGo, on_paused: OnPaused) -> Claims:
    """Claim what may go next; the pace is stored with the claims it covers.

    Raises Unavailable once the session has ended: others may have claimed since. Raises DatabaseSetBack if the database
    does not know of the mail that was accepted last, and so would have others sent again, too.
    """
    if request.room.rows > 0:
        if not sessions.is_live(tx, request.session):
            raise Unavailable(
                "this process has lost its session: another one has begun, and nothing more is claimed here"
            )
        accepted = [] if request.accepted is None else [request.accepted]
        if lacks_ids(tx, accepted) or find_forgotten(tx, accepted, request.now):
            raise DatabaseSetBack("the database was set back to an earlier moment: nothing more is claimed here")
    return _Claiming(tx, request, may_go, on_paused).run()


class _Claiming:
    """One such transaction; used once."""

    def __init__(self, tx: Transaction, request: ClaimRequest, may_go: MayGo, on_paused: OnPaused) -> None:
        self._tx = tx
        self._request = request
        self._may_go = may_go
        self._on_paused = on_paused
        self._now = int(request.now)
        self._room = request.room.rows
        self._octets_left = request.room.notice_octets
        self._room_by_queue = dict(request.room.by_queue)
        self._logos: dict[int, Logo | None] = {}  # by list
        self._claims = Claims(compiled=dict(request.compiled))

    def run(self) -> Claims:
        claims, request = self._claims, self._request
        sending = [edition for edition in editions.live_editions(self._tx) if edition.state is EditionState.SENDING]
        claims.live = frozenset(edition.id for edition in sending)
        going = self._open([edition for edition in sending if edition.list_relay not in request.room.full_relays])
        if self._room > 0:
            self._claim_notices()
            self._claim_copies([edition for edition, opens_at in going if opens_at is None])
        claimed = claims.jobs
        if len(claimed) < request.room.rows:  # otherwise more may go at once
            self._find_next_due(going)
        claims.compiled = {number: compiled for number, compiled in claims.compiled.items() if number in claims.live}
        if claimed:
            by_queue = Counter(request.ready.by_queue)
            by_queue.update(job.queue for job in claims.copies if job.queue is not None)
            stored = request.ready.paces.dump(request.now, request.ready.rows + len(claimed), by_queue)
            destinations.store_paces(self._tx, stored)
        return claims

    def _attempt(self, edition: Edition, work: Callable[[], None]) -> None:
        if self._request.careful:
            self._claims.editions.attempt(self._tx, edition, work, self._now, self._on_paused)
        else:
            work()

    def _open(self, sending: Sequence[Edition]) -> list[tuple[Edition, int | None]]:
        """The editions, each with the time at which its list's sending hours begin; None if they have begun."""
        going: list[tuple[Edition, int | None]] = []

        def look_up(edition: Edition) -> None:
            going.append((edition, held_until(edition, self._request.now)))

        for edition in sending:
            self._attempt(edition, partial(look_up, edition))
        return going

    # ------------------------------------------------------------------ notices

    def _claim_notices(self) -> None:
        """Claim notices. Those that may not go are cancelled, except somebody's mail, which is kept for a person. A
        notice that cannot be judged, since its stored form is unreadable, has failed.
        """
        claims, tx, request = self._claims, self._tx, self._request
        unjudged: set[int] = set()

        def may_go(tx: Transaction, notice: ClaimedNotice) -> bool:
            try:
                return self._may_go(tx, notice)
            except Exception as problem:
                if not request.careful:
                    raise
                claims.editions.faults.append((f"delivery {notice.id}", problem))
                unjudged.add(notice.id)
                return False

        rows, claims.barred = deliveries.claim_notices(
            tx,
            session=request.session,
            now=self._now,
            limit=min(self._room, NOTICE_BATCH),
            octets=request.room.notice_octets,
            may_go=may_go,
        )
        self._octets_left -= sum(row.octets for row in rows)
        claims.notices = [self._notice(row) for row in rows]
        forwards = [row.id for row in claims.barred if is_passed_on(row)]
        others = {row.id for row in claims.barred}.difference(forwards)
        deliveries.cancel_notices(tx, sorted(others - unjudged), self._now)
        deliveries.fail_notices(tx, [*forwards, *sorted(others & unjudged)], self._now)
        if forwards:
            claims.consequences += Consequences(returned=keep_unsent_forwards(tx, forwards, self._now))

    def _notice(self, row: ClaimedNotice) -> Job:
        target = None if row.list_id is None else lists.find_list_by_id(self._tx, row.list_id)
        return Job(
            row, self._now, self._request.session, None, target, logo=None if target is None else self._logo(target)
        )

    def _logo(self, target: MailingList) -> Logo | None:
        if target.logo is not None and target.id not in self._logos:
            self._logos[target.id] = lists.find_logo(self._tx, target.id)
        return self._logos.get(target.id)

    # ------------------------------------------------------------------ copies

    def _claim_copies(self, going: Sequence[Edition]) -> None:
        """Claim copies of all these editions evenly; what one does not use is for the next ones."""
        room = self._room - len(self._claims.notices)
        for index, edition in enumerate(going):
            share = -(-room // (len(going) - index))
            before = len(self._claims.copies)
            self._attempt(edition, partial(self._claim_from, edition, share))
            room -= len(self._claims.copies) - before

    def _claim_from(self, edition: Edition, share: int) -> None:
        limit = share if edition.canary_copies is None else min(share, self._canary_room(edition))
        until = self._claimable_until(edition)
        rows = self._claim_rows(edition.id, limit, until) if limit > 0 else []
        if len(rows) < limit and until < self._claimable_until(edition):  # nobody is left who was drawn
            rows += self._claim_rows(edition.id, limit - len(rows), FOR_EVER)
        if not rows:
            return
        if edition.first_claim_at is None:
            editions.publish(self._tx, edition.id, self._now)
        compiled = self._claims.compiled.get(edition.id)
        if compiled is None:
            compiled = self._claims.compiled[edition.id] = load_compiled(self._tx, edition)
        # The last step: what fails before is undone.
        session = self._request.session
        self._claims.copies += [Job(row, self._now, session, compiled, queue=row.destination) for row in rows]

    def _claim_rows(self, edition_id: int, limit: int, until: int) -> list[ClaimedCopy]:
        """Claim from all destination queues with room evenly; what one does not use is for the next ones."""
        rooms = self._room_by_queue
        names = [name for name in deliveries.waiting_destinations(self._tx, edition_id) if rooms.get(name, limit) > 0]
        names.sort(key=lambda name: rooms.get(name, limit))  # narrow queues leave what they do not use to wide ones
        rows: list[ClaimedCopy] = []
        for index, name in enumerate(names):
            share = -(-(limit - len(rows)) // (len(names) - index))
            most = min(share, rooms.get(name, limit))
            copies, withheld = deliveries.claim_copies(
                self._tx,
                session=self._request.session,
                edition_id=edition_id,
                destination=name,
                now=self._now,
                limit=most,
                until=until,
            )
            if withheld:
                self._claims.withheld[edition_id] += withheld
            if name in rooms:
                rooms[name] -= len(copies)
            rows += copies
        return rows

    def _claimable_until(self, edition: Edition) -> int:
        """New copies that are due by then may go. In a canary these are the copies that were drawn, as long as any of
        them waits or more may be drawn. Others only replace drawn ones whose readers have left.
        """
        if edition.canary_copies is None or edition.started_at is None:
            return FOR_EVER
        drawn, destinations = edition.started_at - 1, deliveries.waiting_destinations(self._tx, edition.id)
        if bulk_changes.is_going_on(self._tx, edition.id):
            return drawn
        return drawn if any(deliveries.is_due(self._tx, edition.id, name, drawn) for name in destinations) else FOR_EVER

    def _canary_room(self, edition: Edition) -> int:
        assert edition.canary_copies is not None
        return edition.canary_copies - copy_counts.count_begun(self._tx, edition.id)

    # ------------------------------------------------------------------ what is due later

    def _find_next_due(self, going: Sequence[tuple[Edition, int | None]]) -> None:
        """When the next row may go. Copies behind a canary are not due before its outcome, which causes a cycle of its
        own. Copies for a destination without room are not due before it opens.
        """
        claims = self._claims
        dues: list[float | None] = [opens_at for _, opens_at in going]
        if self._octets_left > 0:  # otherwise not before a result
            dues.append(deliveries.next_notice_due(self._tx))
        for edition, opens_at in going:
            if opens_at is not None or (edition.canary_copies is not None and self._canary_room(edition) <= 0):
                continue
            names, until = deliveries.waiting_destinations(self._tx, edition.id), self._claimable_until(edition)
            dues += [
                deliveries.next_due(self._tx, edition.id, name, until=until)
                for name in names
                if self._room_by_queue.get(name, 1) > 0
            ]
        claims.next_due_at = min((at for at in dues if at is not None), default=None)


def load_compiled(tx: Transaction, edition: Edition) -> CompiledEdition:
    """What the copies of an edition have in common, as it was compiled."""
    target = lists.find_list_by_id(tx, edition.list_id)
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
