"""Links with a mark at their end that is not theirs: programs take `>` or a full stop behind a link for a part of it.

A token is signed over all its characters, so nothing but what is before the mark can be meant. Whoever asks for such a
page with GET is redirected to it. Any other change of a token makes an invalid link, and a POST is never redirected.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.signing.tokens import WebPurpose
from pressrun.web.context import WebContext
from pressrun.web.http.security import Handler

_MARKS = ">)].,;:!?*'\"»”’"  # no token ends in one of them
_NOT_FOUND = 404


class TrailingMarks:
    """Redirects to what such a link means."""

    def __init__(self, web: WebContext) -> None:
        self._web = web

    def leading_on(self, handler: Handler) -> Handler:
        """`handler`, but in place of its page of invalid links, a genuine token with marks leads to the page meant."""

        async def show(request: Request) -> Response:
            response = await handler(request)
            if response.status_code != _NOT_FOUND or request.method not in ("GET", "HEAD"):
                return response
            return self._elsewhere(request) or response

        return show

    def _elsewhere(self, request: Request) -> Response | None:
        before, _, last = request.scope["path"].rpartition("/")
        token = last.rstrip(_MARKS)
        if token == last or last != request.path_params["token"] or not self._is_genuine(token):
            return None
        return self._web.pages.see_other(*before.strip("/").split("/"), token)

    def _is_genuine(self, token: str) -> bool:
        tokens = self._web.tokens()
        return any(tokens.read(purpose, token) is not None for purpose in WebPurpose)
