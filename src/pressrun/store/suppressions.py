"""Suppressed addresses, by keyed digest. Only an erased one is stored without its address."""

from __future__ import annotations

from pressrun.core.tokens import Digests
from pressrun.store.transaction import Row, Transaction


def find(tx: Transaction, digests: Digests) -> Row | None:
    """address (None when erased), reason and since of the suppression that applies to an address.

    "Never again" of its mailbox comes before a suppression of the address itself.
    """
    return tx.row("suppressions.find", own=digests.own, mailbox=digests.mailbox)


def suppress(tx: Transaction, digest: bytes, *, address: str | None, reason: str, since: int) -> None:
    """Store a suppression, replacing another; `address` is None when it must not be kept."""
    tx.run("suppressions.upsert", digest=digest, address=address, reason=reason, since=since)


def lift(tx: Transaction, digest: bytes) -> bool:
    """Remove a suppression; False when there was none."""
    return tx.run("suppressions.delete", digest=digest) > 0


def forget_address(tx: Transaction, digest: bytes) -> None:
    """Delete the address of a suppression, which stays."""
    tx.run("suppressions.forget_address", digest=digest)


def list_suppressions(tx: Transaction) -> list[Row]:
    """Every suppression: address (None when erased), reason, since."""
    return tx.rows("suppressions.all")


def find_suppression(tx: Transaction, digest: bytes) -> Row | None:
    """address (None when erased), reason and since of one suppression."""
    return tx.row("suppressions.get", digest=digest)
