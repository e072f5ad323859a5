"""Links followed by a mark: some mail programs take a `>` or a full stop after a link for a part of it.

A token is signed over all its characters, so only the part before the mark can be meant. A GET for such a link is
redirected to the page that is meant. Any other change of a token makes the link invalid. A POST is never redirected.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.signing.tokens import WebPurpose
from pressrun.web.context import WebContext

_MARKS = ">)].,;:!?*'\"»”’"  # no token ends in one of them


class TrailingMarks:
    """Redirects to the page that such a link means."""

    def __init__(self, web: WebContext) -> None:
        self._web = web

    async def page(self, request: Request) -> Response | None:
        """A redirect to the page of a genuine token; None if there is none before the mark."""
        before, _, last = request.scope["path"].rpartition("/")
        token = last.rstrip(_MARKS)
        if token == last or last != request.path_params["token"] or not self._is_genuine(token):
            return None
        return self._web.pages.see_other(*before.strip("/").split("/"), token)

    def _is_genuine(self, token: str) -> bool:
        tokens = self._web.tokens()
        return any(tokens.read(purpose, token) is not None for purpose in WebPurpose)
