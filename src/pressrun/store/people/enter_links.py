"""Links by which people log in once: invitations by mail, and links that the shell prints.

A link names its row and when it expires, signed with a key outside the database, so nobody can make a link from a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from pressrun.store.transaction import Transaction, in_json


class LinkKind(StrEnum):
    """What a link is for: to accept an invitation, or to log in."""

    INVITATION = "invitation"
    ENTER = "enter"


def insert_link(tx: Transaction, person_id: int, kind: LinkKind, now: int, expires_at: int) -> int:
    """Store a new link for a person, and return its id. Their other links stop working."""
    delete_links(tx, person_id)
    return tx.insert("enter_links.insert", person_id=person_id, kind=kind.value, now=now, expires_at=expires_at)


def find_person_id(tx: Transaction, link_id: int, expires_at: int, now: int) -> int | None:
    """Whose link this is; None once it was used, replaced, or is too old."""
    person_id: int | None = tx.value("enter_links.find_person_id", id=link_id, expires_at=expires_at, now=now)
    return person_id


def spend_link(tx: Transaction, link_id: int, expires_at: int, now: int) -> int | None:
    """Use a link up, and return whose it was; None if it no longer works."""
    person_id: int | None = tx.value("enter_links.spend", id=link_id, expires_at=expires_at, now=now)
    return person_id


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
