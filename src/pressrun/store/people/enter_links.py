"""Links by which people log in once: invitations by mail, and links that the shell prints.

A link names its row and when it expires, signed with a key outside the database, so nobody can make a link from a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from msgspec import Struct

from pressrun.store.transaction import Transaction, in_json


class LinkKind(StrEnum):
    """What a link is for: to accept an invitation, or to log in."""

    INVITATION = "invitation"
    ENTER = "enter"


class EnterLink(Struct, frozen=True, kw_only=True):
    """A link that works until `expires_at` (UTC seconds), once."""

    id: int
    person_id: int
    kind: LinkKind
    expires_at: int


def insert_link(tx: Transaction, person_id: int, kind: LinkKind, now: int, expires_at: int) -> EnterLink:
    """Store a new link for a person. Their other links stop working."""
    delete_links(tx, person_id)
    number = tx.insert("enter_links.insert", person_id=person_id, kind=kind.value, now=now, expires_at=expires_at)
    return EnterLink(id=number, person_id=person_id, kind=kind, expires_at=expires_at)


def find_link(tx: Transaction, link_id: int, expires_at: int, now: int) -> EnterLink | None:
    """A link that works; None once it was used, replaced, or is too old."""
    return tx.parsed(EnterLink, "enter_links.get", id=link_id, expires_at=expires_at, now=now)


def spend_link(tx: Transaction, link: EnterLink, now: int) -> bool:
    """Use a link up; False when somebody else did so first."""
    return tx.value("enter_links.spend", id=link.id, expires_at=link.expires_at, now=now) is not None


def delete_links(tx: Transaction, person_id: int) -> None:
    tx.run("enter_links.delete_of", person_id=person_id)


def invited_until(tx: Transaction, ids: Collection[int], now: int) -> Mapping[int, int]:
    """Until when the invitations of these people work, by the ids of those who have one."""
    rows = tx.rows("enter_links.invited", ids=in_json(sorted(ids)), now=now)
    return {row["person_id"]: row["expires_at"] for row in rows}


def was_invited(tx: Transaction, person_id: int, since: int, now: int) -> bool:
    """Whether an invitation of a person was made after `since`, and still works."""
    return tx.value("enter_links.invited_since", person_id=person_id, since=since, now=now) is not None


def sweep_links(tx: Transaction, now: int) -> int:
    """Delete links that have expired; returns how many."""
    return tx.run("enter_links.sweep", now=now)
