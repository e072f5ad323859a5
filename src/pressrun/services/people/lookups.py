"""Finding people for those who manage them, and describing them."""

from __future__ import annotations

from functools import partial

from msgspec import Struct

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotFound
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.timestamps import rfc3339
from pressrun.store.paging import each_row
from pressrun.store.people import audit, enter_links, people
from pressrun.store.people.people import PersonPermission, StoredPerson, Undelivered
from pressrun.store.transaction import Transaction

PAGE = 500


class UndeliveredMail(Struct, frozen=True, kw_only=True):
    """When it became known that a mail did not arrive, and what the mail server said."""

    at: str
    reply: str


class DecidedEdition(Struct, frozen=True, kw_only=True):
    """An edition that goes out, or may go out, because a person has approved, scheduled or sent it."""

    id: int
    list: str
    title: str
    state: EditionState


class PersonAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person. `link` is in answers that create a link, `mailed` in those to an invitation: whether an email with
    a link is on its way.

    `revoked` has the names of the tokens that a reset has revoked, and `editions` those that still go out on the
    person's decision. `undelivered` is about the latest email to them, if that did not arrive. `no_operator_left` is
    true if no operator can log in now, which only the shell can bring about.
    """

    name: str
    address: str | None
    operator: bool
    lists: tuple[PersonPermission, ...]
    created_at: str
    enrolled_at: str | None
    invited_until: str | None
    undelivered: UndeliveredMail | None
    link: str | None = None
    expires_at: str | None = None
    mailed: bool | None = None
    cancelled: int | None = None
    revoked: tuple[str, ...] | None = None
    editions: tuple[DecidedEdition, ...] | None = None
    no_operator_left: bool = False


def require_person(tx: Transaction, text: str) -> StoredPerson:
    """A person by name or address; raises NotFound, MalformedAddress."""
    key = _key_of(text)
    person = people.find_by_address(tx, key) if "@" in key else people.find_by_name(tx, key)
    if person is None:
        raise NotFound(f"no such person: {text!r}", see="user ls")
    return person


def _key_of(text: str) -> str:
    return parse_address(text).key if "@" in text else text.lower()


def require_person_to_change(tx: Transaction, text: str) -> StoredPerson:
    """The same for a change: locked, and named in the audit log."""
    people.lock_person(tx, _key_of(text))
    person = require_person(tx, text)
    audit.mention(tx, f"person {person.name}")
    return person


def show_person(tx: Transaction, text: str, now: float) -> PersonAnswer:
    """A person by name or address; raises NotFound, MalformedAddress."""
    return describe(tx, require_person(tx, text).id, int(now))


def list_everybody(tx: Transaction, now: float) -> list[PersonAnswer]:
    """Everybody by name, as `user ls` shows them."""
    return [*each_row(partial(people_page, tx, now), lambda person: person.name, "", PAGE)]


def people_page(tx: Transaction, now: float, *, after: str, limit: int) -> list[PersonAnswer]:
    """The next people by name."""
    return describe_people(tx, people.list_people(tx, after=after, limit=limit), int(now))


def describe_people(tx: Transaction, page: list[StoredPerson], now: int) -> list[PersonAnswer]:
    """These people with their rights, until when they are invited, and whether their mail arrives."""
    ids = [person.id for person in page]
    permissions, invited = people.permissions_of(tx, *ids), enter_links.invited_until(tx, ids, now)
    undelivered = people.undelivered_mails(tx, ids)
    return [
        PersonAnswer(
            name=person.name,
            address=person.address,
            operator=person.is_operator,
            lists=tuple(permissions[person.id]),
            created_at=rfc3339(person.created_at),
            enrolled_at=rfc3339(person.enrolled_at),
            invited_until=rfc3339(invited.get(person.id)),
            undelivered=_shown(undelivered.get(person.address or "")),
        )
        for person in page
    ]


def _shown(undelivered: Undelivered | None) -> UndeliveredMail | None:
    return None if undelivered is None else UndeliveredMail(at=rfc3339(undelivered.at), reply=undelivered.reply)


def describe(tx: Transaction, person_id: int, now: int) -> PersonAnswer:
    """One person who is there, in the same way."""
    person = people.find_person(tx, person_id)
    assert person is not None
    return describe_people(tx, [person], now)[0]
