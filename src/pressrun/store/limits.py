"""The sliding windows of `[limits]`: exact, and kept over a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pressrun.core.quantities import Rate
from pressrun.store.transaction import Transaction


class Meter(NamedTuple):
    """One window: a limit's key in `[limits]`, whom it counts against, and how many it takes."""

    scope: str
    subject: bytes
    rate: Rate


def opens_at(tx: Transaction, scope: str, subject: bytes, rate: Rate, now: float) -> float | None:
    """None when another event fits into the window, else when the next one will."""
    # The window is full when it holds as many as it may; it opens when the oldest of these leaves. A clock that was set
    # back must not lock anybody out: events from the future count as of now, those more than a window ahead not at all.
    window = {"after": now - rate.seconds, "ahead": now + rate.seconds}
    oldest = tx.value("limits.latest", scope=scope, subject=subject, **window, newer=rate.count - 1)
    return None if oldest is None else min(oldest, now) + rate.seconds


def spend(tx: Transaction, scope: str, subject: bytes, rate: Rate, now: float) -> bool:
    """Count an event if it fits into the window; False, and nothing counted, when the window is full."""
    return spend_all(tx, [Meter(scope, subject, rate)], now)


def spend_all(tx: Transaction, meters: Sequence[Meter], now: float) -> bool:
    """Count an event in every window if it fits into all; False, and nothing counted, when one is full."""
    if any(opens_at(tx, *meter, now) is not None for meter in meters):
        return False
    for meter in meters:
        tx.run("limits.insert", scope=meter.scope, subject=meter.subject, at=now)
    return True


def sweep(tx: Transaction, scope: str, rate: Rate, now: float) -> None:
    """Forget events that no window reaches any more."""
    tx.run("limits.sweep", scope=scope, before=now - rate.seconds, ahead=now + rate.seconds)
