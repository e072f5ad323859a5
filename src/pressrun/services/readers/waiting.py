"""A wait that nobody can foresee, before what was asked for is carried out.

What comes of a request costs time that depends on whom it is about: done at once, it would hold up the request that
comes next, and whoever sends both could read it off a stopwatch.
"""

from __future__ import annotations

from pressrun.services.ports import Entropy

LEAST_SECONDS, MOST_SECONDS = 0.02, 0.15


def draw_wait(entropy: Entropy) -> float:
    """Seconds to wait, drawn anew each time."""
    return LEAST_SECONDS + int.from_bytes(entropy(4), "big") / 2**32 * (MOST_SECONDS - LEAST_SECONDS)
