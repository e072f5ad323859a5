"""The whole body of a request, within a limit."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request


class BodyTooLargeError(Exception):
    """The body is larger than the limit, or says so itself."""


def is_declared_larger(request: Request, limit: int) -> bool:
    """Whether a body says itself that it is larger than the limit."""
    declared = request.headers.get("content-length", "")
    return declared.isdigit() and int(declared[:20]) > limit


async def read_all(request: Request, limit: int) -> bytes:
    """The octets of the body; raises BodyTooLargeError as soon as they exceed the limit, and ClientDisconnect."""
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
