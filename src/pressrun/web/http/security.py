"""The guard around all pages: headers, limits on bodies, counting, and the answer when something fails.

Every response has a strict content policy and forbids sniffing. The pages behind links in emails must not be stored,
indexed or named as a referrer either. A body is counted while it streams in, whatever its Content-Length says.

The guard replaces Starlette's middlewares, each of which costs as much as a page.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pressrun.core.errors import EditionError, Unavailable
from pressrun.observe.log import event
from pressrun.services.ports import Clock
from pressrun.store.programs.events import READER, acted_by
from pressrun.web import language
from pressrun.web.http.conditional import http_date
from pressrun.web.http.connections import LINGER_SECONDS
from pressrun.web.sheet import CONTENT_POLICY

log = logging.getLogger("pressrun.web")

TOKEN_PAGES = frozenset({"approve", "confirm", "unsubscribe", "preferences", "read"})
_CLOSE = {"Connection": "close"}
_ONE_YEAR = b"max-age=31536000"
_HOST = re.compile(r"https?://[^/]*/?", re.IGNORECASE)
_UNKNOWN = "none"  # as what requests for unknown pages are counted
_FAILED = b"Something went wrong. Try again later.\n"

Header = tuple[bytes, bytes]
CountRequest = Callable[[str, str, int], None]  # method, route's pattern, status
Handler = Callable[[Request], Awaitable[Response]]
Table = list[tuple[str, Handler, Sequence[str]]]  # path, handler, methods

_OF_TOKEN_PAGES: tuple[Header, ...] = (
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"x-robots-tag", b"noindex"),
)
_NOT_OF_TOKEN_PAGES = frozenset(name for name, _ in _OF_TOKEN_PAGES)


class Endpoint:
    """Makes a handler an ASGI application, for the router."""

    __slots__ = ("_handler",)

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handler(Request(scope, receive))
        await response(scope, receive, send)


def _page_path(path: str) -> str:
    """The path of a request as the routes have it, without a trailing slash.

    A target that is not a path becomes one: `http://host/news` loses its host, and anything else (`*`, `host:443`)
    becomes the name of an unknown page (RFC 9112 §3.2). So does one with NUL, which no database is asked for.
    """
    path = path.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if not path.startswith("/"):
        path = f"/{_HOST.sub('', path, count=1)}"
    return path.rstrip("/") or "/"


def _without_nul(query: bytes) -> bytes:
    """A query string without NUL; leaving one out may make another."""
    while b"%00" in query:
        query = query.replace(b"%00", b"")
    return query


class _Body:
    """The body of one request as it arrives, counted against the limit."""

    __slots__ = ("_is_sent", "_limit", "_receive", "_seen", "is_coming")

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self._is_sent = True  # without waiting for 100 Continue
        self.is_coming = False

    def check(self, scope: Scope) -> None:
        """Refuse a request by its header; raises HTTPException."""
        fields = dict(scope["headers"])
        hosts = [name for name, _ in scope["headers"]].count(b"host")
        if hosts > 1 or (not hosts and scope["http_version"] == "1.1"):  # RFC 9112 §3.2
            raise HTTPException(400, headers=_CLOSE)
        declared = fields.get(b"content-length")
        is_chunked = b"transfer-encoding" in fields
        if declared is not None and is_chunked:  # RFC 9112 §6.3: smuggling
            raise HTTPException(400, headers=_CLOSE)
        self.is_coming = is_chunked or declared not in (None, b"0")
        self._is_sent = b"expect" not in fields
        if declared is not None and declared.isdigit() and int(declared[:20]) > self._limit:
            raise HTTPException(413, headers=_CLOSE)

    async def receive(self) -> Message:
        """As ASGI's receive; raises HTTPException 413."""
        self._is_sent = True
        message = await self._receive()
        if not message.get("more_body"):
            self.is_coming = False
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            raise HTTPException(413, headers=_CLOSE)
        return message

    async def discard(self) -> None:
        """Read and drop the rest for a while: a client that is reset may never see its answer (RFC 9112 §9.6)."""
        if not self._is_sent:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await self._receive()).get("more_body"):
                    pass


FaultPage = Callable[[Exception], Response]


class Area(Struct, frozen=True, kw_only=True):
    """All paths with the same first segment, where requests may be larger and errors look different.

    `app` finds the endpoint of a path and puts it into the scope. For counting, `patterns` are those of its endpoints,
    and `requests` the methods that are served there, each with the pattern.
    """

    app: ASGIApp
    max_body_bytes: int
    fault_page: FaultPage
    patterns: Mapping[Any, str]
    requests: frozenset[tuple[str, str]]


def patterns_of(router: Router) -> dict[Any, str]:
    """The patterns of the routes of a router, by their endpoints."""
    return {route.endpoint: route.path for route in router.routes if isinstance(route, Route)}


def requests_of(router: Router) -> frozenset[tuple[str, str]]:
    """The methods that the routes of a router serve, each with the pattern; HEAD goes with GET."""
    routes = [route for route in router.routes if isinstance(route, Route)]
    return frozenset((method, route.path) for route in routes for method in route.methods or () if method != "HEAD")


class Guard:
    """Wraps the pages. `areas` have their own rules by their first segment, and `elsewhere` has those of all others."""

    def __init__(
        self,
        elsewhere: Area,
        *,
        base_url: str,
        count_request: CountRequest,
        clock: Clock,
        areas: Mapping[str, Area] = MappingProxyType({}),
    ) -> None:
        self._patterns: dict[Any, str] = {}
        for area in (elsewhere, *areas.values()):
            self._patterns.update(area.patterns)
        self._areas = areas
        self._elsewhere = elsewhere
        self._count_request = count_request
        self._clock = clock
        self._date: tuple[int, Header] = (-1, (b"date", b""))
        self._policy = (b"content-security-policy", CONTENT_POLICY.encode())
        self._always: list[Header] = [(b"x-content-type-options", b"nosniff")]
        if base_url.startswith("https:"):
            self._always.append((b"strict-transport-security", _ONE_YEAR))

    @property
    def routes(self) -> frozenset[str]:
        """The pattern of every page."""
        return frozenset(self._patterns.values())

    @property
    def requests(self) -> frozenset[tuple[str, str]]:
        """The methods that are served, each with the pattern of the page; HEAD goes with GET."""
        unknown = frozenset({("GET", _UNKNOWN)})
        return unknown.union(*(area.requests for area in (self._elsewhere, *self._areas.values())))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        language.read_preferences(scope)
        # If the scope names an app, the router raises for an unknown path; otherwise it would answer by itself.
        path, query = _page_path(scope["path"]), _without_nul(scope["query_string"])
        inner = {**scope, "path": path, "query_string": query, "root_path": "", "app": self}
        area = self._areas.get(path.split("/", 2)[1], self._elsewhere)
        body = _Body(receive, area.max_body_bytes)
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers(message.get("headers", ()), inner["path"], status)
            elif body.is_coming and not message.get("more_body"):
                await send({**message, "more_body": True})
                await body.discard()
                message = {"type": "http.response.body"}
            await send(message)

        try:
            body.check(scope)
            with acted_by(READER):
                await area.app(inner, body.receive, send_guarded)
        except ClientDisconnect:
            return
        except Exception as problem:  # noqa: BLE001 - the edge of the loop: the client gets an answer
            if not isinstance(problem, HTTPException | Unavailable | EditionError):
                event(log, "http.failed", level=logging.ERROR, exc_info=True, route=self._route_of(inner))
            if not status:
                await self._answer(problem, area.fault_page, inner, send_guarded)
        finally:
            if status:
                self._count_request(scope["method"], self._route_of(inner), status)

    def _route_of(self, scope: Scope) -> str:
        return self._patterns.get(scope.get("endpoint"), _UNKNOWN)

    async def _answer(self, problem: Exception, fault_page: FaultPage, scope: Scope, send: Send) -> None:
        try:
            response = fault_page(problem)
        except Exception:  # noqa: BLE001 - the last answer of all must not fail
            event(log, "http.failed", level=logging.ERROR, exc_info=True, route=self._route_of(scope))
            response = Response(_FAILED, status_code=500, media_type="text/plain")
        await response(scope, _nothing_more, send)

    def _headers(self, from_app: Iterable[Header], path: str, status: int) -> list[Header]:
        headers = list(from_app)
        if is_token_page(path):
            headers = [header for header in headers if header[0] not in _NOT_OF_TOKEN_PAGES]
            headers += _OF_TOKEN_PAGES
        names = {name for name, _ in headers}
        headers += self._always
        headers.append(self._date_now())
        if b"content-security-policy" not in names:
            headers.append(self._policy)
        if b"referrer-policy" not in names:
            headers.append((b"referrer-policy", b"same-origin"))
        if b"cache-control" not in names:
            headers.append((b"cache-control", b"no-cache" if status < 400 else b"no-store"))
        return headers

    def _date_now(self) -> Header:
        now = int(self._clock())
        if self._date[0] != now:
            self._date = now, (b"date", http_date(now).encode())
        return self._date[1]


def is_token_page(path: str) -> bool:
    """Whether a path is one that links in emails lead to."""
    return path.split("/", 2)[1] in TOKEN_PAGES


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}
