"""Who makes a request to the API: the token in the request, and the caller whom it stands for now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from pressrun.acts.call import Caller
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
