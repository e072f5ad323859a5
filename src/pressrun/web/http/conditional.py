"""Conditional requests: validators of a response, and 304 where the client has it already (RFC 9110 §13)."""

from __future__ import annotations

import hashlib
import re
import time

from starlette.requests import Request
from starlette.responses import Response

from pressrun.services.ports import Clock

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTTP_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT")


def http_date(at: float) -> str:
    """`Fri, 01 May 2026 12:00:00 GMT` of UTC seconds, whatever the locale (RFC 9110 §5.6.7)."""
    parts = time.gmtime(at)
    return (
        f"{_DAYS[parts.tm_wday]}, {parts.tm_mday:02} {_MONTHS[parts.tm_mon - 1]} {parts.tm_year:04} "
        f"{parts.tm_hour:02}:{parts.tm_min:02}:{parts.tm_sec:02} GMT"
    )


class Changes:
    """When the content of a few pages last changed, as far as this process has seen: their Last-Modified.

    No column says when an edition came into a feed: it may be dated back, or have waited behind its canary. A page
    that was never seen before changed now, which costs its readers one answer too many after a start, and never hides
    an edition from them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[bytes, int]] = {}

    def changed_at(self, page: str, content: bytes) -> int:
        """When `page` began to say this, in UTC seconds; never the same for what differs."""
        digest = hashlib.sha256(content).digest()
        before = self._seen.get(page)
        if before is None or before[0] != digest:
            at = int(self._clock())
            self._seen[page] = (digest, at if before is None else max(at, before[1] + 1))
        return self._seen[page][1]


def conditional(request: Request, response: Response, *, modified_at: int | None) -> Response:
    """`response` with its ETag and Last-Modified, or 304 without content when the client's copy is as good."""
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    if modified_at is not None:
        response.headers["Last-Modified"] = http_date(modified_at)
    if not _is_fresh(request, tag, modified_at):
        return response
    kept = ("etag", "last-modified", "cache-control", "content-security-policy", "vary")  # RFC 9110 §15.4.5
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    return Response(status_code=304, headers=headers)


def _is_fresh(request: Request, tag: str, modified_at: int | None) -> bool:
    asked = request.headers.get("if-none-match")
    if asked is not None:  # decides alone, RFC 9110 §13.1.3
        return "*" in asked.split(",") or any(item.strip().removeprefix("W/") == tag for item in asked.split(","))
    since = _HTTP_DATE.fullmatch(request.headers.get("if-modified-since", ""))
    if since is None or modified_at is None or since[2] not in _MONTHS:
        return False
    wanted = f"{since[3]}{_MONTHS.index(since[2]) + 1:02}{since[1]}{since[4]}{since[5]}{since[6]}"
    return wanted >= time.strftime("%Y%m%d%H%M%S", time.gmtime(modified_at))
