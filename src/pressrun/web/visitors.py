"""Who made a request, by the socket and the proxies that are trusted."""

from __future__ import annotations

from starlette.requests import Request

from pressrun.web.clients import Proxies


def client_of(request: Request, proxies: Proxies) -> str | None:
    """The client's address; None when it came by our Unix socket and no trusted proxy said more."""
    peer = request.client.host if request.client is not None else None
    return proxies.client(peer or None, request.headers.getlist("x-forwarded-for"))
