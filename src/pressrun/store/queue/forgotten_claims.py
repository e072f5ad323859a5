"""Claims that a database has forgotten, as it was set back to an earlier moment: relays have accepted these mails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.store.queue import deliveries
from pressrun.store.queue.copy_counts import count_move
from pressrun.store.queue.journal import Claim
from pressrun.store.transaction import Transaction, in_json


class ForgottenClaim(Struct, frozen=True):
    """A claim that the database does not know of, of a copy or a notice (`edition_id` is None) in this state."""

    claim: Claim
    edition_id: int | None
    state: DeliveryState


def find_unrecorded(tx: Transaction, accepted: Collection[Claim], now: float) -> set[Claim]:
    """Which of these claims, all of mails that relays have accepted, a start records: no session that lives holds them.

    The session that made them is gone, or the database has forgotten them.
    """
    forgotten = {mail.claim for mail in find_forgotten(tx, accepted, now)}
    orphaned = deliveries.orphaned_claims(tx, [claim.delivery_id for claim in accepted])
    return forgotten | {claim for claim in accepted if claim in orphaned}


def find_forgotten(tx: Transaction, accepted: Iterable[Claim], now: float) -> list[ForgottenClaim]:
    """Which of these mails, all of which relays have accepted, stand here at an earlier attempt, or before the first.

    Then the database was set back to a moment before that claim. What was queued anew later, since it bounced, waits
    for another attempt. Which of the two it was cannot be told of a claim in the future: the clock was set back.
    """
    latest: dict[int, Claim] = {}
    for claim in accepted:
        if claim.first_attempt_at > now:
            continue
        known = latest.get(claim.delivery_id)
        if known is None or _attempt(known) < _attempt(claim):
            latest[claim.delivery_id] = claim
    rows = tx.rows("deliveries.unfinished", ids=in_json(sorted(latest))) if latest else []
    return [
        ForgottenClaim(latest[row["id"]], row["edition_id"], DeliveryState(row["state"]))
        for row in rows
        if (row["since"], row["attempts"]) < _attempt(latest[row["id"]])
    ]


def _attempt(claim: Claim) -> tuple[int, int]:
    """What grows from one claim of a mail to the next, also where the first one was given back without an attempt."""
    return claim.first_attempt_at, claim.attempts


def lacks_ids(tx: Transaction, accepted: Iterable[Claim]) -> bool:
    """Whether some of these mails were never queued here: the database was set back to a moment before that."""
    return bool(max((claim.delivery_id for claim in accepted), default=0) > tx.value("deliveries.last_id"))


def claim_again(tx: Transaction, session: int, mails: Sequence[ForgottenClaim]) -> None:
    """Repeat claims that the database has forgotten, in the name of this session."""
    tx.run_many(
        "deliveries.claim_again",
        (
            {
                "session": session,
                "id": mail.claim.delivery_id,
                "attempts": mail.claim.attempts,
                "first_attempt_at": mail.claim.first_attempt_at,
            }
            for mail in mails
        ),
    )
    for (edition_id, state), number in Counter((mail.edition_id, mail.state) for mail in mails).items():
        count_move(tx, edition_id, state, DeliveryState.CLAIMED, number)
