"""Who made a request, by the socket and the proxies that are trusted."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Scope

from pressrun.web.http.clients import Proxies


def client_of(request: Request, proxies: Proxies) -> str | None:
    """The client's address; None when it came by our Unix socket and no trusted proxy said more."""
    return client_in(request.scope, proxies)


def client_in(scope: Scope, proxies: Proxies) -> str | None:
    """The same, by what the server says of a request."""
    peer = scope["client"][0] if scope["client"] else None
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return proxies.client(peer or None, forwarded)
