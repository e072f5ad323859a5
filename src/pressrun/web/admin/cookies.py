"""The two cookies: that of a session, and that of a browser which has asked for a code.

On https their names begin with `__Host-`, so that neither another host of the domain nor plain HTTP can set them.
SameSite is Lax, because people come from links in mails; a GET changes nothing, and the guard turns other sites away.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response


class Cookie:
    """One cookie of ours; `lifetime` says for how many seconds a browser keeps a new one."""

    def __init__(self, name: str, lifetime: Callable[[], float], *, is_secure: bool) -> None:
        self._name = f"__Host-{name}" if is_secure else name
        self._lifetime = lifetime
        self._is_secure = is_secure

    def read(self, request: Request) -> str | None:
        """What the browser shows; None for none."""
        return request.cookies.get(self._name) or None

    def put(self, response: Response, secret: str) -> None:
        """Give it to the browser."""
        seconds = int(self._lifetime())
        response.set_cookie(
            self._name, secret, max_age=seconds, path="/", secure=self._is_secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self._name, path="/", secure=self._is_secure, httponly=True, samesite="lax")
