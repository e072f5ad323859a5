"""The pages of monitoring: is the service alive, is it ready, and its counters.

Anybody may know whether it is alive. The other two answer only requests from this machine or its network that did not
come through a proxy; for everybody else they do not exist. A proxy should block them, too, but it compares paths in its
own way, so privacy must not depend on it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from pressrun.observe.metrics import CONTENT_TYPE

Readiness = Callable[[], Awaitable[list[str]]]  # the obstacles, one line each; empty if ready
_NO_STORE = {"Cache-Control": "no-store"}
# Fields that proxies add, besides X-Forwarded-… (RFC 7239, RFC 9110 §7.6.3).
_OF_PROXIES = frozenset({b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"})


class PrivateRoute(Route):
    """A page at exactly its path, for requests that no proxy forwarded; for others it does not exist."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not is_private(scope, self.path):
            return Match.NONE, {}
        return super().matches(scope)


def is_private(scope: Scope, path: str) -> bool:
    """Whether a request is for exactly this path and came straight from its client."""
    return scope["raw_path"] == path.encode() and not any(
        name in _OF_PROXIES or name.startswith(b"x-forwarded-") for name, _ in scope["headers"]
    )


async def show_health(_request: Request) -> Response:
    """`/healthz`, 200: the process answers."""
    return PlainTextResponse("ok\n", headers=_NO_STORE)


class MonitoringPages:
    """`/readyz` and `/metrics`."""

    def __init__(self, *, readiness: Readiness, metrics_page: Callable[[], Awaitable[bytes]]) -> None:
        self._readiness = readiness
        self._metrics_page = metrics_page

    async def ready(self, _request: Request) -> Response:
        """200, or 503 with the obstacles."""
        reasons = await self._readiness()
        if not reasons:
            return PlainTextResponse("ready\n", headers=_NO_STORE)
        return PlainTextResponse("\n".join(reasons) + "\n", status_code=503, headers=_NO_STORE)

    async def metrics(self, _request: Request) -> Response:
        """The counters in Prometheus' text format."""
        return Response(await self._metrics_page(), headers={**_NO_STORE, "Content-Type": CONTENT_TYPE})
