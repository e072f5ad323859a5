"""Filling the redirect map while a list moves in from another program."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.core.addresses.address import find_address
from pressrun.core.addresses.old_links import OldKind
from pressrun.services.answers import Answer
from pressrun.store.lists import lists, redirects
from pressrun.store.transaction import Transaction

Place = tuple[str, OldKind]
"""A digest (core.addresses.old_links), and what the link or address leads to."""


def add_places(tx: Transaction, list_name: str | None, places: Sequence[Place]) -> Answer:
    """Let links and addresses lead to a list, or to the front page without one. Raises NotFound."""
    list_id = None if list_name is None else lists.get_list(tx, list_name).id
    return {"added": redirects.put_places(tx, list_id, places)}


def add_people(tx: Transaction, list_name: str, people: Sequence[tuple[str, str]]) -> Answer:
    """Let personal links, as (digest, address), lead to the subscriptions of a list. Raises NotFound.

    An invalid address was refused as a subscriber, so its link is left out.
    """
    keyed = [(digest, address.key) for digest, text in people if (address := find_address(text)) is not None]
    return {"added": redirects.put_people(tx, lists.get_list(tx, list_name).id, keyed)}
