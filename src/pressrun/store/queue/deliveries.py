"""The queue and the ledger: one row for each copy and each notice, claimed before any octet goes out.

These statements run once per copy or once per batch of copies; a test pins the query plan of each. A batch goes in and
comes out as one JSON text. A statement that steps through rows releases the interpreter's lock for each row, and waits
long to get it back while the event loop is busy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import REFUSALS, DeliveryState, FailureKind
from pressrun.core.text.masking import without_mailbox
from pressrun.store.editions.editions import CountedEvent, count_event
from pressrun.store.programs import events
from pressrun.store.queue.copy_counts import count_copies, count_move
from pressrun.store.queue.journal import Claim
from pressrun.store.transaction import Conflict, Row, Transaction, in_json

_QUEUED, _CLAIMED, _DEFERRED = DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.DEFERRED
_CANCELLED, _DELIVERED, _FAILED = DeliveryState.CANCELLED, DeliveryState.DELIVERED, DeliveryState.FAILED
_WAITING = (_DEFERRED, _QUEUED)  # a copy that waits for its retry goes before a new one
# How many copies that may no longer go out are cancelled at a time, and how often at most in one claim.
_SIFTED_TOGETHER, _SIFTED_AT_MOST = 400, 5
_NOTICES_AT_MOST = 1000  # read in one claim
FOR_EVER = 1 << 62  # what is queued may go at once, also when the clock was set back since


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
    destination: str
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


def waiting_destinations(tx: Transaction, edition_id: int) -> list[str]:
    """The names of the destination queues in which copies of an edition wait."""
    return [row["destination"] for row in tx.rows("deliveries.waiting_destinations", edition_id=edition_id)]


def claim_copies(
    tx: Transaction, *, session: int, edition_id: int, destination: str, now: int, limit: int, until: int = FOR_EVER
) -> tuple[list[ClaimedCopy], int]:
    """Claim at most `limit` copies of an edition in one destination queue for a session; new ones if due by `until`.

    Those whose reader may no longer be mailed are cancelled on the way, and others take their place; the second
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
            allowed, barred = _ready_copies(
                tx, edition_id, state, destination, until if state is _QUEUED else now, max(room, looked_at)
            )
            del allowed[room:]
            count_move(tx, edition_id, state, _CLAIMED, _claim(tx, session, allowed, now))
            claimed += allowed
            if not barred:
                break
            withheld = tx.run("deliveries.cancel", ids=in_json(barred), now=now)
            count_move(tx, edition_id, state, _CANCELLED, withheld)
            cancelled += withheld
            looked_at = _SIFTED_TOGETHER  # where one may not go there are often more, and the pace may ask for few
    return claimed, cancelled


def _ready_copies(
    tx: Transaction, edition_id: int, state: DeliveryState, destination: str, until: int, limit: int
) -> tuple[list[ClaimedCopy], list[int]]:
    """The copies that may go, and the ids of those that may not."""
    row = tx.row(
        "deliveries.ready_copies", edition_id=edition_id, state=state, destination=destination, now=until, limit=limit
    )
    assert row is not None  # an aggregate always has a row
    return _read_copies(row["allowed"]), _read_ids(row["barred"])


def claim_notices(
    tx: Transaction,
    *,
    session: int,
    now: int,
    limit: int,
    octets: int,
    may_go: Callable[[Transaction, ClaimedNotice], bool],
) -> tuple[list[ClaimedNotice], list[ClaimedNotice]]:
    """Claim at most `limit` notices for a session, and none once the stored contents of those before have `octets`
    together.

    The second value has those on the way to which `may_go` said no; they keep waiting, and the caller deals with them.
    """
    claimed: list[ClaimedNotice] = []
    barred: list[ClaimedNotice] = []
    for state in _WAITING:
        until = FOR_EVER if state is DeliveryState.QUEUED else now
        for row in tx.each("deliveries.ready_notices", state=state, now=until, limit=_NOTICES_AT_MOST):
            if octets <= 0 or len(claimed) >= limit:
                break
            notice = ClaimedNotice(**dict(row))
            if may_go(tx, notice):
                claimed.append(notice)
                octets -= notice.octets
            else:
                barred.append(notice)
    _claim(tx, session, claimed, now)
    return claimed, barred


def cancel_notices(tx: Transaction, ids: Sequence[int], now: int) -> None:
    """Cancel notices that wait."""
    if ids:
        tx.run("deliveries.cancel", ids=in_json(ids), now=now)


def fail_notices(tx: Transaction, ids: Sequence[int], now: int) -> None:
    """Record that notices that wait have failed without an attempt."""
    if ids:
        tx.run("deliveries.fail", ids=in_json(ids), now=now)


def cancel_copies(tx: Transaction, subscription_ids: Sequence[int], now: int) -> None:
    """Cancel the unclaimed copies of these subscriptions."""
    cancel_rows(tx, tx.rows("deliveries.waiting_of_subscriptions", ids=in_json(subscription_ids)), now)


def cancel_copies_of(tx: Transaction, *subscriber_ids: int, now: int) -> None:
    """Cancel the unclaimed copies of people on every list."""
    cancel_rows(tx, tx.rows("deliveries.waiting_of_people", people=in_json(subscriber_ids)), now)


def cancel_rows(tx: Transaction, rows: Sequence[Row], now: int) -> None:
    """Cancel copies that wait, by their id, edition_id and state."""
    for row in rows:
        count_move(tx, row["edition_id"], DeliveryState(row["state"]), _CANCELLED, 1)
    if rows:
        tx.run("deliveries.cancel", ids=in_json([row["id"] for row in rows]), now=now)


def _claim(tx: Transaction, session: int, claimed: Sequence[Claimed], now: int) -> int:
    if not claimed:
        return 0
    number = tx.run("deliveries.claim", session=session, ids=in_json([copy.id for copy in claimed]), now=now)
    if number != len(claimed):
        raise Conflict  # another transaction has cancelled or claimed one of them since it was read
    return number


def record_results(tx: Transaction, session: int, results: Sequence[DeliveryResult], now: int) -> None:
    """Record what became of the copies that a session has claimed; any other copy is left alone.

    A deferred copy whose reader has since left, or whose edition was cancelled, is cancelled instead.
    """
    delivered: dict[int | None, list[DeliveryResult]] = {}
    others: dict[tuple[int | None, DeliveryState, bool], list[DeliveryResult]] = {}
    for result in results:
        if result.state is _DELIVERED:
            delivered.setdefault(result.edition_id, []).append(result)
        else:
            others.setdefault((result.edition_id, result.state, result.kind in REFUSALS), []).append(result)
    for edition_id, chosen in delivered.items():
        count_move(tx, edition_id, _CLAIMED, _DELIVERED, _deliver(tx, session, chosen, now))
    for (edition_id, state, is_refused), chosen in others.items():
        withheld = 0
        if state is _DEFERRED:
            withheld = tx.run("deliveries.withhold", session=session, results=in_json(chosen), now=now)
            count_move(tx, edition_id, _CLAIMED, _CANCELLED, withheld)
        number = tx.run("deliveries.record_results", session=session, results=in_json(chosen), now=now)
        count_move(tx, edition_id, _CLAIMED, state, number, refused=number if is_refused and state is _FAILED else 0)
        if state is _FAILED and edition_id is not None:
            events.record_failed_copies(tx, [result.id for result in chosen])
        if state is _DEFERRED and edition_id is not None and number + withheld:
            count_event(tx, edition_id, CountedEvent.DEFERRED, now, number + withheld)


def _deliver(tx: Transaction, session: int, delivered: Sequence[DeliveryResult], now: int) -> int:
    """Delivered copies differ only in the relay's words, so each statement gets those and one set of the rest."""
    alike: dict[tuple[int, str, int | None, str | None], list[tuple[int, str | None]]] = {}
    for result in delivered:
        alike.setdefault((result.due_at, result.relay, result.code, result.enhanced), []).append(
            (result.id, result.reply)
        )
    return sum(
        tx.run(
            "deliveries.deliver",
            session=session,
            replies=in_json(replies),
            due_at=due_at,
            relay=relay,
            code=code,
            enhanced=enhanced,
            now=now,
        )
        for (due_at, relay, code, enhanced), replies in alike.items()
    )


def release(tx: Transaction, session: int, ids: Sequence[int], now: int) -> None:
    """Give back copies that a session has claimed and never sent; any other copy is left alone."""
    if ids:
        _count_each(tx, tx.rows("deliveries.release_barred", session=session, ids=in_json(ids), now=now), _CANCELLED)
        _count_each(tx, tx.rows("deliveries.release", session=session, ids=in_json(ids), now=now), _QUEUED)


def _count_each(tx: Transaction, rows: Iterable[Row], after: DeliveryState) -> int:
    """Count claimed copies that moved on; returns how many rows, with notices."""
    numbers = Counter(row["edition_id"] for row in rows)
    for edition_id, number in numbers.items():
        count_move(tx, edition_id, _CLAIMED, after, number)
    return numbers.total()


def claimed_ids(tx: Transaction, session: int) -> set[int]:
    """All copies and notices that a session has claimed."""
    return {row["id"] for row in tx.rows("deliveries.claimed", session=session)}


def orphaned_claims(tx: Transaction, ids: Sequence[int]) -> dict[Claim, int | None]:
    """The claims of these copies by sessions that are gone, with the edition of each; None for notices."""
    return _claims(tx.rows("deliveries.orphaned_claims", ids=in_json(ids)))


def own_claims(tx: Transaction, session: int, ids: Sequence[int]) -> dict[Claim, int | None]:
    """The claims of these copies by a session that lives, with the edition of each; None for notices."""
    return _claims(tx.rows("deliveries.own_claims", session=session, ids=in_json(ids)))


def _claims(rows: Iterable[Row]) -> dict[Claim, int | None]:
    return {
        Claim(row["id"], row["attempts"], row["first_attempt_at"], row["session"]): row["edition_id"] for row in rows
    }


def adopt(tx: Transaction, session: int, ids: Sequence[int]) -> None:
    """Make a session the owner of copies that sessions which are gone had claimed."""
    if ids:
        tx.run("deliveries.adopt", session=session, ids=in_json(ids))


def recover(tx: Transaction, now: int) -> int:
    """Queue again what sessions that are gone had claimed; returns how many."""
    _count_each(tx, tx.rows("deliveries.recover_barred", now=now), _CANCELLED)
    queued = _count_each(tx, tx.rows("deliveries.recover_copies"), _QUEUED)
    return tx.run("deliveries.recover_notices") + queued


def queue_notice(tx: Transaction, *, notice_id: int, domain: str, now: int) -> int:
    """Queue one notice; returns the id of its delivery."""
    return tx.insert("deliveries.queue_notice", notice_id=notice_id, domain=domain, now=now)


def last_refusal(tx: Transaction, edition_id: int, kind: str) -> str:
    """The remote's words on the latest copy that failed for such a reason, without its mailbox; "" for none."""
    row = tx.row("deliveries.last_refusal", edition_id=edition_id, kind=kind)
    return "" if row is None else without_mailbox(row["reply"] or "", row["address"] or "")


def is_unfinished(tx: Transaction, edition_id: int) -> bool:
    """Whether a copy of an edition waits or is in flight: by the kept numbers, or else by the rows."""
    counts = count_copies(tx, edition_id)
    if counts[_QUEUED] > 0 or counts[_CLAIMED] > 0 or counts[_DEFERRED] > 0:
        return True
    return bool(tx.value("deliveries.is_unfinished", edition_id=edition_id))


def is_in_flight(tx: Transaction, edition_id: int) -> bool:
    """Whether a copy of an edition is claimed: by the kept numbers, or else by the rows."""
    if count_copies(tx, edition_id)[_CLAIMED] > 0:
        return True
    return bool(tx.value("deliveries.is_in_flight", edition_id=edition_id))


def next_due(tx: Transaction, edition_id: int, destination: str, *, until: int = FOR_EVER) -> int | None:
    """When the next copy of an edition in a destination queue may go; None when nothing waits there.

    New copies that are due after `until` do not count.
    """
    deferred = tx.value("deliveries.next_due", edition_id=edition_id, state=_DEFERRED, destination=destination)
    queued = tx.value("deliveries.next_due", edition_id=edition_id, state=_QUEUED, destination=destination)
    times = [deferred, queued if queued is not None and queued <= until else None]
    return min((at for at in times if at is not None), default=None)


def is_due(tx: Transaction, edition_id: int, destination: str, until: int) -> bool:
    """Whether a new copy in a destination queue is due by `until`."""
    at = tx.value("deliveries.next_due", edition_id=edition_id, state=_QUEUED, destination=destination)
    return at is not None and at <= until


def next_notice_due(tx: Transaction) -> int | None:
    """When the next waiting notice may go; None when nothing waits."""
    times = [tx.value("deliveries.next_notice_due", state=state) for state in _WAITING]
    return min((at for at in times if at is not None), default=None)


def cancel_waiting(tx: Transaction, edition_id: int, now: int, limit: int) -> int:
    """Cancel at most `limit` copies of an edition that are not claimed; returns how many."""
    number = 0
    for state in _WAITING:
        values = {"edition_id": edition_id, "state": state, "now": now, "limit": limit - number}
        cancelled = tx.run("deliveries.cancel_waiting", **values) if number < limit else 0
        count_move(tx, edition_id, state, _CANCELLED, cancelled)
        number += cancelled
    return number


def requeue_failed(tx: Transaction, edition_id: int, copies: Sequence[int], now: int) -> tuple[int, int]:
    """Queue those of these failed copies whose readers may still be mailed; returns (queued, left out)."""
    rows = tx.rows("deliveries.failed", ids=in_json(copies))
    chosen = [row for row in rows if row["may_go"]]
    if chosen:
        ids = in_json([row["id"] for row in chosen])
        queued = tx.run("deliveries.requeue_failed", ids=ids, now=now)
        refused = sum(row["kind"] in REFUSALS for row in chosen)
        count_move(tx, edition_id, _FAILED, _QUEUED, queued, refused=-refused)
        tx.run("deliveries.forget_handovers", ids=ids)
    return len(chosen), len(rows) - len(chosen)


def count_by_domain(tx: Transaction, edition_id: int) -> list[Row]:
    """domain, state, number of the copies of an edition; the domain of who was erased is empty."""
    return tx.rows("deliveries.count_by_domain", edition_id=edition_id)


def count_by_moment(tx: Transaction, edition_id: int) -> list[Row]:
    """state, at, number of the copies of an edition that came to their end, by the second of the last reply."""
    return tx.rows("deliveries.count_by_moment", edition_id=edition_id)


def latest_edition(tx: Transaction, subscription_id: int) -> int:
    """The edition whose copy was delivered last for a subscription; 0 if there is none, or its rows were removed."""
    number: int | None = tx.value("deliveries.latest_edition", subscription_id=subscription_id)
    return number or 0


def waiting_by_domain(tx: Transaction) -> list[Row]:
    """domain, queued, claimed, deferred, next_attempt, reason of all that waits, the most first."""
    return tx.rows("deliveries.waiting_by_domain")


def waiting_of_edition(tx: Transaction, edition_id: int) -> dict[str, int]:
    """How many copies of an edition wait, by the domain of the recipient."""
    return {row["domain"]: row["number"] for row in tx.rows("deliveries.waiting_of_edition", edition_id=edition_id)}


def sweep_notices(tx: Transaction, before: int) -> int:
    """Forget notices that came to their end before `before`, some at a time; returns how many."""
    return tx.run("deliveries.sweep_notices", before=before)
