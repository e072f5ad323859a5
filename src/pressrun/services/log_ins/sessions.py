"""Sessions: who is logged in by the cookie that a browser shows, or by the header that a proxy sets.

A proxy says who somebody is; we say what they may do. There is no session then: every request carries the header, so
logging out at the proxy logs out here as well. Somebody whom the proxy knows and this installation does not is not
logged in.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.access.login_codes import secret_digest
from pressrun.core.access.rights import Holdings
from pressrun.core.errors import Unavailable
from pressrun.services.context import ServiceContext
from pressrun.services.holdings import holdings_of_person
from pressrun.services.log_ins.context import Visitor, lasting_sessions, new_secret, typed_address_key
from pressrun.store.people import audit, log_ins, people
from pressrun.store.people.audit import Entry, person_on_page
from pressrun.store.people.log_ins import LoginSession, Method, NewSession
from pressrun.store.transaction import Transaction

NO_SESSION = 0  # the id of none that is stored: a proxy has logged them in
_LONGEST_NAME = 254  # that a proxy sends
SEEN_SECONDS = 60  # how exactly the last use of a session is known


class LoggedIn(Struct, frozen=True):
    """Who is logged in, and what they may do now."""

    session: LoginSession
    holdings: Holdings


class Entered(Struct, frozen=True):
    """Somebody is logged in; `secret` is the cookie of the new session."""

    secret: str


class Entrant(NamedTuple):
    """A person who logs in, as they were when their identity was checked."""

    id: int
    name: str
    epoch: int


def is_still_open(tx: Transaction, person_id: int, session_id: int) -> bool:
    """Lock a person; return whether the session of their request is still open."""
    people.lock_by_id(tx, person_id)
    return session_id == NO_SESSION or log_ins.is_open(tx, person_id, session_id)


class Sessions:
    """The sessions of one database."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def find(self, secret: str) -> LoggedIn | None:
        """Return whose session a cookie is; None if it has ended. Rights are read again for each request."""
        logged_in = await self._context.database.read(self._find, secret_digest(secret))
        now = self._context.now
        if logged_in is not None and now - logged_in.session.seen_at >= SEEN_SECONDS:
            with suppress(Unavailable):  # people must be able to look at what is wrong while nothing can be written
                await self._context.database.record(log_ins.see, logged_in.session.id, now)
        return logged_in

    def _find(self, tx: Transaction, digest: bytes) -> LoggedIn | None:
        session = log_ins.find(tx, digest, lasting_sessions(self._context))
        return None if session is None else LoggedIn(session, holdings_of_person(tx, session.person_id))

    async def find_proxied(self, name: str) -> LoggedIn | None:
        """Who has this name or address, as a proxy sends it, and may log in, with the rights that they have now."""
        if not 0 < len(name) <= _LONGEST_NAME or "\0" in name:
            return None
        return await self._context.database.read(self._find_proxied, name.strip().lower())

    def _find_proxied(self, tx: Transaction, name: str) -> LoggedIn | None:
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

    async def is_anybody_enrolled(self) -> bool:
        """Whether there is somebody who may log in."""
        return await self._context.database.read(log_ins.is_anybody_enrolled)

    async def end(self, secret: str) -> None:
        """Log out: end the session of a cookie, if it has one."""
        await self._context.database.write(self._end, secret_digest(secret))

    def begin(
        self, tx: Transaction, person: Entrant, method: Method, visitor: Visitor, *, proven_at: int | None = None
    ) -> Entered:
        """Log in a person whose identity the caller has checked, and end the session that the browser had.

        `proven_at` is when they proved who they are, if that was not just now.
        """
        context, secret = self._context, new_secret(self._context)
        if visitor.former_digest is not None:
            log_ins.end(tx, visitor.former_digest)
        session = NewSession(
            digest=secret_digest(secret),
            person_id=person.id,
            epoch=person.epoch,
            method=method,
            client=visitor.client,
            agent=visitor.agent,
            started_at=context.now if proven_at is None else proven_at,
        )
        log_ins.begin(tx, session, context.now)
        audit.append(tx, replace(self._entry(person.name, "session.begin"), fields=(method.value,)))
        return Entered(secret)

    def _end(self, tx: Transaction, digest: bytes) -> None:
        session = log_ins.find(tx, digest, lasting_sessions(self._context))
        if log_ins.end(tx, digest) and session is not None:
            audit.append(tx, self._entry(session.name, "session.end"))

    def _entry(self, name: str, action: str) -> Entry:
        return Entry(at=self._context.now, actor=person_on_page(name), action=action)
