"""The sliding windows of `[limits]`: exact, and kept over a restart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from pressrun.core.quantities import Rate
from pressrun.store.transaction import Transaction, in_json


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


def spend_each(tx: Transaction, scope: str, subjects: Sequence[bytes], rate: Rate, now: float) -> list[bool]:
    """`spend` for several subjects of one length, in their order."""
    if not subjects:
        return []
    window = {"scope": scope, "after": now - rate.seconds, "ahead": now + rate.seconds}
    octets, width = b"".join(subjects), len(subjects[0])
    places = in_json(list(range(len(subjects))))
    found = tx.value("limits.count_each", **window, places=places, octets=octets, width=width, most=rate.count)
    counted = dict(zip(subjects, json.loads(found), strict=True))
    spent: list[bool] = []
    for subject in subjects:
        spent.append(counted[subject] < rate.count)
        counted[subject] += 1
    chosen = in_json([place for place, is_spent in enumerate(spent) if is_spent])
    tx.run("limits.insert_each", scope=scope, places=chosen, octets=octets, width=width, at=now)
    return spent


def sweep(tx: Transaction, scope: str, rate: Rate, now: float) -> None:
    """Forget events that no window reaches any more."""
    tx.run("limits.sweep", scope=scope, before=now - rate.seconds, ahead=now + rate.seconds)


def count_sign_up(tx: Transaction, hour: int) -> int:
    """Count one in an hour, by its number since 1970; returns how many that makes."""
    number: int = tx.value("limits.count_sign_up", hour=hour)
    return number


def sign_ups_since(tx: Transaction, hour: int) -> dict[int, int]:
    """How many there were by hour, from this one on."""
    return {row["hour"]: row["number"] for row in tx.rows("limits.sign_ups_since", hour=hour)}


def sweep_sign_ups(tx: Transaction, before: int) -> int:
    """Forget the hours before `before`."""
    return tx.run("limits.sweep_sign_ups", before=before)
