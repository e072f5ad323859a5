"""Who makes a request of the API: the token that it carries, and whom that stands for now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from pressrun.acts.call import Caller
from pressrun.web.api.problems import ApiProblem

_NOBODY = "a token is required: send it in the header `Authorization: Bearer pr_…`"
_UNKNOWN = "the token is unknown, revoked or expired, or not allowed from this network"

Authenticate = Callable[[str, str | None], Awaitable[Caller | None]]
"""Who may act by a token, as of now, from a network address; None for a token that is not valid there."""


async def get_caller(request: Request, authenticate: Authenticate, client: str | None) -> Caller:
    """Who asks; raises ApiProblem 401 (RFC 6750 §3)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ApiProblem(401, _NOBODY, headers={"WWW-Authenticate": 'Bearer realm="pressrun"'})
    caller = await authenticate(token.strip(), client)
    if caller is None:
        challenge = 'Bearer realm="pressrun", error="invalid_token"'
        raise ApiProblem(401, _UNKNOWN, headers={"WWW-Authenticate": challenge})
    return caller
