"""Links and addresses of the program that a list was moved from: what they lead to here. Only reads."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.core.addresses.mail_routes import Route
from pressrun.core.addresses.old_links import ROUTES, OldKind, OldPersonalLink, commands_route, digest_of_address
from pressrun.store.lists.redirects import OldSubscription, Redirect, find_people, find_places
from pressrun.store.transaction import Transaction

_PAGES = frozenset({OldKind.PAGE, OldKind.LEAVING_PAGE, OldKind.ARCHIVE})


def find_page(tx: Transaction, digests: Sequence[str]) -> Redirect | None:
    """The page that the first of these digests leads to."""
    return next((place for place in find_places(tx, digests) if place.kind in _PAGES), None)


def find_old_subscriptions(tx: Transaction, link: OldPersonalLink) -> list[OldSubscription]:
    """The subscriptions that a personal link is about: those of its issue if that is known, else all of the person."""
    mine = find_people(tx, link.person)
    issue = find_places(tx, [link.campaign]) if mine and link.campaign else []
    lists = {place.list_id for place in issue if place.kind is OldKind.CAMPAIGN}
    return [subscription for subscription in mine if subscription.list_id in lists] or mine


def find_old_route(tx: Transaction, local: str, domain: str) -> Route | None:
    """What mail to an address of the program before us asks for here; None for an address that is not in the map."""
    for place in find_places(tx, [digest_of_address(local, domain)]):
        if place.kind is OldKind.COMMANDS:
            return commands_route(domain)
        if place.kind in ROUTES and place.list_name is not None:
            return Route(ROUTES[place.kind], place.list_name)
    return None
