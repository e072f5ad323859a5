"""Lists, their logos and their editors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from pressrun.core.address import Address
from pressrun.message.layouts.design import Logo
from pressrun.store import search
from pressrun.store.transaction import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingList:
    """One list as stored; `closed_at` is None while it is open."""

    id: int
    name: str
    title: str
    description: str
    from_address: str
    owner: str | None
    reply_to: str | None
    postal_address: str
    language: str
    archive: str
    listed: bool
    post_by_mail: str
    require_postal_address: bool
    relay: str | None
    hours: str | None
    timezone: str
    layout: str
    colour: str | None
    logo: str | None
    footer: str
    created_at: int
    closed_at: int | None
    leaving_note: bool = True
    front: str = "full"
    cadence: str = ""
    ask_name: bool = False
    typeface: str = "sans"
    family: str | None = None


_FLAGS = {"listed", "require_postal_address", "leaving_note", "ask_name"}
_COLUMNS = tuple(field.name for field in fields(MailingList))
_LOGO_COLUMNS = tuple(field.name for field in fields(Logo))


def _from_row(row: Row) -> MailingList:
    return list_from_values([row[name] for name in _COLUMNS])


def list_from_values(found: Sequence[Any]) -> MailingList:
    """The list whose columns have these values."""
    values = dict(zip(_COLUMNS, found, strict=True))
    for name in _FLAGS:
        values[name] = bool(values[name])
    return MailingList(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewList:
    """What is stored of a list when it is made; the rest has its defaults in the schema."""

    name: str
    title: str
    from_address: str
    description: str = ""
    owner: str | None = None
    reply_to: str | None = None
    postal_address: str = ""
    language: str = "en"
    archive: str = "public"


def insert_list(tx: Transaction, new: NewList, now: int) -> int:
    """Store a new list; its name must be free."""
    return tx.insert("lists.insert", **asdict(new), now=now)


def find_list(tx: Transaction, name: str) -> MailingList | None:
    """The list of that name."""
    row = tx.row("lists.find", name=name)
    return None if row is None else _from_row(row)


def get_list(tx: Transaction, list_id: int) -> MailingList | None:
    """The list of that id."""
    row = tx.row("lists.get", id=list_id)
    return None if row is None else _from_row(row)


def all_lists(tx: Transaction, *, listed_only: bool = False) -> list[MailingList]:
    """Every list by name, or the open and public ones by title."""
    return [_from_row(row) for row in tx.rows("lists.all_listed" if listed_only else "lists.all")]


def family_lists(tx: Transaction, family: str) -> list[MailingList]:
    """The lists of a family, the oldest first."""
    return [_from_row(row) for row in tx.rows("lists.of_family", family=family)]


def update_list(tx: Transaction, changed: MailingList) -> None:
    """Write every setting of a list back."""
    tx.run("lists.update", **{name: getattr(changed, name) for name in _COLUMNS})


def put_logo(tx: Transaction, list_id: int, logo: Logo) -> None:
    """Store a list's logo in place of another; `MailingList.logo` names it by its digest."""
    values = {name: getattr(logo, name) for name in _LOGO_COLUMNS}
    tx.run("lists.put_logo", list_id=list_id, **values)


def remove_logo(tx: Transaction, list_id: int) -> None:
    """Forget a list's logo."""
    tx.run("lists.remove_logo", list_id=list_id)


def find_logo(tx: Transaction, list_id: int) -> Logo | None:
    """A list's logo."""
    row = tx.row("lists.find_logo", list_id=list_id)
    return None if row is None else Logo(**{name: row[name] for name in _LOGO_COLUMNS})


def find_logo_name(tx: Transaction, list_id: int) -> str | None:
    """The file name that a list's logo came with."""
    found: str | None = tx.value("lists.find_logo_name", list_id=list_id)
    return found


def delete_list(tx: Transaction, list_id: int) -> None:
    """Remove a list with its subscriptions, editions and archive."""
    search.forget_list(tx, list_id)
    tx.run("lists.delete", id=list_id)


def count_subscriptions(tx: Transaction, list_id: int) -> dict[str, int]:
    """How many subscriptions there are in each state; states without any are left out."""
    return {row["state"]: row["number"] for row in tx.rows("lists.counts", list_id=list_id)}


def end_requests(tx: Transaction, list_id: int, now: int) -> None:
    """Forget every request to subscribe that was not confirmed."""
    tx.run("lists.delete_confirmations", list_id=list_id)
    tx.run("lists.end_requests", list_id=list_id, now=now)
    tx.run("lists.delete_requests", list_id=list_id)


def add_editor(tx: Transaction, list_id: int, address: Address) -> bool:
    """Let an address post by mail; False when it could already."""
    return tx.run("lists.add_editor", list_id=list_id, address=address.typed, address_key=address.key) > 0


def remove_editor(tx: Transaction, list_id: int, address: Address) -> bool:
    """Take that right away; False when it had none."""
    return tx.run("lists.remove_editor", list_id=list_id, address_key=address.key) > 0


def list_editors(tx: Transaction, list_id: int) -> list[str]:
    """The addresses that may post by mail."""
    return [row["address"] for row in tx.rows("lists.editors", list_id=list_id)]


def find_editor(tx: Transaction, list_id: int, address_key: str) -> str | None:
    """The address of an editor as it was given to us; None when that is none of the list's."""
    found: str | None = tx.value("lists.find_editor", list_id=list_id, address_key=address_key)
    return found
