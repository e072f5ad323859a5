"""Conditional requests: the validators of a response, and 304 if the client has it already (RFC 9110 §13)."""

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

    No column says when an edition appeared in a feed: it may be dated back, or have waited for its canary. A page that
    this process has not seen yet counts as changed now. That costs its readers one transfer too many after a start,
    and never hides an edition from them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[bytes, int]] = {}

    def changed_at(self, page: str, content: bytes) -> int:
        """When `page` got this content, in UTC seconds; never the same for different content."""
        digest = hashlib.sha256(content).digest()
        before = self._seen.get(page)
        if before is None or before[0] != digest:
            at = int(self._clock())
            self._seen[page] = (digest, at if before is None else max(at, before[1] + 1))
        return self._seen[page][1]


def conditional(request: Request, response: Response, *, modified_at: int | None = None) -> Response:
    """`response` with its ETag and Last-Modified, or 304 without content if the client's copy is current."""
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    if modified_at is not None:
        response.headers["Last-Modified"] = http_date(modified_at)
    if not is_fresh(request, tag, modified_at):
        return response
    kept = ("etag", "last-modified", "cache-control", "content-security-policy", "vary")  # RFC 9110 §15.4.5
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    return Response(status_code=304, headers=headers)


def is_fresh(request: Request, tag: str, modified_at: int | None = None) -> bool:
    """Whether the client already has the current version (RFC 9110 §13).

    Only the very date that it got counts: a later one may be that of another version, from before a clock was set back.
    """
    fields = request.headers.getlist("if-none-match")
    if fields:  # takes precedence, RFC 9110 §13.1.3; compared weakly, §13.1.2
        tags = [item.strip().removeprefix("W/") for item in ",".join(fields).split(",")]
        return "*" in tags or tag in tags
    if modified_at is None:
        return False
    try:
        return parsedate_to_datetime(request.headers.get("if-modified-since", "")).timestamp() == modified_at
    except (ValueError, OverflowError):
        return False
