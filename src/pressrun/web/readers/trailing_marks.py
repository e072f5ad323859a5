"""Links followed by a mark: some mail programs take a `>` or a full stop after a link for a part of it.

A token is signed over all its characters, so only the part before the mark can be meant. A GET for such a link is
redirected to the page that is meant. Any other change of a token makes the link invalid. A POST is never redirected.
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
    """Redirects to the page that such a link means."""

    def __init__(self, web: WebContext) -> None:
        self._web = web

    def leading_on(self, handler: Handler) -> Handler:
        """`handler`, except that a genuine token with marks leads to its page instead of the page for invalid links."""

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
