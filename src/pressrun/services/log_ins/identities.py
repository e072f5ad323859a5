"""Logging in with an issuer (OpenID Connect): which person here its name for somebody stands for.

A person is known by the issuer and its `sub`, which never changes hands. An address may, so it links the two only once,
for somebody who is invited, and only if the issuer has verified it. People who have just logged in another way may link
their account themselves.
"""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.addresses.address import find_address
from pressrun.core.quantities import RateExceeded
from pressrun.services.context import ServiceContext
from pressrun.services.log_ins.context import FRESH_SECONDS, Attempt, Visitor, client_meter
from pressrun.services.log_ins.failures import FailedLogIns
from pressrun.services.log_ins.sessions import Entered, Entrant, Sessions, is_still_open
from pressrun.store.people import audit, enter_links, people
from pressrun.store.people.audit import Entry, person_on_page
from pressrun.store.people.log_ins import LoginSession, Method
from pressrun.store.people.people import StoredPerson
from pressrun.store.transaction import Transaction


class IssuerAccount(Struct, frozen=True, kw_only=True):
    """Somebody as an issuer knows them; `email` is an address that it has verified.

    `proven_at` is when they last proved to it who they are (UTC seconds); None if it does not say.
    """

    issuer: str
    subject: str
    email: str | None
    proven_at: float | None


class Identities:
    """Logs people in by what an issuer says of them."""

    def __init__(self, context: ServiceContext, sessions: Sessions, failures: FailedLogIns) -> None:
        self._context = context
        self._failures = failures
        self._sessions = sessions

    async def admit(self, visitor: Visitor) -> Attempt | RateExceeded:
        """Count an attempt of a client before the issuer is asked; or when the next one is accepted."""
        attempt = Attempt([client_meter(self._context, visitor)], self._context.clock())
        return await self._context.database.record(attempt.spend) or attempt

    async def enter(
        self, identity: IssuerAccount, visitor: Visitor, attempt: Attempt, linking: LoginSession | None = None
    ) -> Entered | None:
        """Log in the person to whom an identity is linked; None if it is not linked and cannot be linked now.

        `linking` is the session of a person who has just logged in another way. If the identity is not linked yet, it
        is linked to that person.
        """
        return await self._context.database.write(self._enter, identity, visitor, attempt, linking)

    async def refund(self, attempt: Attempt) -> None:
        """Forget an attempt for which the issuer could not be reached, since the client did not fail."""
        await self._context.database.record(attempt.refund)

    def record_failure(self, visitor: Visitor, problem: str) -> None:
        """Record that somebody could not log in."""
        self._failures.record("oidc", visitor, problem)

    def _enter(
        self,
        tx: Transaction,
        identity: IssuerAccount,
        visitor: Visitor,
        attempt: Attempt,
        linking: LoginSession | None,
    ) -> Entered | None:
        person = people.find_by_identity(tx, identity.issuer, identity.subject)
        if person is None:
            person = self._newly_linked(tx, identity, linking)
        if person is None:
            return None
        attempt.refund(tx)
        entrant = Entrant(person.id, person.name, person.epoch)
        return self._sessions.begin(tx, entrant, Method.OIDC, visitor, proven_at=self._proven_at(identity))

    def _proven_at(self, identity: IssuerAccount) -> int:
        """When a session counts as begun: when its person last proved to the issuer who they are.

        An issuer lets in whoever sits at a browser where somebody logged in before. But the session counts as just old
        enough to be too old for dangerous actions, and no older, so that it lasts nearly as long as any other.
        """
        now, lifetime = self._context.now, self._context.login.lifetime_seconds
        oldest = now - min(FRESH_SECONDS, lifetime / 2)
        return int(min(now, max(oldest, identity.proven_at or 0)))

    def _newly_linked(
        self, tx: Transaction, identity: IssuerAccount, linking: LoginSession | None
    ) -> StoredPerson | None:
        """The person to whom the identity is now linked, if there is one who may have it."""
        now = self._context.now
        person = _invited(tx, identity.email, now) if linking is None else _who_links(tx, linking)
        if person is None or people.find_by_identity(tx, identity.issuer, identity.subject) is not None:
            return None  # the latter was linked at this very moment
        if linking is None:
            people.enrol(tx, person.id, now)
            enter_links.delete_links(tx, person.id)
        people.add_identity(tx, person.id, identity.issuer, identity.subject)
        audit.append(tx, Entry(at=now, actor=person_on_page(person.name), action="identity.add"))
        return person


def _invited(tx: Transaction, email: str | None, now: int) -> StoredPerson | None:
    """The invited person with a verified address who has not entered yet; locked, so that only one account links."""
    address = find_address(email)
    if address is None or address.typed != email:  # with something unseen around it, it is another mailbox
        return None
    people.lock_person(tx, address.key)
    person = people.find_by_address(tx, address.key)
    return person if person is not None and person.id in enter_links.invited_until(tx, [person.id], now) else None


def _who_links(tx: Transaction, session: LoginSession) -> StoredPerson | None:
    """The person of a session, if it is still open; locked."""
    return people.find_person(tx, session.person_id) if is_still_open(tx, session.person_id, session.id) else None
