"""Links of the program that a list was moved from. They lead to our own pages, under the same rules.

A personal link in an old email opens our page with one button; its GET changes nothing. A mail program's one-click POST
(RFC 8058) to it unsubscribes at once. A link that the map does not know is answered like any invalid or unknown one.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from pressrun.core.addresses.old_links import OldKind, OldPersonalLink, path_digests, read_personal_link
from pressrun.core.signing.tokens import WebPurpose
from pressrun.services.readers.old_links import find_old_subscriptions, find_page
from pressrun.store.lists.redirects import OldSubscription
from pressrun.web.context import WebContext
from pressrun.web.http.forms import ONE_CLICK, read_fields_or_none
from pressrun.web.readers.links import BY_ONE_CLICK, ONE_CLICK_DONE, ONE_CLICK_WORDS
from pressrun.web.use_cases import UseCases

_NO_EDITION = 0
_LASTING = 0  # preferences as an edition links to them
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


class PersonalLinkRoute(Route):
    """Serves whatever is a personal link of another program, below any folder; its path is the shape of the commonest.

    It goes before all others, since phpList names its pages in the query alone. None of ours has such a query.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        may_be = scope["type"] == "http" and (b"uid=" in scope["query_string"] or "/subscription/" in scope["path"])
        if not may_be or _personal_link(Request(scope)) is None:
            return Match.NONE, {}
        match = Match.FULL if scope["method"] in (self.methods or ()) else Match.PARTIAL
        return match, {"endpoint": self.endpoint, "path_params": {}}


class OldLinkPages:
    """Where old links lead."""

    def __init__(self, web: WebContext, cases: UseCases) -> None:
        self._web = web
        self._pages = web.pages
        self._database = web.database
        self._unsubscribes = cases.unsubscribes

    async def person(self, request: Request) -> Response:
        """A personal link: to our page for the same person, or the one-click POST."""
        link = _personal_link(request)
        subscriptions = [] if link is None else await self._database.read(find_old_subscriptions, link)
        if link is None or not subscriptions:
            return self._pages.invalid_link()
        if request.method == "POST" and list(await read_fields_or_none(request) or ()) == ONE_CLICK:
            origin = self._web.origin_as_named(request, ONE_CLICK_WORDS)
            for subscription in subscriptions:
                await self._unsubscribes.unsubscribe(subscription.subscription_id, origin, how=BY_ONE_CLICK)
            return ONE_CLICK_DONE
        return RedirectResponse(self._own_page(link, subscriptions), status_code=303, headers=_PRIVATE)

    async def page(self, request: Request) -> Response | None:
        """A redirect to the page that replaced that of an old link; None if it is none."""
        digests = path_digests(request.scope["path"], request.query_params)
        place = await self._database.read(find_page, digests) if digests else None
        if place is None:
            return None
        below = {OldKind.LEAVING_PAGE: ("unsubscribe",), OldKind.ARCHIVE: ("archive",)}.get(place.kind, ())
        where = self._pages.href("") if place.list_name is None else self._pages.href(place.list_name, *below)
        return RedirectResponse(where, status_code=302)

    def _own_page(self, link: OldPersonalLink, subscriptions: Sequence[OldSubscription]) -> str:
        """Unsubscribing from one list, or the preferences, where one can leave several.

        Never the preferences of somebody whose links have ended, as they do when the address changes: the link may be
        in a mailbox that is no longer theirs.
        """
        tokens = self._web.tokens()
        person = next((subscription for subscription in subscriptions if subscription.subscriber_id is not None), None)
        if person is not None and not person.epoch and (link.wants_preferences or len(subscriptions) > 1):
            numbers = (person.subscriber_id or 0, 0, _LASTING)
            return self._pages.href("preferences", tokens.make(WebPurpose.PREFERENCES, *numbers))
        subscription = person or subscriptions[0]
        return self._pages.href(
            "unsubscribe", tokens.make(WebPurpose.UNSUBSCRIBE, subscription.subscription_id, _NO_EDITION)
        )


def _personal_link(request: Request) -> OldPersonalLink | None:
    return read_personal_link(request.scope["path"], request.query_params)
