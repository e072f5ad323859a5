"""Suppressed addresses, by keyed digest. Only an erased one is stored without its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pressrun.core.signing.tokens import Digests
from pressrun.store.transaction import Row, Transaction, in_json


def find(tx: Transaction, digests: Digests) -> Row | None:
    """address (None when erased), reason and since of the suppression that applies to an address.

    "Never again" of its mailbox comes before a suppression of the address itself.
    """
    return tx.row("suppressions.find", own=digests.own, mailbox=digests.mailbox)


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


def people_at(tx: Transaction, mailboxes: Sequence[bytes]) -> list[Row]:
    """Everybody at these mailboxes, who do not change until the commit.

    id, suppression_digest, mailbox_digest and reason, None for those who may be mailed.
    """
    places = in_json([(place,) for place in range(len(mailboxes))])
    return tx.rows("suppressions.people_at", places=places, octets=b"".join(mailboxes))


def lift(tx: Transaction, digest: bytes) -> bool:
    """Remove a suppression; False when there was none."""
    return tx.run("suppressions.delete", digest=digest) > 0


def forget_address(tx: Transaction, digest: bytes) -> None:
    """Delete the address of a suppression, which stays."""
    tx.run("suppressions.forget_address", digest=digest)


def list_suppressions(tx: Transaction) -> list[Row]:
    """Every suppression: address (None when erased), reason, since."""
    return tx.rows("suppressions.all")


def page(tx: Transaction, *, after: bytes, limit: int) -> list[Row]:
    """The suppressions whose digest follows, in the order of digests: digest, address, reason, since."""
    return tx.rows("suppressions.page", after=after, limit=limit)


def find_suppression(tx: Transaction, digest: bytes) -> Row | None:
    """address (None when erased), reason and since of one suppression."""
    return tx.row("suppressions.get", digest=digest)
