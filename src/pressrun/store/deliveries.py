"""The queue and the ledger: one row for each copy and each notice, claimed before any octet goes out.

These statements run once per copy or once per batch of copies; a test pins the query plan of each. A batch goes in and
comes out as one JSON text. A statement that steps through rows releases the interpreter's lock for each row, and waits
long to get it back while the event loop is busy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from pressrun.core.bounces import BounceClass
from pressrun.core.delivery import DeliveryState, FailureKind
from pressrun.store.editions import CountedEvent, count_event
from pressrun.store.journal import Claim
from pressrun.store.transaction import Row, Transaction, in_json

_WAITING = (DeliveryState.DEFERRED, DeliveryState.QUEUED)  # a copy that waits for its retry goes before a new one
# Copies that may not go any more are cancelled so many at a time, and at most so often in one claim.
_SIFTED_TOGETHER, _SIFTED_AT_MOST = 400, 5
_NOTICES_AT_MOST = 1000  # read in one claim
_FOR_EVER = 1 << 62  # what is queued may go at once, also when the clock was set back since


class SentMail(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence of consent keeps of a mail that asked; `salt` is 16 random octets."""

    message_id: str
    digest: str
    salt: bytes


class ClaimedCopy(msgspec.Struct, frozen=True, array_like=True):
    """A reader's copy of an edition as it was before its claim; the order is that of `deliveries.ready_copies`."""

    id: int
    subscription_id: int
    domain: str
    lane: str
    attempts: int
    first_attempt_at: int | None
    subscriber_id: int
    address: str
    name: str
    attributes: str
    epoch: int
    round: int
    text_only: int = 0  # 1: without the HTML part


class ClaimedNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as it was before its claim, with all that composing it needs."""

    id: int
    domain: str
    attempts: int
    first_attempt_at: int | None
    notice_id: int
    kind: str
    list_id: int | None
    subscriber_id: int | None
    address: str
    language: str
    payload: str
    content: bytes | None
    message_secret: bytes
    created_at: int
    epoch: int | None

    @property
    def octets(self) -> int:
        """How much memory it holds: a mail that is passed on may be large."""
        return len(self.content or b"")


Claimed: TypeAlias = ClaimedCopy | ClaimedNotice

_read_copies = msgspec.json.Decoder(list[ClaimedCopy]).decode
_read_ids = msgspec.json.Decoder(list[int]).decode


class DeliveryResult(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What became of a claimed copy: its new state, and the reply that decided.

    The order is that of `deliveries.record_results`. Those who draw consequences use `edition_id`, `mail` and `blocks`
    (nothing more may go to the destination of this copy), which are not stored.
    """

    id: int
    state: DeliveryState
    due_at: int
    relay: str
    code: int | None = None
    enhanced: str | None = None
    reply: str | None = None
    kind: FailureKind | None = None
    bounce: BounceClass | None = None
    edition_id: int | None = None
    mail: SentMail | None = None
    blocks: bool = False


def queue_audience(tx: Transaction, *, edition_id: int, list_id: int, now: int, shuffled: bool) -> int:
    """Queue one copy for every reader who is active and not suppressed, in the order of joining or in random order.

    Readers who had this issue in another language of its family, and have changed to this one since, are left out.
    """
    statement = "deliveries.queue_audience_shuffled" if shuffled else "deliveries.queue_audience"
    return tx.run(statement, edition_id=edition_id, list_id=list_id, now=now)


def count_attempted(tx: Transaction, edition_id: int) -> int:
    """How many copies of an edition have been attempted, including those in flight."""
    found: int = tx.value("deliveries.count_attempted", edition_id=edition_id)
    return found


def waiting_lanes(tx: Transaction, edition_id: int) -> list[str]:
    """The names of the destination queues in which copies of an edition wait."""
    found: set[str] = set()
    for state in _WAITING:
        lane: str | None = tx.value("deliveries.first_lane", edition_id=edition_id, state=state)
        while lane is not None:
            found.add(lane)
            lane = tx.value("deliveries.next_lane", edition_id=edition_id, state=state, after=lane)
    return sorted(found)


def claim_copies(tx: Transaction, *, edition_id: int, lane: str, now: int, limit: int) -> tuple[list[ClaimedCopy], int]:
    """Claim at most `limit` copies of an edition in one destination queue.

    Those whose reader may not be mailed any more are cancelled on the way, and others take their place; the second
    value says how many.
    """
    claimed: list[ClaimedCopy] = []
    cancelled = 0
    for state in _WAITING:
        looked_at = 0
        for _ in range(_SIFTED_AT_MOST):
            room = limit - len(claimed)
            if room <= 0:
                return claimed, cancelled
            allowed, barred = _ready_copies(tx, edition_id, state, lane, now, max(room, looked_at))
            del allowed[room:]
            _claim(tx, allowed, now)
            claimed += allowed
            if not barred:
                break
            cancelled += cancel(tx, barred, now)
            looked_at = _SIFTED_TOGETHER  # where one may not go there are often more, and the pace may ask for few
    return claimed, cancelled


def _ready_copies(
    tx: Transaction, edition_id: int, state: DeliveryState, lane: str, now: int, limit: int
) -> tuple[list[ClaimedCopy], list[int]]:
    """The copies that may go, and the ids of those that may not."""
    until = _FOR_EVER if state is DeliveryState.QUEUED else now
    found = tx.row("deliveries.ready_copies", edition_id=edition_id, state=state, lane=lane, now=until, limit=limit)
    assert found is not None  # an aggregate has a row always
    return _read_copies(found["allowed"]), _read_ids(found["barred"])


def claim_notices(
    tx: Transaction, *, now: int, limit: int, octets: int, may_go: Callable[[Transaction, ClaimedNotice], bool]
) -> tuple[list[ClaimedNotice], list[ClaimedNotice]]:
    """Claim at most `limit` notices, and none once the stored contents of those before have `octets` together.

    The second value are those on the way to which `may_go` said no; they wait on, and whoever asks deals with them.
    """
    claimed: list[ClaimedNotice] = []
    barred: list[ClaimedNotice] = []
    for state in _WAITING:
        until = _FOR_EVER if state is DeliveryState.QUEUED else now
        for row in tx.each("deliveries.ready_notices", state=state, now=until, limit=_NOTICES_AT_MOST):
            if octets <= 0 or len(claimed) >= limit:
                break
            notice = ClaimedNotice(**dict(row))
            if may_go(tx, notice):
                claimed.append(notice)
                octets -= notice.octets
            else:
                barred.append(notice)
    _claim(tx, claimed, now)
    return claimed, barred


def cancel(tx: Transaction, ids: Sequence[int], now: int) -> int:
    """Cancel what waits; returns how many."""
    return tx.run("deliveries.cancel", ids=in_json(ids), now=now) if ids else 0


def fail_unsent(tx: Transaction, ids: Sequence[int], now: int) -> None:
    """Record that rows that wait have failed without an attempt."""
    if ids:
        tx.run("deliveries.fail", ids=in_json(ids), now=now)


def _claim(tx: Transaction, claimed: Sequence[Claimed], now: int) -> None:
    if claimed:
        tx.run("deliveries.claim", ids=in_json([one.id for one in claimed]), now=now)


def record_results(tx: Transaction, settlements: Sequence[DeliveryResult], now: int) -> None:
    """Record what became of claimed copies; a copy that is no longer claimed is left alone.

    A deferred copy whose reader has left meanwhile, or whose edition was cancelled, is cancelled instead.
    """
    by_state: dict[DeliveryState, list[DeliveryResult]] = {}
    for one in settlements:
        by_state.setdefault(one.state, []).append(one)
    _deliver(tx, by_state.pop(DeliveryState.DELIVERED, ()), now)
    for state, chosen in by_state.items():
        statement = "deliveries.defer" if state is DeliveryState.DEFERRED else "deliveries.record_results"
        tx.run(statement, settlements=in_json(chosen), now=now)
    for edition_id, number in Counter(one.edition_id for one in by_state.get(DeliveryState.DEFERRED, ())).items():
        if edition_id is not None:
            count_event(tx, edition_id, CountedEvent.DEFERRED, now, number)


def _deliver(tx: Transaction, delivered: Sequence[DeliveryResult], now: int) -> None:
    """Delivered copies differ only in the relay's words, so each statement gets those and one set of the rest."""
    alike: dict[tuple[int, str, int | None, str | None], list[tuple[int, str | None]]] = {}
    for one in delivered:
        alike.setdefault((one.due_at, one.relay, one.code, one.enhanced), []).append((one.id, one.reply))
    for (due_at, relay, code, enhanced), replies in alike.items():
        tx.run(
            "deliveries.deliver",
            replies=in_json(replies),
            due_at=due_at,
            relay=relay,
            code=code,
            enhanced=enhanced,
            now=now,
        )


def release(tx: Transaction, ids: Sequence[int], now: int) -> None:
    """Give back copies that were claimed and never sent."""
    if ids:
        tx.run("deliveries.release", ids=in_json(ids), now=now)


def claims_of(tx: Transaction, ids: Sequence[int]) -> set[Claim]:
    """The claims of these copies, as far as they are claimed."""
    return {Claim(*row) for row in tx.rows("deliveries.claims", ids=in_json(ids))}


def claimed_ids(tx: Transaction) -> set[int]:
    """All copies and notices that are claimed."""
    return {row["id"] for row in tx.rows("deliveries.claimed")}


def recover(tx: Transaction) -> int:
    """Queue again what a dead process had claimed; returns how many."""
    tx.run("deliveries.recover_cancelled")
    return tx.run("deliveries.recover_notices") + tx.run("deliveries.recover_copies")


def queue_notice(tx: Transaction, *, notice_id: int, domain: str, now: int) -> int:
    """Queue one notice; returns the id of its delivery."""
    return tx.insert("deliveries.queue_notice", notice_id=notice_id, domain=domain, now=now)


def count_copies(tx: Transaction, edition_id: int) -> dict[str, int]:
    """How many copies of an edition are in each state; every state is there."""
    counts = {state.value: 0 for state in DeliveryState}
    counts.update({row["state"]: row["number"] for row in tx.rows("deliveries.counts", edition_id=edition_id)})
    return counts


def count_refused(tx: Transaction, edition_id: int) -> int:
    """How many copies of an edition were refused permanently, for any reason."""
    found: int = tx.value("deliveries.count_refused", edition_id=edition_id)
    return found


def last_refusal(tx: Transaction, edition_id: int, kind: str) -> str | None:
    """The remote's words on the latest copy that failed for such a reason."""
    found: str | None = tx.value("deliveries.last_refusal", edition_id=edition_id, kind=kind)
    return found


def count_live(tx: Transaction) -> dict[str, int]:
    """How many copies of unfinished editions are in each state; every state is there."""
    counts = {state.value: 0 for state in DeliveryState}
    for row in tx.rows("deliveries.live_counts"):
        counts[row["state"]] += row["number"]
    return counts


def is_unfinished(tx: Transaction, edition_id: int) -> bool:
    """Whether a copy of an edition waits or is in flight."""
    return bool(tx.value("deliveries.is_unfinished", edition_id=edition_id))


def is_in_flight(tx: Transaction, edition_id: int) -> bool:
    """Whether a copy of an edition is claimed."""
    return bool(tx.value("deliveries.is_in_flight", edition_id=edition_id))


def next_due(tx: Transaction, edition_id: int, lane: str) -> int | None:
    """When the next copy of an edition in a destination queue may go; None when nothing waits there."""
    found = [tx.value("deliveries.next_due", edition_id=edition_id, state=state, lane=lane) for state in _WAITING]
    return min((at for at in found if at is not None), default=None)


def next_notice_due(tx: Transaction) -> int | None:
    """When the next waiting notice may go; None when nothing waits."""
    found = [tx.value("deliveries.next_notice_due", state=state) for state in _WAITING]
    return min((at for at in found if at is not None), default=None)


def cancel_waiting(tx: Transaction, edition_id: int, now: int) -> int:
    """Cancel the copies of an edition that are not claimed; returns how many."""
    return tx.run("deliveries.cancel_waiting", edition_id=edition_id, now=now)


def requeue_failed(tx: Transaction, *, edition_id: int, list_id: int, now: int) -> tuple[int, int]:
    """Queue failed copies of readers who may still be mailed; returns (queued again, left out)."""
    failed: int = tx.value("deliveries.count_failed", edition_id=edition_id)
    queued = tx.run("deliveries.requeue_failed", edition_id=edition_id, list_id=list_id, now=now)
    if queued:
        tx.run("deliveries.forget_handovers", edition_id=edition_id)
    return queued, failed - queued


def copies_in_state(tx: Transaction, edition_id: int, state: DeliveryState) -> list[Row]:
    """address, code, enhanced, reply, kind, bounce, due_at, attempts of the copies of an edition in one state."""
    return tx.rows("deliveries.in_state", edition_id=edition_id, state=state)


def count_by_domain(tx: Transaction, edition_id: int) -> list[Row]:
    """domain, state, number of the copies of an edition; the domain of who was erased is empty."""
    return tx.rows("deliveries.count_by_domain", edition_id=edition_id)


def count_by_moment(tx: Transaction, edition_id: int) -> list[Row]:
    """state, at, number of the copies of an edition that came to their end, by the second of the last reply."""
    return tx.rows("deliveries.count_by_moment", edition_id=edition_id)


def find_copy_of(tx: Transaction, *, edition_id: int, subscriber_id: int) -> Row | None:
    """One reader's copy of an edition; `handover_…` is what the relay had said before a notification came."""
    return tx.row("deliveries.copy_of", edition_id=edition_id, subscriber_id=subscriber_id)


def waiting_by_domain(tx: Transaction) -> list[Row]:
    """domain, queued, deferred, next_attempt, reason of all that waits, the most first."""
    return tx.rows("deliveries.waiting_by_domain")


def waiting_of_edition(tx: Transaction, edition_id: int) -> dict[str, int]:
    """How many copies of an edition wait, by the domain of the recipient."""
    return {row["domain"]: row["number"] for row in tx.rows("deliveries.waiting_of_edition", edition_id=edition_id)}


def retry_now(tx: Transaction, domain: str | None, now: int) -> int:
    """Make deferred copies (of one domain) due at once; returns how many."""
    return tx.run("deliveries.retry_now", domain=domain, now=now)


def sweep_notices(tx: Transaction, before: int) -> int:
    """Forget notices that came to their end before `before`, some at a time; returns how many."""
    return tx.run("deliveries.sweep_notices", before=before)
