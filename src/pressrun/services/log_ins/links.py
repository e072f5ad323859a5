"""Entering by a link that the shell has printed, or by an invitation: finding it changes nothing, and it works once."""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.services.context import ServiceContext
from pressrun.services.log_ins.context import Visitor
from pressrun.services.log_ins.sessions import Entered, Entrant, Sessions
from pressrun.store.people import enter_links, people
from pressrun.store.people.enter_links import EnterLink, LinkKind
from pressrun.store.people.log_ins import Method
from pressrun.store.people.people import StoredPerson
from pressrun.store.transaction import Transaction


def find_link(tx: Transaction, token: str, keys: KeyRing, now: int) -> EnterLink | None:
    """The link that a token stands for, if it still works; finding it changes nothing."""
    match WebTokens(keys).read(WebPurpose.ENTER, token):
        case (link_id, expires_at):
            return enter_links.find_link(tx, link_id, expires_at, now)
    return None


def enter(tx: Transaction, link: EnterLink, now: int) -> StoredPerson | None:
    """Use a link up: returns the person, who may log in from now on; None if it was used already."""
    if not enter_links.spend_link(tx, link, now):
        return None
    people.enrol(tx, link.person_id, now)
    return people.find_person(tx, link.person_id)


class Invited(Struct, frozen=True):
    """Whose link it is, and of which kind."""

    name: str
    kind: LinkKind


class EnterLinks:
    """The links by which people enter once."""

    def __init__(self, context: ServiceContext, sessions: Sessions) -> None:
        self._context = context
        self._sessions = sessions

    async def find(self, token: str) -> Invited | None:
        """Whose link this is; None once it was used, replaced or is too old."""
        return await self._context.database.read(self._find, token)

    async def enter(self, token: str, visitor: Visitor) -> Entered | None:
        """Use a link up, and log its person in; None if it no longer works."""
        return await self._context.database.write(self._enter, token, visitor)

    def _find(self, tx: Transaction, token: str) -> Invited | None:
        link = find_link(tx, token, self._context.keys, self._context.now)
        person = None if link is None else people.find_person(tx, link.person_id)
        return None if link is None or person is None else Invited(person.name, link.kind)

    def _enter(self, tx: Transaction, token: str, visitor: Visitor) -> Entered | None:
        link = find_link(tx, token, self._context.keys, self._context.now)
        person = None if link is None else enter(tx, link, self._context.now)
        if person is None:
            return None
        return self._sessions.begin(tx, Entrant(person.id, person.name, person.epoch), Method.LINK, visitor)
