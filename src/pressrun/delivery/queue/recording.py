"""The transaction that records results: what became of rows, what follows from it, and what was learned of
destinations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from pressrun.core.lifecycles.events import EventType
from pressrun.delivery.queue.recovery import journaled_result
from pressrun.delivery.queue.results import Batch
from pressrun.delivery.queue.throttle import ThrottleChanges
from pressrun.services.evidence import record_sent
from pressrun.services.mail_results import Consequences
from pressrun.store.bulk_changes import ROWS_AT_ONCE
from pressrun.store.programs import events
from pressrun.store.queue import deliveries, destinations
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import sessions

DrawConsequences = Callable[[Transaction, Sequence[DeliveryResult], int], Consequences]


class RecordRequest(Struct, frozen=True, kw_only=True):
    """What `session` has to record. With `held` the cycle is a careful one, since something failed before: what the
    session has claimed and is not among these is lost, and goes back to the queue. Each result is recorded on its own,
    so that a bad one holds up no other. `journaled` reads what relays have accepted lately.
    """

    session: int
    now: int
    batch: Batch
    journaled: Callable[[], Mapping[Claim, JournalEntry]]
    throttle: ThrottleChanges
    paces: Mapping[str, object]
    held: frozenset[int] | None


class Recorded(Struct, kw_only=True):
    """What followed. Nothing waits any longer for destinations that were `given_up`. `fenced` counts results of copies
    that were taken from this session after its end. Of a careful cycle: how many rows nobody held, what went wrong with
    what, and results that could not be recorded.
    """

    consequences: Consequences = field(default_factory=Consequences)
    given_up: Sequence[str] = ()
    fenced: int = 0
    rescued: int = 0
    faults: list[tuple[str, Exception]] = field(default_factory=list)
    unrecorded: list[DeliveryResult] = field(default_factory=list)


def record(tx: Transaction, request: RecordRequest, draw_consequences: DrawConsequences) -> Recorded:
    """Record a batch; the pace is stored with it. Rows that the session no longer holds are left alone."""
    session, now, batch = request.session, request.now, request.batch
    recorded = Recorded()
    if request.held is not None:
        sessions.await_commits(tx)
    is_live = not batch.results or sessions.is_live(tx, session)
    results = batch.results if is_live and request.held is None else _still_held(tx, session, batch.results)
    recorded.fenced = 0 if is_live else len(batch.results) - len(results)
    if request.held is None:
        recorded.consequences = _record_results(tx, session, results, draw_consequences, now)
    else:
        for result in results:
            _record_alone(tx, session, result, draw_consequences, recorded, now)
    deliveries.release(tx, session, batch.released, now)
    if request.held is not None:
        recorded.rescued = _rescue(tx, request, request.held)
    if request.throttle:
        recorded.given_up = _record_throttle(tx, request.throttle, now)
    if results:
        destinations.store_paces(tx, request.paces)
    return recorded


def _still_held(tx: Transaction, session: int, results: Sequence[DeliveryResult]) -> Sequence[DeliveryResult]:
    """The results of copies that this session still holds: an earlier commit may have recorded some unnoticed."""
    held = deliveries.claimed_ids(tx, session)
    return [result for result in results if result.id in held]


def _record_results(
    tx: Transaction, session: int, results: Sequence[DeliveryResult], draw_consequences: DrawConsequences, now: int
) -> Consequences:
    deliveries.record_results(tx, session, results, now)
    record_sent(tx, results, now)
    return draw_consequences(tx, results, now)


def _record_alone(
    tx: Transaction,
    session: int,
    result: DeliveryResult,
    draw_consequences: DrawConsequences,
    recorded: Recorded,
    now: int,
) -> None:
    """Record one result, without its consequences if they cannot be drawn: the copy must not go out again."""
    consequences: list[Consequences] = []
    problem = tx.attempt(lambda: consequences.append(_record_results(tx, session, [result], draw_consequences, now)))
    if problem is None:
        recorded.consequences += consequences[0]
        return
    recorded.faults.append((f"delivery {result.id}", problem))
    if tx.attempt(lambda: deliveries.record_results(tx, session, [result], now)) is not None:
        recorded.unrecorded.append(result)


def _rescue(tx: Transaction, request: RecordRequest, held: frozenset[int]) -> int:
    """Give back the rows of the session that nobody holds.

    Either no connection ever had them, or the server has forgotten what was recorded: then the journal may know it.
    """
    session, now = request.session, request.now
    lost = sorted(deliveries.claimed_ids(tx, session) - held)
    if lost:
        journaled = request.journaled()
        claims = deliveries.own_claims(tx, session, lost)
        taken = [journaled_result(journaled[claim], claims[claim], now) for claim in claims if claim in journaled]
        deliveries.record_results(tx, session, taken, now)
        deliveries.release(tx, session, lost, now)
    return len(lost)


def _record_throttle(tx: Transaction, changes: ThrottleChanges, now: int) -> list[str]:
    """Record what was learned; returns the destinations of which everything that waited has failed."""
    given_up = list[str]()
    if changes.domains is not None:
        destinations.set_domains(tx, changes.domains, now)
    destinations.open_destinations(tx, changes.opened, now)
    if changes.states or changes.forgotten:
        destinations.store_states(tx, changes.states, changes.forgotten)
    for name in changes.blocked:
        events.record_event(tx, EventType.QUEUE_BLOCKED, name=f"queue {name}", how="policy")
    left = ROWS_AT_ONCE
    for name, reason in changes.given_up.items():
        left -= destinations.give_up(tx, name, reason, now, left)
        if left == 0:  # perhaps not all of it: its turn comes again with the next cycle
            break
        given_up.append(name)
    return given_up
