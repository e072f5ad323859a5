"""Copies of the forms on our pages: each has a signed number and the time when its page was made.

A number lets a service recognise a form that is sent twice. It is no secret and proves nothing about a person.
"""

from __future__ import annotations

from pressrun.core.signing.tokens import WebPurpose
from pressrun.services.readers.web_requests import WebRequests
from pressrun.web.context import WebContext
from pressrun.web.http.forms import Fields, first

FRONT = 0  # in place of the list's id in forms that belong to no list


class FormCopies:
    """Issues the field `form_token`, and reads it."""

    def __init__(self, web: WebContext, web_requests: WebRequests) -> None:
        self._web = web
        self._web_requests = web_requests

    def make(self, page: int) -> str:
        """The token of a new copy; `page` is the id of the list, or FRONT."""
        return self._web.tokens().make(WebPurpose.FORM, page, int(self._web.clock()), self._web_requests.draw_form())

    def read(self, page: int, fields: Fields) -> tuple[int | None, int | None]:
        """When a posted copy was made, and its number; None for both if this page did not issue it."""
        match self._web.tokens().read(WebPurpose.FORM, first(fields, "form_token") or ""):
            case (issuer, made_at, number) if issuer == page:
                return made_at, number
        return None, None
