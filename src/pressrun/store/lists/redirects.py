"""The redirect map: where links and addresses of the program that a list was moved from lead now."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pressrun.core.addresses.old_links import OldKind
from pressrun.store.transaction import Transaction, in_json

NOBODY = (1 << 48) - 1  # an id that no subscription reaches


class Redirect(Struct, frozen=True, kw_only=True):
    """Where a digest leads; without a list it was one of a list that is gone."""

    digest: str
    kind: OldKind
    list_id: int | None
    list_name: str | None


class OldSubscription(Struct, frozen=True, kw_only=True):
    """A subscription that a personal link stands for; the subscriber is None once either is gone."""

    list_id: int | None
    subscription_id: int
    subscriber_id: int | None
    epoch: int | None


def put_places(tx: Transaction, list_id: int | None, places: Sequence[tuple[str, OldKind]]) -> int:
    """Let these digests lead to a list; returns how many."""
    return tx.run("redirects.put", list_id=list_id, places=in_json(places))


def put_people(tx: Transaction, list_id: int, people: Sequence[tuple[str, str]]) -> int:
    """Let these digests lead to subscriptions of a list, by the keys of the addresses; returns how many."""
    return tx.run("redirects.put_people", list_id=list_id, people=in_json(people), nobody=NOBODY)


def find_places(tx: Transaction, digests: Sequence[str]) -> list[Redirect]:
    """Where these digests lead, in their order."""
    return tx.parsed_rows(Redirect, "redirects.find", digests=in_json([(digest,) for digest in digests]))


def find_people(tx: Transaction, digest: str) -> list[OldSubscription]:
    """The subscriptions that a personal link stands for."""
    return tx.parsed_rows(OldSubscription, "redirects.people", digest=digest)
