"""Who a proxy has logged in, according to the header that it sets. It says who they are; we say what they may do.

There is no session: every request carries the header, so logging out at the proxy logs out here as well. Somebody whom
the proxy knows and this installation does not is not logged in.
"""

from __future__ import annotations

from pressrun.services.context import ServiceContext
from pressrun.services.holdings import holdings_of_person
from pressrun.services.log_ins.log_in import typed_address_key
from pressrun.services.log_ins.sessions import NO_SESSION, LoggedIn
from pressrun.store.people import log_ins
from pressrun.store.people.log_ins import LoginSession, Method
from pressrun.store.transaction import Transaction

_LONGEST_NAME = 254


class ProxiedLogIns:
    """Finds people by what a proxy calls them."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def find(self, name: str) -> LoggedIn | None:
        """Who has this name or address and may log in, with the rights that they have now."""
        if not 0 < len(name) <= _LONGEST_NAME or "\0" in name:
            return None
        return await self._context.database.read(self._find, name.strip().lower())

    def _find(self, tx: Transaction, name: str) -> LoggedIn | None:
        person = log_ins.find_by_name(tx, name, typed_address_key(name))
        if person is None:
            return None
        session = LoginSession(
            id=NO_SESSION,
            method=Method.PROXY,
            started_at=self._context.now,
            seen_at=self._context.now,
            person_id=person.id,
            name=person.name,
            address=person.address,
            is_operator=person.is_operator,
        )
        return LoggedIn(session, holdings_of_person(tx, person.id))
