"""How many sign-ups came in by the hour: what is usual for this server."""

from __future__ import annotations

from pressrun.store.transaction import Transaction


def count_sign_up(tx: Transaction, hour: int) -> int:
    """Count one in an hour, by its number since 1970; returns how many that makes."""
    number: int = tx.value("arrivals.count", hour=hour)
    return number


def sign_ups_since(tx: Transaction, hour: int) -> dict[int, int]:
    """How many there were by hour, from this one on."""
    return {row["hour"]: row["number"] for row in tx.rows("arrivals.since", hour=hour)}


def sweep_sign_ups(tx: Transaction, before: int) -> int:
    """Forget the hours before `before`."""
    return tx.run("arrivals.sweep", before=before)
