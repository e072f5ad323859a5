"""Accepted mail: stored before the client gets 250, and deleted once its effects are committed.

A row is one recipient of one mail. Its digest identifies repeats of the same mail. The content is stored once for all
recipients. Only mail in the state `received` waits. `done` keeps the digest alone; `kept`, `unreadable` and `failed`
keep the mail for a person to look at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import asdict

from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.store.transaction import Conflict, Row, Transaction, in_json


class InboundState(StrEnum):
    """The state of an accepted mail."""

    RECEIVED = "received"
    DONE = "done"
    KEPT = "kept"
    UNREADABLE = "unreadable"
    FAILED = "failed"


class NewInbound(Struct, frozen=True, kw_only=True):
    """One recipient of a new mail. After `repeats_after` seconds the same digest is another mail."""

    digest: bytes
    mail_from: str
    recipient: str
    peer: str
    utf8: bool
    queue: MailQueue = MailQueue.STRANGERS
    state: InboundState = InboundState.RECEIVED
    outcome: str = ""
    repeats_after: int | None = None


class InboundMail(Struct, frozen=True, kw_only=True):
    """A mail for one recipient that waits to be processed."""

    id: int
    mail_from: str
    recipient: str
    peer: str
    utf8: bool
    received_at: int
    content: bytes
    content_digest: bytes
    queue: MailQueue = MailQueue.STRANGERS


class KeptMailInfo(Struct, frozen=True, kw_only=True):
    """A mail that is kept until a person has dealt with it, and why."""

    id: int
    to: str
    from_: str = field(name="from")
    at: str
    size: int
    state: str
    why: str


def store_mail(tx: Transaction, rows: Sequence[NewInbound], content: bytes, now: int) -> list[bool]:
    """Store a mail for its recipients; False for those who already have it."""
    content_id: int | None = None
    answers = []
    stored: set[bytes] = set()
    for row in rows:
        if row.digest in stored or _came_before(tx, row, now):
            answers.append(False)
            continue
        stored.add(row.digest)
        if content_id is None:
            content_id = _store_content(tx, content)
        recorded_at = None if row.state is InboundState.RECEIVED else now
        columns = {**asdict(row), "content_id": content_id, "received_at": now, "recorded_at": recorded_at}
        answers.append(tx.run("inbound.insert", **columns) > 0)
    return answers


def _came_before(tx: Transaction, row: NewInbound, now: int) -> bool:
    earlier = tx.row("inbound.find_digest", digest=row.digest)
    if earlier is None:
        return False
    if row.repeats_after is None or abs(now - earlier["received_at"]) < row.repeats_after:  # the clock may be set back
        return True
    tx.run("inbound.retire_digest", id=earlier["id"], retired=retired_digest(row.digest, earlier["id"]))
    return False


def retired_digest(digest: bytes, inbound_id: int) -> bytes:
    """A digest that no other mail will have."""
    return hashlib.sha256(b"%b\0%d" % (digest, inbound_id)).digest()


def _store_content(tx: Transaction, content: bytes) -> int:
    digest = hashlib.sha256(content).digest()
    tx.run("inbound.insert_content", digest=digest, content=content)
    content_id: int | None = tx.value("inbound.content_id", digest=digest)
    if content_id is None:  # it was there, and the last mail that needed it has just been processed
        raise Conflict("the content of this message was deleted in the meantime")
    return content_id


def waiting_mail(tx: Transaction, queue: MailQueue, *, after: int, limit: int) -> list[int]:
    """Ids of the mails that wait in a queue, oldest first."""
    return [row["id"] for row in tx.rows("inbound.waiting", queue=queue, after=after, limit=limit)]


def load_waiting(tx: Transaction, inbound_id: int) -> InboundMail | None:
    """A mail that waits; None when it has been processed in the meantime."""
    return tx.parsed(InboundMail, "inbound.get", id=inbound_id)


def has_failed(tx: Transaction, recipient: str) -> bool:
    """Whether a kept mail to this address has failed."""
    return bool(tx.value("inbound.has_failed", recipient=recipient))


def move_to_strangers(tx: Transaction, inbound_id: int) -> None:
    """Take its priority from a mail that waits."""
    tx.run("inbound.move_to_strangers", id=inbound_id)


def claim_mail(tx: Transaction, inbound_id: int, now: int) -> bool:
    """Take a mail that waits, before its effects in the same transaction; False when it no longer waits."""
    return tx.value("inbound.claim", id=inbound_id, now=now) is not None


def record_mail_result(tx: Transaction, inbound_id: int, state: InboundState, outcome: str) -> None:
    """Record the result of a mail that this transaction claimed. `done` deletes the mail itself."""
    if state is not InboundState.DONE:
        tx.run("inbound.keep", id=inbound_id, state=state, outcome=outcome)
        return
    content_id = tx.value("inbound.content_of", id=inbound_id)
    tx.run("inbound.finish", id=inbound_id, outcome=outcome)
    if content_id is not None:
        tx.run("inbound.delete_content", id=content_id)


def newest_mail(tx: Transaction) -> int:
    """The id of the mail that came last; 0 if none came."""
    return int(tx.value("inbound.newest"))


def find_arrived(tx: Transaction, *, after: int, recipient: str, outcome: str) -> InboundState | None:
    """The state of a mail that came after the one with that id: to this recipient, or with this outcome; or None."""
    state: str | None = tx.value("inbound.find_arrived", after=after, recipient=recipient, outcome=outcome)
    return None if state is None else InboundState(state)


def count_kept(tx: Transaction) -> int:
    """How many mails are kept for a person."""
    return int(tx.value("inbound.count_kept"))


def sweep_mail(tx: Transaction, before: int) -> int:
    """Delete mails that were processed before `before`, a batch at a time; returns how many."""
    return tx.run("inbound.sweep_done", before=before)


def kept_mail(tx: Transaction, state: str | None, *, before: int, limit: int) -> list[KeptMailInfo]:
    """Mail kept for a person with lower ids than `before`, newest first."""
    return tx.parsed_rows(KeptMailInfo, "inbound.kept", state=state, before=before, limit=limit)


def kept_content(tx: Transaction, inbound_id: int) -> bytes | None:
    """A kept mail as it came."""
    content: bytes | None = tx.value("inbound.kept_content", id=inbound_id)
    return content


def keep_again(tx: Transaction, mail: InboundMail, outcome: str, now: int) -> None:
    """Keep a mail for a person that had been processed; its row may have been deleted since."""
    tx.run(
        "inbound.keep_again",
        **asdict(mail),
        digest=retired_digest(mail.content_digest, mail.id),
        content_id=_store_content(tx, mail.content),
        outcome=outcome,
        now=now,
    )


def hold_mail(tx: Transaction, mail: Row) -> None:
    """Hold a mail as another database of this service does, in its state there, unless it is held here already.

    No id is drawn twice, so one with this id is the same. The same mail has two ids if it came to both databases.
    """
    earlier = tx.row("inbound.find_digest", digest=mail["digest"])
    if earlier is not None and earlier["id"] != mail["id"]:
        if earlier["is_held"]:
            return
        tx.run("inbound.retire_digest", id=earlier["id"], retired=retired_digest(mail["digest"], earlier["id"]))
    tx.run("inbound.retire_digest", id=mail["id"], retired=mail["digest"])  # it may have come again there
    tx.run("inbound.hold", **dict(mail), content_id=_store_content(tx, mail["content"]))


def process_again(tx: Transaction, inbound_id: int) -> bool:
    """Let a kept mail be processed once more; False when there is none with this id."""
    return tx.run("inbound.process_again", id=inbound_id) > 0


def drop_mail(tx: Transaction, inbound_id: int, now: int) -> bool:
    """Delete a kept mail; False when there is none with this id."""
    content_id = tx.value("inbound.content_of", id=inbound_id)
    dropped = tx.run("inbound.drop", id=inbound_id, now=now) > 0
    if dropped and content_id is not None:
        tx.run("inbound.delete_content", id=content_id)
    return dropped


def sweep_kept(tx: Transaction, *, before: int, size: int, now: int) -> int:
    """Delete kept mail from before `before`, and the oldest beyond `size` octets in all, a batch at a time."""
    rows = tx.rows("inbound.too_old", before=before) or tx.rows("inbound.beyond_size", size=size)
    return sum(drop_mail(tx, row["id"], now) for row in rows)


def drop_forwarded(tx: Transaction, *, before: int, size: int) -> int:
    """Delete mail forwarded before `before`, and the oldest beyond `size` octets together with all kept mail.

    Works on a batch at a time and returns how many. Mail that still has to be forwarded stays.
    """
    rows = tx.rows("inbound.forwarded_too_old", before=before)
    if not rows:
        kept: int = tx.value("inbound.kept_size")
        rows = tx.rows("inbound.forwarded_beyond_size", size=max(0, size - kept))
    return tx.run("inbound.drop_forwarded", ids=in_json([row["id"] for row in rows])) if rows else 0


def waiting_sizes(tx: Transaction) -> dict[MailQueue, int]:
    """Octets of waiting mail by queue; mail that waits to be forwarded counts with the strangers' mail."""
    sizes = {MailQueue(row["queue"]): int(row["size"]) for row in tx.rows("inbound.waiting_sizes")}
    sizes[MailQueue.STRANGERS] = sizes.get(MailQueue.STRANGERS, 0) + forwards_size(tx)
    return sizes


def forwards_size(tx: Transaction) -> int:
    """Octets of mail that waits to be forwarded."""
    return int(tx.value("inbound.forwards_size"))
