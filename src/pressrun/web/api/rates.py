"""How many requests each token may make: `[api] rate`, exact in any window, and said in the header of every answer.

The fields are those of an Internet draft (draft-ietf-httpapi-ratelimit-headers-10), which is not yet a standard.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pressrun.core.abuse.windows import Windows
from pressrun.core.quantities import Rate, wait_seconds
from pressrun.services.ports import Clock
from pressrun.web.api.problems import ApiProblem


class TokenRates:
    """The windows of all tokens, in memory: a restart opens them."""

    def __init__(self, rate: Callable[[], Rate], clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._windows = Windows()

    def spend(self, token: str) -> dict[str, str]:
        """Count a request; returns the fields for its answer. Raises ApiProblem 429 with them."""
        rate, now = self._rate(), self._clock()
        opens_at = self._windows.spend(token, rate, now)
        left, renewed_at = self._windows.room(token, rate, now)
        fields = {
            "ratelimit-policy": f'"token";q={rate.count};w={math.ceil(rate.seconds)}',
            "ratelimit": f'"token";r={left};t={math.ceil(max(0.0, renewed_at - now))}',
        }
        if opens_at is not None:
            wait = str(wait_seconds(opens_at, now))
            raise ApiProblem(429, f"try again in {wait} s", headers={**fields, "Retry-After": wait})
        return fields
