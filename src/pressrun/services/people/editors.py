"""Editors by mail: people with the role of an editor or more, known by their address, who need no log-in for that."""

from __future__ import annotations

from pressrun.core.access.rights import ReaderAccess, Role
from pressrun.core.addresses.address import Address
from pressrun.core.names import person_name_for
from pressrun.store.people import people
from pressrun.store.people.people import StoredPerson
from pressrun.store.transaction import Transaction


def require_person_at(tx: Transaction, address: Address, now: int) -> StoredPerson:
    """The person with an address, locked; a new one who cannot log in if there is none."""
    people.lock_person(tx, address.key)
    person = people.find_by_address(tx, address.key)
    if person is None:
        beginning = person_name_for(address.key, ())
        name = person_name_for(address.key, people.names_beginning(tx, beginning))
        person = people.find_person(tx, people.insert_person(tx, name, address, now))
    assert person is not None
    return person


def add_editor(tx: Transaction, list_id: int, address: Address, now: int) -> bool:
    """Let an address post to a list by mail, which ends its sessions; False when it already could."""
    person = require_person_at(tx, address, now)
    role, readers = people.find_permission(tx, list_id, person.id) or (Role.VIEWER, ReaderAccess.NONE)
    if role is not Role.VIEWER:
        return False
    people.put_permission(tx, list_id, person.id, Role.EDITOR, readers)
    people.end_sessions(tx, person.id)
    return True


def remove_editor(tx: Transaction, list_id: int, address: Address) -> bool:
    """Take all rights on a list away from an address; False when it could not post there.

    Somebody who could do nothing else is forgotten.
    """
    people.lock_person(tx, address.key)
    person = people.find_by_address(tx, address.key)
    if person is None or people.find_editor(tx, list_id, address.key) is None:
        return False
    people.remove_permission(tx, list_id, person.id)
    people.end_sessions(tx, person.id)
    people.delete_idle_person(tx, person.id)
    return True
