"""The wall around all pages: headers, limits on bodies, counting, and the answer when something fails.

Every response leaves with a strict content policy and without being sniffed; pages of links in mails also without
being stored, indexed, or named as a referrer. A body is counted while it streams in, whatever its Content-Length says.
It does the work of Starlette's own layers, of which each costs as much as a page.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pressrun.core.errors import Unavailable
from pressrun.observe.log import event
from pressrun.services.ports import Clock
from pressrun.web import language
from pressrun.web.http.conditional import http_date
from pressrun.web.http.same import SAME, WHOLE, Header, SameAnswer, SendWhole
from pressrun.web.policy import CONTENT_POLICY

log = logging.getLogger("pressrun.web")

TOKEN_PAGES = frozenset({"approve", "confirm", "unsubscribe", "preferences", "read"})
_CLOSE = {"Connection": "close"}
_ONE_YEAR = b"max-age=31536000"
_HOST = re.compile(r"https?://[^/]*/?", re.IGNORECASE)
_FAILED = b"Something went wrong. Try again later.\n"

CountRequest = Callable[[str, str, int], None]  # method, route's pattern, status
Handler = Callable[[Request], Awaitable[Response]]

_OF_TOKEN_PAGES: tuple[Header, ...] = (
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"x-robots-tag", b"noindex"),
)
_NOT_OF_TOKEN_PAGES = frozenset(name for name, _ in _OF_TOKEN_PAGES)


class Endpoint:
    """A handler as the router calls it."""

    __slots__ = ("_handler",)

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handler(Request(scope, receive))
        await response(scope, receive, send)


class Guard:
    """Wraps the router. `routes` gives each endpoint's pattern, for counting, `fault_page` the page of an error."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_path: str,
        is_https: bool,
        max_body_bytes: int,
        routes: Mapping[Any, str],
        fault_page: Callable[[Exception], Response],
        count_request: CountRequest,
        clock: Clock,
    ) -> None:
        self._app = app
        self._base_path = base_path
        self._max_body_bytes = max_body_bytes
        self._routes = routes
        self._fault_page = fault_page
        self._count_request = count_request
        self._clock = clock
        self._date: tuple[int, Header] = (-1, (b"date", b""))
        self._same: dict[tuple[SameAnswer, bool], bytes] = {}  # of this second
        self._policy = (b"content-security-policy", CONTENT_POLICY.encode())
        self._always: list[Header] = [(b"x-content-type-options", b"nosniff")]
        if is_https:
            self._always.append((b"strict-transport-security", _ONE_YEAR))

    @property
    def routes(self) -> frozenset[str]:
        """The pattern of every page."""
        return frozenset(self._routes.values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        language.listen(scope)
        # The router raises for what it does not find where it is told of an app, and answers by itself otherwise.
        inner = {**scope, "path": self._path_below(scope["path"]), "root_path": "", "app": self}
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == SAME:
                answer: SameAnswer = message["answer"]
                if self._has_gone_whole(answer, inner):
                    status = answer.status
                    return
                for part in answer.parts():
                    await send_guarded(part)
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers(message.get("headers", ()), inner["path"], status)
            await send(message)

        try:
            await self._app(inner, self._limited(scope, receive), send_guarded)
        except ClientDisconnect:
            return
        except Exception as problem:  # noqa: BLE001 - the edge of the loop: the client gets an answer
            if not isinstance(problem, HTTPException | Unavailable):
                event(log, "http.failed", level=logging.ERROR, error=True, route=self._route_of(inner))
            if not status:
                await self._answer(problem, inner, send_guarded)
        finally:
            if status:
                self._count_request(scope["method"], self._route_of(inner), status)

    def _path_below(self, path: str) -> str:
        """The path below base_url, whether a proxy took its path off already or not; without a last slash.

        A target that is no path is read as one: of `http://host/news` what follows the host, and whatever else comes
        (`*`, `host:443`) as the name of a page that is not there (RFC 9112 §3.2).
        """
        if not path.startswith("/"):
            path = f"/{_HOST.sub('', path, count=1)}"
        if self._base_path and (path == self._base_path or path.startswith(f"{self._base_path}/")):
            path = path[len(self._base_path) :]
        return path.rstrip("/") or "/"

    def _route_of(self, scope: Scope) -> str:
        return self._routes.get(scope.get("endpoint"), "none")

    async def _answer(self, problem: Exception, scope: Scope, send: Send) -> None:
        try:
            response = self._fault_page(problem)
        except Exception:  # noqa: BLE001 - the last answer of all must not fail
            event(log, "http.failed", level=logging.ERROR, error=True, route=self._route_of(scope))
            response = Response(_FAILED, status_code=500, media_type="text/plain")
        await response(scope, _nothing_more, send)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1 or (not hosts and scope["http_version"] == "1.1"):  # RFC 9112 §3.2
            raise HTTPException(400, headers=_CLOSE)
        given = dict(scope["headers"])
        declared = given.get(b"content-length", b"0")
        if b"content-length" in given and b"transfer-encoding" in given:  # RFC 9112 §6.3: smuggling
            raise HTTPException(400, headers=_CLOSE)
        if declared.isdigit() and int(declared[:20]) > self._max_body_bytes:
            raise HTTPException(413, headers=_CLOSE)
        seen = 0

        async def receive_limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_body_bytes:
                raise HTTPException(413, headers=_CLOSE)
            return message

        return receive_limited

    def _headers(self, given: Iterable[Header], path: str, status: int) -> list[Header]:
        headers = list(given)
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

    def _has_gone_whole(self, answer: SameAnswer, scope: Scope) -> bool:
        send_whole: SendWhole | None = scope.get("extensions", {}).get(WHOLE)
        if send_whole is None:
            return False
        self._date_now()  # forgets the octets of an earlier second
        key = answer, is_token_page(scope["path"])
        octets = self._same.get(key)
        if octets is None:
            octets = answer.octets(self._headers(answer.headers, scope["path"], answer.status))
            self._same[key] = octets
        return send_whole(octets)

    def _date_now(self) -> Header:
        now = int(self._clock())
        if self._date[0] != now:
            self._date = now, (b"date", http_date(now).encode())
            self._same.clear()
        return self._date[1]


def is_token_page(path: str) -> bool:
    """Whether a path below base_url is one that links in mails lead to."""
    return path.split("/", 2)[1] in TOKEN_PAGES


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}
