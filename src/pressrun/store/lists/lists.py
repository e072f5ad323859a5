"""Lists."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.core.errors import Refused, no_such_list
from pressrun.message.layouts.design import Logo
from pressrun.store.editions import search
from pressrun.store.programs import events
from pressrun.store.transaction import Transaction, in_json


class ShownSettings(Struct, frozen=True, kw_only=True):
    """Settings of a list as they are stored, and shown under the same names; None means no value."""

    description: str
    owner: str | None
    reply_to: str | None
    postal_address: str
    language: str
    family: str | None
    archive: str
    listed: bool
    front: str
    cadence: str
    ask_name: bool
    typeface: str
    layout: str
    colour: str | None
    footer: str
    relay: str | None
    hours: str | None
    timezone: str
    post_by_mail: str
    approval: str
    leaving_note: bool
    require_postal_address: bool


class MailingList(ShownSettings, frozen=True, kw_only=True):
    """One list as stored; `closed_at` is None while it is open, and `logo` is the digest of a picture."""

    id: int
    name: str
    title: str
    from_address: str
    logo: str | None
    created_at: int
    closed_at: int | None

    @property
    def needs_second_person(self) -> bool:
        """Whether its editions go only once a second person has approved them."""
        return self.approval == "second-person"


def insert_list(tx: Transaction, *, name: str, title: str, from_address: str, now: int) -> MailingList:
    """Store a new list, with defaults for everything else; its name must be free."""
    stored = tx.parsed(MailingList, "lists.insert", name=name, title=title, from_address=from_address, now=now)
    assert stored is not None
    return stored


def find_list(tx: Transaction, name: str) -> MailingList | None:
    """The list with this name, which nobody changes or closes before the transaction ends."""
    return tx.parsed(MailingList, "lists.find", name=name)


def get_list(tx: Transaction, name: str) -> MailingList:
    """The same; raises NotFound."""
    target = find_list(tx, name)
    if target is None:
        raise no_such_list(name)
    return target


def get_open_list(tx: Transaction, name: str) -> MailingList:
    """The list with this name, if it is open; raises NotFound or Refused."""
    target = get_list(tx, name)
    if target.closed_at is not None:
        raise Refused(f"the list {name} is closed", at_shell=f"Reopen it with `pressrun list set {name} closed=false`")
    return target


def find_list_by_id(tx: Transaction, list_id: int) -> MailingList | None:
    """The list with this id, as somebody may be changing it. Decide by `find_list` and `hold_list`."""
    return tx.parsed(MailingList, "lists.get", id=list_id)


def hold_list(tx: Transaction, list_id: int) -> MailingList | None:
    """The list with this id, which nobody changes or closes before the transaction ends."""
    return tx.parsed(MailingList, "lists.hold", id=list_id)


def lock_list(tx: Transaction, name: str) -> None:
    """Keep others from deciding by a list that this transaction is about to change; comes before all else."""
    tx.value("lists.lock", name=name)


def lock_members(tx: Transaction, list_ids: Collection[int]) -> None:
    """Keep editions of these lists from starting until this transaction, which moves readers and copies, ends."""
    tx.lock("lists.lock_all", ids=in_json(sorted(list_ids)))


def hold_members(tx: Transaction, list_id: int) -> None:
    """Wait for transactions that move readers of a list, and block new ones, while an edition takes its audience."""
    tx.lock("lists.hold", id=list_id)


def all_lists(tx: Transaction, *, listed_only: bool = False) -> list[MailingList]:
    """Every list by name, or the open and public ones by title and name."""
    return tx.parsed_rows(MailingList, "lists.all_listed" if listed_only else "lists.all")


def family_lists(tx: Transaction, family: str) -> list[MailingList]:
    """The lists of a family, the oldest first."""
    return tx.parsed_rows(MailingList, "lists.of_family", family=family)


def update_list(tx: Transaction, before: MailingList, changed: MailingList) -> None:
    """Write every setting of a list that was read as `before`.

    Raises Conflict where it was closed or reopened since.
    """
    tx.update("lists.update", **asdict(changed), was_closed_at=before.closed_at)


def find_logo_name(tx: Transaction, list_id: int) -> str | None:
    """The file name that the logo of a list came with."""
    name: str | None = tx.value("lists.find_logo_name", list_id=list_id)
    return name


def delete_list(tx: Transaction, list_id: int) -> None:
    """Delete a list with its subscriptions, editions and archive."""
    search.forget_list(tx, list_id)
    events.forget_list(tx, list_id)
    tx.run("lists.delete", id=list_id)


def count_subscriptions(tx: Transaction, list_id: int) -> dict[str, int]:
    """How many subscriptions are in each state, without states that none is in."""
    return {row["state"]: row["number"] for row in tx.rows("lists.counts", list_id=list_id)}


def end_requests(tx: Transaction, list_id: int, now: int, limit: int) -> tuple[int, set[int]]:
    """Delete up to `limit` requests to subscribe that were not confirmed; returns how many, and whose subscriptions
    went with them.
    """
    request_ids = [row["id"] for row in tx.rows("lists.some_requests", list_id=list_id, limit=limit)]
    if not request_ids:
        return 0, set()
    ids = in_json(request_ids)
    tx.run("lists.delete_confirmations", ids=ids)
    ended, deleted = tx.rows("lists.end_requests", ids=ids, now=now), tx.rows("lists.delete_requests", ids=ids)
    events.record_ended(tx, [*ended, *deleted], "closed")
    return len(request_ids), {row["subscriber_id"] for row in deleted}


def closing_lists(tx: Transaction) -> list[int]:
    """The ids of closed lists with requests that are still to be ended."""
    return [row["id"] for row in tx.rows("lists.closing")]


def put_logo(tx: Transaction, list_id: int, logo: Logo) -> None:
    """Store the logo of a list, replacing another; `MailingList.logo` is its digest."""
    tx.run("lists.put_logo", list_id=list_id, **asdict(logo))


def remove_logo(tx: Transaction, list_id: int) -> None:
    tx.run("lists.remove_logo", list_id=list_id)


def find_logo(tx: Transaction, list_id: int) -> Logo | None:
    return tx.parsed(Logo, "lists.find_logo", list_id=list_id)
