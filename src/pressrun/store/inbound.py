"""Mail that was accepted: kept before the client hears 250, forgotten once its effects are on record.

A row is one recipient of one mail. Its digest says what 'the same mail' is; the content stands apart, once for all
recipients. `received` is the only state that waits: `done` keeps the digest alone, `kept`, `unreadable` and `failed`
keep the mail for a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pressrun.core.mail_queues import MailQueue
from pressrun.store.transaction import Row, Transaction, in_json


class InboundState(StrEnum):
    """Where an accepted mail stands."""

    RECEIVED = "received"
    DONE = "done"
    KEPT = "kept"
    UNREADABLE = "unreadable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInbound:
    """One recipient of a mail to be stored; with `repeats_after` the same digest is another mail later."""

    digest: bytes
    mail_from: str
    recipient: str
    peer: str
    utf8: bool
    queue: MailQueue = MailQueue.STRANGERS
    state: InboundState = InboundState.RECEIVED
    outcome: str = ""
    repeats_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMail:
    """A mail for one recipient that waits to be dealt with."""

    id: int
    mail_from: str
    recipient: str
    peer: str
    utf8: bool
    received_at: int
    content: bytes
    content_digest: bytes
    queue: MailQueue = MailQueue.STRANGERS


def store_mail(tx: Transaction, rows: Sequence[NewInbound], content: bytes, now: int) -> list[bool]:
    """Store a mail for its recipients; False for those who have it already."""
    content_id: int | None = None
    answers = []
    for row in rows:
        if _came_before(tx, row, now):
            answers.append(False)
            continue
        if content_id is None:
            content_id = _store_content(tx, content)
        tx.run(
            "inbound.insert",
            digest=row.digest,
            content_id=content_id,
            mail_from=row.mail_from,
            recipient=row.recipient,
            peer=row.peer,
            utf8=int(row.utf8),
            received_at=now,
            queue=row.queue,
            state=row.state,
            outcome=row.outcome,
            settled_at=None if row.state is InboundState.RECEIVED else now,
        )
        answers.append(True)
    return answers


def _came_before(tx: Transaction, row: NewInbound, now: int) -> bool:
    found = tx.row("inbound.find_digest", digest=row.digest)
    if found is None:
        return False
    if row.repeats_after is None or found["received_at"] > now - row.repeats_after:
        return True
    tx.run("inbound.retire_digest", id=found["id"], retired=_retired_digest(row.digest, found["id"]))
    return False


def _retired_digest(digest: bytes, inbound_id: int) -> bytes:
    """What no other mail will have."""
    return hashlib.sha256(b"%b\0%d" % (digest, inbound_id)).digest()


def _store_content(tx: Transaction, content: bytes) -> int:
    digest = hashlib.sha256(content).digest()
    tx.run("inbound.insert_content", digest=digest, content=content)
    found: int = tx.value("inbound.content_id", digest=digest)
    return found


def waiting_mail(tx: Transaction, queue: MailQueue, *, after: int, limit: int) -> list[int]:
    """Ids of mails that wait in a queue to be dealt with, oldest first."""
    return [row["id"] for row in tx.rows("inbound.waiting", queue=queue, after=after, limit=limit)]


def load_waiting(tx: Transaction, inbound_id: int) -> InboundMail | None:
    """One mail that waits; None when it was dealt with meanwhile."""
    row = tx.row("inbound.get", id=inbound_id)
    if row is None:
        return None
    return InboundMail(**{**dict(row), "utf8": bool(row["utf8"]), "queue": MailQueue(row["queue"])})


def has_failed(tx: Transaction, recipient: str) -> bool:
    """Whether a mail to this address failed and is kept."""
    return bool(tx.value("inbound.has_failed", recipient=recipient))


def move_to_strangers(tx: Transaction, inbound_id: int) -> None:
    """Let a mail that waits go before nobody's any more."""
    tx.run("inbound.move_to_strangers", id=inbound_id)


def settle_mail(tx: Transaction, inbound_id: int, state: InboundState, outcome: str, now: int) -> bool:
    """Record what became of a mail; False when it waits no more. `done` forgets the mail itself."""
    if state is not InboundState.DONE:
        return tx.run("inbound.settle", id=inbound_id, state=state, outcome=outcome, now=now) > 0
    content_id = tx.value("inbound.content_of", id=inbound_id)
    changed = tx.run("inbound.finish", id=inbound_id, outcome=outcome, now=now) > 0
    if changed and content_id is not None:
        tx.run("inbound.delete_content", id=content_id)
    return changed


def count_mail(tx: Transaction) -> dict[str, int]:
    """How many mails are in each state; every state is there."""
    counts = {state.value: 0 for state in InboundState}
    counts.update({row["state"]: row["number"] for row in tx.rows("inbound.count_by_state")})
    return counts


def count_kept(tx: Transaction) -> int:
    """How many mails are kept for a person."""
    number: int = tx.value("inbound.count_kept")
    return number


def sweep_mail(tx: Transaction, before: int) -> int:
    """Forget mails that were dealt with before `before`, some at a time; returns how many."""
    return tx.run("inbound.sweep_done", before=before)


def kept_mail(tx: Transaction, state: str | None) -> list[Row]:
    """id, recipient, mail_from, received_at, state, outcome, size of mail kept for a person, newest first."""
    return tx.rows("inbound.kept", state=state)


def kept_content(tx: Transaction, inbound_id: int) -> bytes | None:
    """A kept mail as it came."""
    found: bytes | None = tx.value("inbound.kept_content", id=inbound_id)
    return found


def keep_again(tx: Transaction, mail: InboundMail, outcome: str, now: int) -> None:
    """Keep a mail for a person that was done with; its row may have been swept since."""
    tx.run(
        "inbound.keep_again",
        id=mail.id,
        digest=_retired_digest(mail.content_digest, mail.id),
        content_id=_store_content(tx, mail.content),
        mail_from=mail.mail_from,
        recipient=mail.recipient,
        peer=mail.peer,
        utf8=int(mail.utf8),
        received_at=mail.received_at,
        outcome=outcome,
        now=now,
    )


def take_again(tx: Transaction, inbound_id: int) -> bool:
    """Let a kept mail be dealt with once more; False when there is none of that id."""
    return tx.run("inbound.take_again", id=inbound_id) > 0


def drop_mail(tx: Transaction, inbound_id: int, now: int) -> bool:
    """Forget a kept mail; False when there is none of that id."""
    content_id = tx.value("inbound.content_of", id=inbound_id)
    dropped = tx.run("inbound.drop", id=inbound_id, now=now) > 0
    if dropped and content_id is not None:
        tx.run("inbound.delete_content", id=content_id)
    return dropped


def sweep_kept(tx: Transaction, *, before: int, size: int, now: int) -> int:
    """Forget kept mail from before `before`, and the oldest beyond `size` octets in all; some at a time."""
    rows = tx.rows("inbound.too_old", before=before) or tx.rows("inbound.beyond_size", size=size)
    return sum(drop_mail(tx, row["id"], now) for row in rows)


def drop_forwarded(tx: Transaction, *, before: int, size: int) -> int:
    """Forget mail that was passed on before `before`, and the oldest beyond `size` octets together with all kept mail.

    Some at a time; returns how many. What may still have to go out is left alone.
    """
    rows = tx.rows("inbound.forwarded_too_old", before=before)
    if not rows:
        kept: int = tx.value("inbound.kept_size")
        rows = tx.rows("inbound.forwarded_beyond_size", size=max(0, size - kept))
    return tx.run("inbound.drop_forwarded", ids=in_json([row["id"] for row in rows])) if rows else 0


def waiting_sizes(tx: Transaction) -> dict[MailQueue, int]:
    """Octets of mail that waits to be dealt with, by queue; mail that waits to be passed on is with the strangers'."""
    sizes = {MailQueue(row["queue"]): int(row["size"]) for row in tx.rows("inbound.waiting_sizes")}
    sizes[MailQueue.STRANGERS] = sizes.get(MailQueue.STRANGERS, 0) + forwards_size(tx)
    return sizes


def forwards_size(tx: Transaction) -> int:
    """Octets of mail that waits to be passed on."""
    found: int = tx.value("inbound.forwards_size")
    return found
