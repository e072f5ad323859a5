"""Conditional requests: validators of a response, and 304 where the client has it already (RFC 9110 §13)."""

from __future__ import annotations

import hashlib
from email.utils import formatdate, parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response

from pressrun.services.ports import Clock


def http_date(at: float) -> str:
    """`Fri, 01 May 2026 12:00:00 GMT` of UTC seconds (RFC 9110 §5.6.7)."""
    return formatdate(at, usegmt=True)


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
    if modified_at is None:
        return False
    try:
        return parsedate_to_datetime(request.headers.get("if-modified-since", "")).timestamp() >= modified_at
    except (ValueError, OverflowError):
        return False
