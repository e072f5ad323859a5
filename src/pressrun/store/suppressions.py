"""Addresses that get nothing, by keyed digest; only an erased one stands without its address."""

from __future__ import annotations

from pressrun.store.transaction import Row, Transaction


def find_suppression(tx: Transaction, digest: bytes) -> str | None:
    """The reason why an address is suppressed, or None."""
    found: str | None = tx.value("suppressions.find", digest=digest)
    return found


def suppress(tx: Transaction, digest: bytes, *, address: str | None, reason: str, now: int) -> None:
    """Suppress an address; `address` is None when it must not be kept."""
    tx.run("suppressions.upsert", digest=digest, address=address, reason=reason, now=now)


def lift_suppression(tx: Transaction, digest: bytes) -> bool:
    """Lift a suppression; False when there was none."""
    return tx.run("suppressions.delete", digest=digest) > 0


def list_suppressions(tx: Transaction) -> list[Row]:
    """Every suppression: address (None where erased), reason, since."""
    return tx.rows("suppressions.all")


def get_suppression(tx: Transaction, digest: bytes) -> Row | None:
    """address (None where erased), reason and since of one suppression."""
    return tx.row("suppressions.get", digest=digest)
