"""Entering by a link that the shell has printed, or by an invitation: finding it changes nothing, and it works once."""

from __future__ import annotations

from collections.abc import Callable

from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.services.context import ServiceContext
from pressrun.services.log_ins.context import Visitor
from pressrun.services.log_ins.sessions import Entered, Entrant, Sessions
from pressrun.store.people import enter_links, people
from pressrun.store.people.log_ins import Method
from pressrun.store.people.people import StoredPerson
from pressrun.store.transaction import Transaction


class EnterLinks:
    """The links by which people enter once."""

    def __init__(self, context: ServiceContext, sessions: Sessions) -> None:
        self._context = context
        self._sessions = sessions

    async def find(self, token: str) -> str | None:
        """The name of the person whose link this is; None once it was used, replaced or is too old."""
        return await self._context.database.read(self._find, token)

    async def enter(self, token: str, visitor: Visitor) -> Entered | None:
        """Use a link up, and log its person in; None if it no longer works."""
        return await self._context.database.write(self._enter, token, visitor)

    def _find(self, tx: Transaction, token: str) -> str | None:
        person = self._person_of(tx, token, enter_links.find_person_id)
        return None if person is None else person.name

    def _enter(self, tx: Transaction, token: str, visitor: Visitor) -> Entered | None:
        person = self._person_of(tx, token, enter_links.spend_link)
        if person is None:
            return None
        people.enrol(tx, person.id, self._context.now)
        return self._sessions.begin(tx, Entrant(person.id, person.name, person.epoch), Method.LINK, visitor)

    def _person_of(
        self, tx: Transaction, token: str, look_up: Callable[[Transaction, int, int, int], int | None]
    ) -> StoredPerson | None:
        """The person of a link, if it still works; `look_up` finds it or uses it up."""
        match WebTokens(self._context.keys).read(WebPurpose.ENTER, token):
            case (link_id, expires_at):
                person_id = look_up(tx, link_id, expires_at, self._context.now)
                return None if person_id is None else people.find_person(tx, person_id)
        return None
