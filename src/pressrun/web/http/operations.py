"""What watches the service: is it alive, is it ready, and its counters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pressrun.observe.metrics import CONTENT_TYPE

Readiness = Callable[[], Awaitable[list[str]]]  # what stands in the way, one line each; empty: nothing
_NEVER_KEPT = {"Cache-Control": "no-store"}


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
