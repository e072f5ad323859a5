"""The token in a request to the API: the caller whom it stands for now, and how many requests it may make.

The rate is `[api] rate`, exact in any window, and said in the header of every answer. Its fields are those of an
Internet draft (draft-ietf-httpapi-ratelimit-headers-10), which is not yet a standard.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from starlette.requests import Request

from pressrun.acts.call import Caller
from pressrun.core.abuse.windows import Windows
from pressrun.core.quantities import Rate, wait_seconds
from pressrun.services.ports import Clock
from pressrun.web.api.problems import ApiProblem

_NOBODY = "a token is required: send it in the header `Authorization: Bearer pr_…`"
_UNKNOWN = "the token is unknown, revoked or expired, or not allowed from this network"

Authenticate = Callable[[str, str | None], Awaitable[Caller | None]]
"""Finds who may now act with a token from a network address; None if the token is not valid there."""


async def get_caller(request: Request, authenticate: Authenticate, client: str | None) -> Caller:
    """The caller; raises ApiProblem 401 (RFC 6750 §3)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ApiProblem(401, _NOBODY, headers={"WWW-Authenticate": 'Bearer realm="pressrun"'})
    caller = await authenticate(token.strip(), client)
    if caller is None:
        challenge = 'Bearer realm="pressrun", error="invalid_token"'
        raise ApiProblem(401, _UNKNOWN, headers={"WWW-Authenticate": challenge})
    return caller


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
