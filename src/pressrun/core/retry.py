"""When a deferred copy is tried again, and when it is given up (RFC 5321 §4.5.4.1)."""

from __future__ import annotations

from collections.abc import Sequence

JITTER = 0.10  # at most 10 %, so that copies deferred together do not come back together


def next_attempt_at(*, schedule: Sequence[float], attempts: int, now: float, jitter: float) -> int:
    """UTC seconds of the next attempt after `attempts` of them; the last wait of the schedule repeats.

    `jitter` is a random share from 0 to 1 that the caller draws. The wait is never shorter than the schedule says,
    and at least one second.
    """
    wait = schedule[min(attempts, len(schedule)) - 1] if attempts > 0 else schedule[0]
    return int(now + max(1.0, wait * (1.0 + JITTER * jitter)) + 0.999)


def latest_attempt_at(*, schedule: Sequence[float], now: float) -> int:
    """The latest that `next_attempt_at` can give now, whatever was tried before."""
    longest = max(schedule)
    return next_attempt_at(schedule=[longest], attempts=1, now=now, jitter=1.0)


def is_given_up(*, first_attempt_at: int, next_at: int, give_up_after: float) -> bool:
    """Whether the next attempt would come later than `give_up_after` seconds past the first one."""
    return next_at - first_attempt_at > give_up_after
