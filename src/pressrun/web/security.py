"""The wall around all pages: headers, limits on bodies, counting, and the last answer when something fails.

Every response leaves with a strict content policy and without being sniffed; pages of links in mails also without
being stored, indexed, or named as a referrer. A body is counted while it streams in, whatever its Content-Length says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pressrun.observe.log import event
from pressrun.services.ports import Clock
from pressrun.web import language
from pressrun.web.conditional import http_date

log = logging.getLogger("pressrun.web")

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
TOKEN_PAGES = frozenset({"approve", "confirm", "unsubscribe", "preferences"})
_ONE_YEAR = "max-age=31536000"
_FAILED = b"Something failed here. Try again later.\n"

CountRequest = Callable[[str, str, int], None]  # method, route's pattern, status


class Guard:
    """Wraps the application; `routes` gives the pattern of each endpoint, for counting."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_path: str,
        is_https: bool,
        max_body_bytes: int,
        routes: Mapping[Any, str],
        count_request: CountRequest,
        clock: Clock,
    ) -> None:
        self._app = app
        self._base_path = base_path
        self._is_https = is_https
        self._max_body_bytes = max_body_bytes
        self._routes = routes
        self._count_request = count_request
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        language.listen(scope)
        inner = {**scope, "path": self._path_below(scope["path"]), "root_path": ""}
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), inner["path"], status)
            await send(message)

        try:
            await self._app(inner, self._limited(scope, receive), send_guarded)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - the edge of the loop: it is logged, and the client gets an answer
            event(log, "http.failed", level=logging.ERROR, error=True, route=self._route_of(inner))
            if not status:
                await _send_failure(send_guarded)
        finally:
            if status:
                self._count_request(scope["method"], self._route_of(inner), status)

    def _path_below(self, path: str) -> str:
        """The path below base_url, whether a proxy took its path off already or not; without a last slash."""
        if self._base_path and (path == self._base_path or path.startswith(f"{self._base_path}/")):
            path = path[len(self._base_path) :]
        return path.rstrip("/") or "/"

    def _route_of(self, scope: Scope) -> str:
        return self._routes.get(scope.get("endpoint"), "none")

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        is_too_large = declared.isdigit() and int(declared) > self._max_body_bytes
        seen = 0

        async def receive_limited() -> Message:
            nonlocal seen
            if is_too_large:
                raise HTTPException(413, headers={"Connection": "close"})
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_body_bytes:
                raise HTTPException(413, headers={"Connection": "close"})
            return message

        return receive_limited

    def _add_headers(self, headers: MutableHeaders, path: str, status: int) -> None:
        headers.setdefault("Date", http_date(self._clock()))
        headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        headers["X-Content-Type-Options"] = "nosniff"
        if path.split("/")[1] in TOKEN_PAGES:
            headers["Referrer-Policy"] = "no-referrer"
            headers["Cache-Control"] = "no-store"
            headers["X-Robots-Tag"] = "noindex"
        else:
            headers.setdefault("Referrer-Policy", "same-origin")
            headers.setdefault("Cache-Control", "no-cache" if status < 400 else "no-store")
        if self._is_https:
            headers["Strict-Transport-Security"] = _ONE_YEAR


async def _send_failure(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(_FAILED)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": _FAILED})
