"""The transaction that records results: what became of rows, what follows from it, and what was learned of
destinations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pressrun.delivery.queue.results import Batch
from pressrun.delivery.queue.throttle import ThrottleStates
from pressrun.services.evidence import record_sent
from pressrun.services.mail_results import Consequences
from pressrun.store import deliveries, destinations
from pressrun.store.deliveries import DeliveryResult
from pressrun.store.transaction import Transaction

DrawConsequences = Callable[[Transaction, Sequence[DeliveryResult], int], Consequences]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleChanges:
    """What was learned of destinations: `given_up` were blocked for too long, with the reason; `domains` says which
    domains have which queue, None if that has not changed.
    """

    states: ThrottleStates
    given_up: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] | None = None

    def __bool__(self) -> bool:
        learned = self.states
        return bool(learned.states or learned.forgotten or learned.opened or self.given_up) or self.domains is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    """With `held` the cycle is a careful one, since something failed before. Rows that are claimed and not among these
    are lost, and go back to the queue. Each result is recorded on its own, so that a bad one holds up no other.
    """

    now: int
    batch: Batch
    throttle: ThrottleChanges
    paces: Mapping[str, object]
    held: frozenset[int] | None


@dataclass(slots=True, kw_only=True)
class Recorded:
    """What followed. Of a careful cycle: how many rows nobody held, what went wrong with what, and results that could
    not be recorded.
    """

    consequences: Consequences = field(default_factory=Consequences)
    rescued: int = 0
    faults: list[tuple[str, Exception]] = field(default_factory=list)
    unrecorded: list[DeliveryResult] = field(default_factory=list)


def record(tx: Transaction, request: RecordRequest, draw_consequences: DrawConsequences) -> Recorded:
    """Record a batch; the pace is stored with it."""
    now, batch = request.now, request.batch
    recorded = Recorded()
    if request.held is None:
        recorded.consequences = _record_results(tx, batch.results, draw_consequences, now)
    else:
        for result in batch.results:
            _record_alone(tx, result, draw_consequences, recorded, now)
    deliveries.release(tx, batch.released, now)
    if request.held is not None:
        recorded.rescued = _rescue(tx, request.held, now)
    if request.throttle:
        _record_throttle(tx, request.throttle, now)
    if batch.results:
        destinations.store_paces(tx, request.paces)
    return recorded


def _record_results(
    tx: Transaction, results: Sequence[DeliveryResult], draw_consequences: DrawConsequences, now: int
) -> Consequences:
    deliveries.record_results(tx, results, now)
    record_sent(tx, results, now)
    return draw_consequences(tx, results, now)


def _record_alone(
    tx: Transaction, result: DeliveryResult, draw_consequences: DrawConsequences, recorded: Recorded, now: int
) -> None:
    """Record one result, without its consequences if they cannot be drawn: the copy must not go out again."""
    found: list[Consequences] = []
    problem = tx.attempt(lambda: found.append(_record_results(tx, [result], draw_consequences, now)))
    if problem is None:
        recorded.consequences += found[0]
        return
    recorded.faults.append((f"delivery {result.id}", problem))
    if tx.attempt(lambda: deliveries.record_results(tx, [result], now)) is not None:
        recorded.unrecorded.append(result)


def _rescue(tx: Transaction, held: frozenset[int], now: int) -> int:
    """Give back the claimed rows that nobody holds; no connection ever had them."""
    lost = deliveries.claimed_ids(tx) - held
    deliveries.release(tx, sorted(lost), now)
    return len(lost)


def _record_throttle(tx: Transaction, changes: ThrottleChanges, now: int) -> None:
    learned = changes.states
    if changes.domains is not None:
        destinations.set_domains(tx, changes.domains)
    for domain in learned.opened:
        destinations.open_lane(tx, domain)
    if learned.states or learned.forgotten:
        destinations.store_states(tx, learned.states, learned.forgotten)
    for name, reason in changes.given_up.items():
        destinations.give_up(tx, name, reason, now)
