"""When to retry a deferred copy, and when to give up (RFC 5321 §4.5.4.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence

JITTER = 0.10  # up to 10 % longer, so that copies deferred together are not retried together


def next_attempt_at(*, schedule: Sequence[float], attempts: int, now: float, jitter: float) -> int:
    """When to try next after `attempts` attempts (UTC seconds). The last wait of the schedule repeats.

    `jitter` is a random number from 0 to 1 that the caller draws. The wait is not shorter than the schedule says, with
    one exception: if, after a wait of a few seconds, the only whole second within JITTER of its end is before that end.
    Rounding up would turn every wait of one second into two.
    """
    wait = schedule[min(attempts, len(schedule)) - 1] if attempts > 0 else schedule[0]
    at = math.ceil(now + wait * (1.0 + JITTER * jitter))
    is_late, is_before_near = at > now + wait * (1.0 + JITTER), at - 1 >= now + wait * (1.0 - JITTER)
    return at - 1 if is_late and is_before_near else at


def latest_attempt_at(*, schedule: Sequence[float], now: float) -> int:
    """The latest time that `next_attempt_at` can return now, after any number of attempts."""
    return math.ceil(now + max(schedule) * (1.0 + JITTER))


def is_given_up(*, first_attempt_at: int, next_at: int, give_up_after: float) -> bool:
    """Whether the next attempt would come later than `give_up_after` seconds past the first one."""
    return next_at - first_attempt_at > give_up_after
