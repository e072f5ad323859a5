"""The sliding windows of `[limits]`, which are exact and survive a restart, and the number of sign-ups per hour."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

from pressrun.core.quantities import Rate
from pressrun.store.transaction import Transaction, in_json

GATES = 256  # rows that PostgreSQL locks; two windows that share one wait for each other without need


class Meter(NamedTuple):
    """One window: the key of the limit in `[limits]`, whom it counts against, and its rate."""

    scope: str
    subject: bytes
    rate: Rate


def opens_at(tx: Transaction, meters: Sequence[Meter], now: float) -> float | None:
    """None when another event fits into every window, else the time when the next one will."""
    # A full window opens when its oldest event leaves it. A clock that was set back must not lock anybody out, so
    # events from the future count as of now, and those more than a window ahead do not count.
    times = []
    for scope, subject, rate in meters:
        window = {"after": now - rate.seconds, "ahead": now + rate.seconds}
        oldest = tx.value("limits.latest", scope=scope, subject=subject, **window, newer=rate.count - 1)
        if oldest is not None:
            times.append(min(oldest, now) + rate.seconds)
    return max(times, default=None)


def _lock(tx: Transaction, windows: Sequence[tuple[str, bytes]]) -> None:
    """Keep others from counting in these windows until the transaction ends.

    An empty window has no row that could be locked. So a window belongs to one of a few rows that stand for all.
    """
    gates = {crc32(b"%b\0%b" % (scope.encode(), subject)) % GATES for scope, subject in windows}
    tx.lock("limits.lock", ids=in_json(sorted(gates)))


def spend(tx: Transaction, meters: Sequence[Meter], now: float) -> bool:
    """Count an event in every window if it fits into all; False without counting it when one is full."""
    _lock(tx, [(scope, subject) for scope, subject, _ in meters])
    places: list[tuple[str, int, int, float, int]] = []
    octets = b"\0"  # never empty: SQLite finds no part of nothing, not even an empty one
    for scope, subject, rate in meters:
        places.append((scope, len(octets) + 1, len(subject), rate.seconds, rate.count))
        octets += subject
    return tx.run("limits.spend", meters=in_json(places), octets=octets, at=now) > 0


def spend_each(tx: Transaction, scope: str, subjects: Sequence[bytes], rate: Rate, now: float) -> list[bool]:
    """`spend` for one window after the other, of subjects of equal length."""
    if not subjects:
        return []
    _lock(tx, [(scope, subject) for subject in subjects])
    window = {"scope": scope, "after": now - rate.seconds, "ahead": now + rate.seconds}
    octets, width = b"".join(subjects), len(subjects[0])
    places = in_json([(place,) for place in range(len(subjects))])
    counts = tx.value("limits.count_each", **window, places=places, octets=octets, width=width, most=rate.count)
    counted = dict(zip(subjects, json.loads(counts), strict=True))
    spent: list[bool] = []
    for subject in subjects:
        spent.append(counted[subject] < rate.count)
        counted[subject] += 1
    if any(spent):
        chosen = in_json([(place,) for place, is_spent in enumerate(spent) if is_spent])
        tx.run("limits.insert_each", scope=scope, places=chosen, octets=octets, width=width, at=now)
    return spent


def sweep(tx: Transaction, scope: str, rate: Rate, now: float) -> None:
    """Delete events that no window reaches now."""
    tx.run("limits.sweep", scope=scope, before=now - rate.seconds, ahead=now + rate.seconds)


def count_sign_up(tx: Transaction, hour: int) -> int:
    """Count a sign-up in an hour (hours since 1970); returns how many came in that hour."""
    return int(tx.value("limits.count_sign_up", hour=hour))


def sign_ups_since(tx: Transaction, hour: int) -> dict[int, int]:
    """How many sign-ups came in each hour, from this one on."""
    return {row["hour"]: row["number"] for row in tx.rows("limits.sign_ups_since", hour=hour)}


def sweep_sign_ups(tx: Transaction, before: int) -> int:
    """Delete the counts of hours before `before`."""
    return tx.run("limits.sweep_sign_ups", before=before)


def refund(tx: Transaction, meters: Sequence[Meter], at: float) -> None:
    """Forget an event that `spend` counted at this time, once it has turned out not to be one."""
    for scope, subject, _ in meters:
        tx.run("limits.refund", scope=scope, subject=subject, at=at)
