"""The sliding windows of `[limits]`: exact, and kept over a restart."""

from __future__ import annotations

from pressrun.core.pacing import window_is_full, window_opens_at
from pressrun.core.quantities import Rate
from pressrun.store.transaction import Transaction


def opens_at(tx: Transaction, scope: str, subject: bytes, rate: Rate, now: float) -> float | None:
    """None when another event fits into the window, else when the next one will."""
    times = _recent(tx, scope, subject, rate, now)
    return window_opens_at(rate, times, now) if window_is_full(rate, times, now) else None


def spend(tx: Transaction, scope: str, subject: bytes, rate: Rate, now: float) -> bool:
    """Count an event if it fits into the window; False, and nothing counted, when the window is full."""
    if window_is_full(rate, _recent(tx, scope, subject, rate, now), now):
        return False
    tx.run("limits.insert", scope=scope, subject=subject, at=now)
    return True


def sweep(tx: Transaction, scope: str, rate: Rate, now: float) -> None:
    """Forget events that no window reaches any more."""
    tx.run("limits.sweep", scope=scope, before=now - rate.seconds, ahead=now + rate.seconds)


def _recent(tx: Transaction, scope: str, subject: bytes, rate: Rate, now: float) -> list[float]:
    # A clock that was set back must not lock anybody out: events from the future count as of now, and those more than
    # one window ahead not at all.
    window = {"after": now - rate.seconds, "ahead": now + rate.seconds}
    rows = tx.rows("limits.recent", scope=scope, subject=subject, **window)
    return [min(row["at"], now) for row in rows]
