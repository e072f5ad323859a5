"""The evidence of consent: append-only rows, each chained to the one before by salted digests (core.signing.chain).

A transaction queues its rows, and appends them right before the commit, by one statement or a few, because all
transactions that record evidence share the end of the chain, and each locks it until its commit. Whatever reads
evidence here appends first what its own transaction has queued.

Rows change only to lose their content (erasure) or the network address that they came from (ageing), and a new row
records each such change. Triggers refuse everything else.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from operator import itemgetter

import msgspec

from pressrun.core.signing.chain import (
    AGED,
    ERASED,
    NO_ROWS,
    ChainRow,
    Head,
    content_digest,
    ip_digest,
    link,
    mark_of_aged,
    mark_of_erased,
    split_salt,
)
from pressrun.store.paging import each_row
from pressrun.store.transaction import Transaction, in_json

PAGE = 10_000  # rows that are read at once
RANK = 1  # after the numbers of copies, of which many wait for one row, too


class ConsentEvent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a reader asked or answered, when, from where, and the text that they saw.

    `event` is one of requested, asked, confirmed, added, imported, withdrawn, restored, paused, resumed, removed,
    moved, switched. `salt` is 16 random octets from the caller. `mail` is the digest, and `message_id` the Message-ID,
    of the mail that the event came by or went out with. `carried` is the evidence for another list that this one
    replaces. `url` and `given_at` are where and when a program says that the reader consented.
    """

    subscriber_id: int
    list_id: int | None
    list_name: str
    event: str
    at: int
    source: str
    salt: bytes
    address: str
    ip: str | None = None
    language: str = ""
    text: str = ""
    mail: str | None = None
    message_id: str | None = None
    carried: Sequence[Mapping[str, object]] = ()
    url: str = ""
    given_at: int | None = None


def append_consent(tx: Transaction, *events: ConsentEvent) -> None:
    """Append a row for each event, in order, at the end of the transaction."""
    append_rows(tx, make_rows(events))


def make_rows(events: Iterable[ConsentEvent]) -> list[ChainRow]:
    """The rows for these events, which have neither numbers nor links yet. It needs no database."""
    return [_new_row(event) for event in events]


def append_rows(tx: Transaction, rows: Sequence[ChainRow]) -> None:
    """Append such rows, in order, at the end of the transaction."""
    tx.before_commit(_append_queued, rows, rank=RANK)


class _EvidenceText(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a row says, as its JSON has it: an import writes very many."""

    address: str
    language: str
    list: str
    mail: str | None
    message_id: str | None
    source: str
    text: str
    carried: Sequence[Mapping[str, object]] = ()
    given_at: int | None = None
    url: str = ""


def _content(event: ConsentEvent) -> str:
    return in_json(
        _EvidenceText(
            event.address,
            event.language,
            event.list_name,
            event.mail,
            event.message_id,
            event.source,
            event.text,
            tuple(event.carried),
            event.given_at or None,
            event.url,
        )
    )


def _append_mark(tx: Transaction, event: str, at: int, secret: bytes, content: str) -> None:
    """Append a row that is about other rows, at the end of the transaction."""
    salt, _ = split_salt(secret)
    digest = content_digest(salt, None, content)
    row = ChainRow(0, None, None, event, at, salt, content, digest, None, None, None, b"")
    tx.before_commit(_append_queued, [row], rank=RANK)


def _new_row(event: ConsentEvent) -> ChainRow:
    """A row without number and link. Its digests are made now, so that the end of the chain is not held for long."""
    salt, ip_salt = split_salt(event.salt)
    about, list_id, ip, content = event.subscriber_id, event.list_id, event.ip, _content(event)
    digest = content_digest(salt, about, content)
    if ip is None:
        return ChainRow(0, about, list_id, event.event, event.at, salt, content, digest, None, None, None, b"")
    of_ip = ip_digest(ip_salt, ip)
    return ChainRow(0, about, list_id, event.event, event.at, salt, content, digest, ip, ip_salt, of_ip, b"")


def _append_queued(tx: Transaction, batches: Sequence[Sequence[ChainRow]]) -> None:
    """Give rows their numbers and links, and append them.

    Reading the head locks it until the commit, so that transactions append one after the other.
    """
    head = read_head(tx)
    before = head.chain
    rows: list[tuple[object, ...]] = []
    for number, row in enumerate(chain.from_iterable(batches), head.number + 1):
        before = link(before, row, number)
        rows.append((number, *row[1:-1], before))
    tx.run_rows("consent.append", rows)


def read_head(tx: Transaction) -> Head:
    """The number and link of the last row that was ever written, as the database notes it beside the rows."""
    last = tx.row("consent.head")
    return NO_ROWS if last is None else Head(last["number"], last["chain"])


def chain_rows(tx: Transaction, after: int = 0) -> Iterator[ChainRow]:
    """All rows with a higher number than `after`, in the order of their numbers, read a page at a time."""
    tx.run_deferred()
    rows = each_row(partial(tx.rows, "consent.page"), itemgetter("number"), after, PAGE)
    yield from (ChainRow(*row) for row in rows)


def consent_of(tx: Transaction, subscriber_id: int) -> list[dict[str, object]]:
    """The evidence about one person, oldest first: event, at, ip, and the fields of the content."""
    _append_early(tx, subscriber_id)
    return [
        {"event": row["event"], "at": row["at"], "ip": row["ip"], **json.loads(row["content"] or "{}")}
        for row in tx.rows("consent.of_subscriber", subscriber_id=subscriber_id)
    ]


def numbers_of(tx: Transaction, *subscriber_ids: int) -> list[int]:
    """The numbers of the rows about these people."""
    _append_early(tx, *subscriber_ids)
    return [row["number"] for row in tx.rows("consent.numbers_of_subscribers", ids=in_json(subscriber_ids))]


def _append_early(tx: Transaction, *subscriber_ids: int) -> None:
    """Append what this transaction has queued, if some of it is about one of these people."""
    batches: list[Sequence[ChainRow]] = tx.deferred(_append_queued)
    if any(row.subscriber_id in subscriber_ids for row in chain.from_iterable(batches)):
        tx.run_deferred()


def erase_consent(tx: Transaction, *subscriber_ids: int, now: int, salt: bytes) -> None:
    """Erase the content of the rows about these people, and record that; the chain stays valid."""
    erase_rows(tx, numbers_of(tx, *subscriber_ids), now=now, salt=salt)


def erase_rows(tx: Transaction, numbers: Collection[int], *, now: int, salt: bytes) -> None:
    """Erase the content of these rows, and record that in a row that names them; the chain stays valid."""
    if numbers:
        tx.run("consent.erase", numbers=in_json(sorted(numbers)))
        _append_mark(tx, ERASED, now, salt, mark_of_erased(numbers))


def oldest_ip_at(tx: Transaction) -> int | None:
    """When the oldest row that still has a network address was written."""
    tx.run_deferred()
    at: int | None = tx.value("consent.oldest_ip")
    return at


def age_ips(tx: Transaction, *, before: int, now: int, salt: bytes, limit: int = 1000) -> int:
    """Delete the network addresses of rows from before `before`, a batch at a time; returns how many."""
    tx.run_deferred()
    numbers = [row["number"] for row in tx.rows("consent.with_old_ip", before=before, limit=limit)]
    if numbers:
        tx.run("consent.age", numbers=in_json(numbers))
        _append_mark(tx, AGED, now, salt, mark_of_aged(max(numbers)))
    return len(numbers)
