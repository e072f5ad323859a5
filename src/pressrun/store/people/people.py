"""People who may log in or post editions by mail, and what they may do on which lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from pressrun.core.access.rights import ReaderAccess, Role
from pressrun.core.addresses.address import Address
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.store.transaction import Transaction, in_json, parse_row

_LATEST_NOTICES = 10_000  # searched, because there is no index by address


class StoredPerson(Struct, frozen=True, kw_only=True):
    """One person; `enrolled_at` is None while they cannot log in. A session is over when `epoch` has moved on."""

    id: int
    name: str
    address: str | None
    is_operator: bool
    created_at: int
    enrolled_at: int | None
    epoch: int


class Undelivered(Struct, frozen=True, kw_only=True):
    """The latest mail to an address did not arrive: when that became known, and why, in the mail server's words."""

    at: int
    reply: str


class PersonPermission(Struct, frozen=True, kw_only=True):
    """What a person may do on a list."""

    list: str
    role: Role
    readers: ReaderAccess


def insert_person(
    tx: Transaction,
    name: str,
    address: Address | None,
    now: int,
    *,
    is_operator: bool = False,
    may_log_in: bool = False,
) -> int:
    """Store a person; returns the id. The caller has seen that neither name nor address is in use."""
    return tx.insert(
        "people.insert",
        name=name,
        address=None if address is None else address.typed,
        address_key=None if address is None else address.key,
        is_operator=int(is_operator),
        now=now,
        enrolled_at=now if may_log_in else None,
    )


def lock_person(tx: Transaction, text: str) -> None:
    """Keep others from deciding by a person, by name or compared address, who is about to be changed."""
    tx.value("people.lock", text=text)


def lock_by_id(tx: Transaction, person_id: int) -> None:
    """The same by their id."""
    tx.value("people.lock_one", id=person_id)


def find_person(tx: Transaction, person_id: int) -> StoredPerson | None:
    return tx.parsed(StoredPerson, "people.get", id=person_id)


def find_by_name(tx: Transaction, name: str) -> StoredPerson | None:
    return tx.parsed(StoredPerson, "people.find", name=name)


def find_by_address(tx: Transaction, address_key: str) -> StoredPerson | None:
    """A person by the compared form of their address."""
    return tx.parsed(StoredPerson, "people.find_by_address", address_key=address_key)


def find_by_identity(tx: Transaction, issuer: str, subject: str) -> StoredPerson | None:
    """The person whom an issuer knows by this subject (OpenID Connect)."""
    return tx.parsed(StoredPerson, "people.find_by_identity", issuer=issuer, subject=subject)


def list_people(tx: Transaction, *, after: str = "", limit: int) -> list[StoredPerson]:
    """People by their names, those after one."""
    return tx.parsed_rows(StoredPerson, "people.page", after=after, limit=limit)


def names_beginning(tx: Transaction, beginning: str) -> set[str]:
    """The names in use that begin so; names are ASCII."""
    return {row["name"] for row in tx.rows("people.names_like", name=beginning, end=f"{beginning}\x7f")}


def set_operator(tx: Transaction, person_id: int, is_operator: bool) -> bool:
    """Make somebody an operator or not, which ends their sessions; False where nothing changes."""
    return tx.run("people.set_operator", id=person_id, is_operator=int(is_operator)) > 0


def has_operator(tx: Transaction) -> bool:
    """Whether there is an operator who may log in. Their rows are locked, so that two removals cannot overlap."""
    return bool(tx.rows("people.operators"))


def enrol(tx: Transaction, person_id: int, now: int) -> None:
    """Let a person log in from now on."""
    tx.run("people.enrol", id=person_id, now=now)


def end_sessions(tx: Transaction, person_id: int) -> None:
    tx.run("people.end_sessions", id=person_id)


def delete_person(tx: Transaction, person_id: int) -> None:
    """Delete a person with their permissions, links, tokens and ways to log in."""
    tx.run("people.delete", id=person_id)


def delete_idle_person(tx: Transaction, person_id: int) -> None:
    """Delete a person if they cannot log in, are not invited and have no permission left."""
    tx.run("people.delete_idle", id=person_id)


def add_identity(tx: Transaction, person_id: int, issuer: str, subject: str) -> None:
    """Record by which subject an issuer knows a person."""
    tx.run("people.add_identity", person_id=person_id, issuer=issuer, subject=subject)


def remove_identities(tx: Transaction, person_id: int) -> None:
    """Forget by which accounts elsewhere a person logs in."""
    tx.run("people.remove_identities", person_id=person_id)


def permissions_of(tx: Transaction, *ids: int) -> Mapping[int, list[PersonPermission]]:
    """What each of these people may do, by the names of the lists."""
    permissions: dict[int, list[PersonPermission]] = {person_id: [] for person_id in ids}
    for row in tx.rows("people.permissions_of", ids=in_json(sorted(ids))):
        permissions[row["person_id"]].append(parse_row(row, PersonPermission))
    return permissions


def undelivered_mails(tx: Transaction, ids: Collection[int]) -> Mapping[str, Undelivered]:
    """Those of these people whose latest mail did not arrive, by address. Only the latest notices are searched."""
    failed: dict[str, Undelivered] = {}
    for row in tx.rows("people.arrivals", ids=in_json(sorted(ids)), most=_LATEST_NOTICES):
        failed.pop(row["address"], None)
        if row["state"] == DeliveryState.FAILED:
            failed[row["address"]] = Undelivered(at=row["recorded_at"], reply=row["reply"] or "")
    return failed


def find_permission(tx: Transaction, list_id: int, person_id: int) -> tuple[Role, ReaderAccess] | None:
    """What a person may do on a list; None if nothing."""
    row = tx.row("people.permission", list_id=list_id, person_id=person_id)
    return None if row is None else (Role(row["role"]), ReaderAccess(row["readers"]))


def put_permission(tx: Transaction, list_id: int, person_id: int, role: Role, readers: ReaderAccess) -> None:
    """Let a person do this on a list and no more. A viewer no longer has a part in what they mailed to the list."""
    if role is Role.VIEWER:
        tx.run("people.remove_permission", list_id=list_id, person_id=person_id)
    tx.run("people.put_permission", list_id=list_id, person_id=person_id, role=role.value, readers=readers.value)


def remove_permission(tx: Transaction, list_id: int, person_id: int) -> None:
    """Let a person do nothing on a list."""
    tx.run("people.remove_permission", list_id=list_id, person_id=person_id)


def list_editors(tx: Transaction, list_id: int) -> list[str]:
    """The addresses that may post to a list by mail: of its editors and publishers."""
    return [row["address"] for row in tx.rows("people.editors", list_id=list_id)]


def list_publishers(tx: Transaction, list_id: int) -> dict[int, str]:
    """The addresses of those who may send editions of a list, by their ids."""
    return {row["id"]: row["address"] for row in tx.rows("people.publishers", list_id=list_id)}


def find_editor(tx: Transaction, list_id: int, address_key: str) -> str | None:
    """The address of somebody who may post to a list by mail, as it was entered; None for anybody else."""
    address: str | None = tx.value("people.find_editor", list_id=list_id, address_key=address_key)
    return address
