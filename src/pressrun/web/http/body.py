"""The whole body of a request, within a limit."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request


class BodyTooLargeError(Exception):
    """The body, or its declared length, exceeds the limit."""


def is_declared_larger(request: Request, limit: int) -> bool:
    """Whether Content-Length exceeds the limit."""
    declared = request.headers.get("content-length", "")
    return declared.isdigit() and int(declared[:20]) > limit


async def read_all(request: Request, limit: int) -> bytes:
    """Read the body; raises BodyTooLargeError as soon as it exceeds the limit, and ClientDisconnect."""
    if is_declared_larger(request, limit):
        raise BodyTooLargeError
    body = bytearray()
    is_complete = False
    while not is_complete:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLargeError
        is_complete = not message.get("more_body")
    return bytes(body)
