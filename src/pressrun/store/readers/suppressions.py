"""Suppressed addresses, by keyed digest. Only an erased one is stored without its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from pressrun.core.signing.tokens import Digests
from pressrun.store.transaction import Transaction, in_json


class Suppression(Struct, frozen=True, kw_only=True):
    """Why an address gets no mail."""

    address: str | None  # None when erased
    reason: str
    since: int


class KeyedSuppression(Suppression, frozen=True, kw_only=True):
    """A suppression with the digest that pages are ordered by."""

    digest: bytes


class MailboxReader(Struct, frozen=True, kw_only=True):
    """A reader whose address belongs to a mailbox."""

    id: int
    suppression_digest: bytes
    mailbox_digest: bytes
    reason: str | None  # None for an address that may be mailed


def find(tx: Transaction, digests: Digests) -> Suppression | None:
    """The suppression that applies to an address: "never again" of its mailbox before one of the address itself."""
    return tx.parsed(Suppression, "suppressions.find", own=digests.own, mailbox=digests.mailbox)


def suppress(tx: Transaction, digest: bytes, *, address: str | None, reason: str, since: int) -> None:
    """Store a suppression, replacing another; `address` is None when it must not be kept."""
    tx.run("suppressions.upsert", digest=digest, address=address, reason=reason, since=since)


def find_reasons(tx: Transaction, addresses: Sequence[Digests]) -> dict[bytes, str]:
    """The reason at each digest of these addresses and of their mailboxes that is suppressed."""
    octets = b"".join(digest for pair in addresses for digest in pair)
    places = in_json([(place,) for place in range(len(addresses))])
    reasons: dict[bytes, str] = {}
    for row in tx.rows("suppressions.find_many", places=places, octets=octets):
        pair = addresses[row["place"]]
        reasons |= {digest: row[name] for digest, name in zip(pair, ("own", "mailbox"), strict=True) if row[name]}
    return reasons


def suppress_all(tx: Transaction, entries: Mapping[bytes, tuple[str | None, str, int]]) -> None:
    """Store suppressions by digest, replacing others: address (None: not kept), reason and since when of each."""
    digests = sorted(entries)  # so that no two transactions wait for each other
    rows = in_json([entries[digest] for digest in digests])
    tx.run("suppressions.upsert_many", rows=rows, octets=b"".join(digests))


def people_at(tx: Transaction, mailboxes: Sequence[bytes]) -> list[MailboxReader]:
    """Everybody at these mailboxes, locked until the commit."""
    places = in_json([(place,) for place in range(len(mailboxes))])
    return tx.parsed_rows(MailboxReader, "suppressions.people_at", places=places, octets=b"".join(mailboxes))


def lift(tx: Transaction, digest: bytes) -> bool:
    """Remove a suppression; False when there was none."""
    return tx.run("suppressions.delete", digest=digest) > 0


def forget_address(tx: Transaction, digest: bytes) -> None:
    """Delete the address of a suppression, which stays."""
    tx.run("suppressions.forget_address", digest=digest)


def list_suppressions(tx: Transaction) -> list[Suppression]:
    """Every suppression, oldest first."""
    return tx.parsed_rows(Suppression, "suppressions.all")


def page(tx: Transaction, *, after: bytes, limit: int) -> list[KeyedSuppression]:
    """The suppressions whose digest follows, in the order of digests."""
    return tx.parsed_rows(KeyedSuppression, "suppressions.page", after=after, limit=limit)


def find_suppression(tx: Transaction, digest: bytes) -> Suppression | None:
    """One suppression by its digest."""
    return tx.parsed(Suppression, "suppressions.get", digest=digest)
