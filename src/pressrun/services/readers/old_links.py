"""Links and addresses of the program that a list was moved from: what they lead to here, and what fills that map."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.core.addresses.address import find_address_key
from pressrun.core.addresses.mail_routes import Route
from pressrun.core.addresses.old_links import ROUTES, OldKind, OldPersonalLink, Place, commands_route, digest_of_address
from pressrun.services.answers import Answer
from pressrun.store.lists import lists, redirects
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
    list_ids = {place.list_id for place in issue if place.kind is OldKind.CAMPAIGN}
    return [subscription for subscription in mine if subscription.list_id in list_ids] or mine


def find_old_route(tx: Transaction, local: str, domain: str) -> Route | None:
    """What mail to an address of the program before us asks for here; None for an address that is not in the map."""
    for place in find_places(tx, [digest_of_address(local, domain)]):
        if place.kind is OldKind.COMMANDS:
            return commands_route(domain)
        if place.kind in ROUTES and place.list_name is not None:
            return Route(ROUTES[place.kind], place.list_name)
    return None


def add_places(tx: Transaction, list_name: str | None, places: Sequence[Place]) -> Answer:
    """Let links and addresses lead to a list, or to the front page without one. Raises NotFound."""
    list_id = None if list_name is None else lists.get_list(tx, list_name).id
    return {"added": redirects.put_places(tx, list_id, places)}


def add_people(tx: Transaction, list_name: str, people: Sequence[tuple[str, str]]) -> Answer:
    """Let personal links, as (digest, address), lead to the subscriptions of a list. Raises NotFound.

    An invalid address was refused as a subscriber, so its link is left out.
    """
    keyed = [(digest, key) for digest, text in people if (key := find_address_key(text)) is not None]
    return {"added": redirects.put_people(tx, lists.get_list(tx, list_name).id, keyed)}
