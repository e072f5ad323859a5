"""Addresses that get nothing, by keyed digest; only an erased one stands without its address."""

from __future__ import annotations

from pressrun.core.tokens import Digests
from pressrun.store.transaction import Row, Transaction


def find(tx: Transaction, digests: Digests) -> Row | None:
    """address (None where erased), reason and since of what keeps an address out.

    That is a suppression of its own, or "never again" of its mailbox, which comes first.
    """
    return tx.row("suppressions.find", own=digests.own, mailbox=digests.mailbox)


def suppress(tx: Transaction, digest: bytes, *, address: str | None, reason: str, since: int) -> None:
    """Write a suppression, in place of the one that stands; `address` is None when it must not be kept."""
    tx.run("suppressions.upsert", digest=digest, address=address, reason=reason, since=since)


def lift(tx: Transaction, digest: bytes) -> bool:
    """Remove a suppression; False when there was none."""
    return tx.run("suppressions.delete", digest=digest) > 0


def forget_address(tx: Transaction, digest: bytes) -> None:
    """Leave a suppression without its address."""
    tx.run("suppressions.forget_address", digest=digest)


def list_suppressions(tx: Transaction) -> list[Row]:
    """Every suppression: address (None where erased), reason, since."""
    return tx.rows("suppressions.all")


def get_suppression(tx: Transaction, digest: bytes) -> Row | None:
    """address (None where erased), reason and since of one suppression."""
    return tx.row("suppressions.get", digest=digest)
