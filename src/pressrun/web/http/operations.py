"""What watches the service: is it alive, is it ready, and its counters.

Whether it is alive anybody may know. The other two are for whoever is on this machine or its network and asks without
a proxy: to everybody else they are not there. A proxy is expected to keep them to itself as well, but it compares
paths in its own way, so that is not what keeps them private.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from pressrun.observe.metrics import CONTENT_TYPE

Readiness = Callable[[], Awaitable[list[str]]]  # what stands in the way, one line each; empty: nothing
_NEVER_KEPT = {"Cache-Control": "no-store"}
# Fields by which a proxy tells of itself; one that begins with X-Forwarded- does, too (RFC 7239, RFC 9110 §7.6.3).
_OF_PROXIES = frozenset({b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"})


class PrivateRoute(Route):
    """A page at exactly its path, for requests that no proxy handed on; for any other it is as if it were not there."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not is_private(scope, self.path):
            return Match.NONE, {}
        return super().matches(scope)


def is_private(scope: Scope, path: str) -> bool:
    """Whether a request is for this path in its one spelling, and came straight from whoever made it."""
    return scope["raw_path"] == path.encode() and not any(
        name in _OF_PROXIES or name.startswith(b"x-forwarded-") for name, _ in scope["headers"]
    )


class Operations:
    """The pages of monitoring."""

    def __init__(self, *, readiness: Readiness, metrics_page: Callable[[], Awaitable[bytes]]) -> None:
        self._readiness = readiness
        self._metrics_page = metrics_page

    async def health(self, _request: Request) -> Response:
        """200: the process answers."""
        return PlainTextResponse("ok\n", headers=_NEVER_KEPT)

    async def ready(self, _request: Request) -> Response:
        """200, or 503 with what stands in the way."""
        reasons = await self._readiness()
        if not reasons:
            return PlainTextResponse("ready\n", headers=_NEVER_KEPT)
        return PlainTextResponse("\n".join(reasons) + "\n", status_code=503, headers=_NEVER_KEPT)

    async def metrics(self, _request: Request) -> Response:
        """The counters in Prometheus' text format."""
        return Response(await self._metrics_page(), headers={**_NEVER_KEPT, "Content-Type": CONTENT_TYPE})
