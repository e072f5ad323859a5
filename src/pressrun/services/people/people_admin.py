"""What operators do with people: add or invite them, change what they may do, and let them in again.

Each use case is one transaction. Any change to what somebody may do ends their sessions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.access.rights import ReaderAccess, Role
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import NotFound, Refused, UsageError
from pressrun.core.names import parse_person_name
from pressrun.core.signing.tokens import WebPurpose, WebTokens, digests_of
from pressrun.core.timestamps import rfc3339
from pressrun.observe.log import event
from pressrun.services import standing
from pressrun.services.context import ServiceContext
from pressrun.services.editions.lifecycle import cancel_withdrawn_drafts
from pressrun.services.mails.notices_to_people import mail_person
from pressrun.services.people import lookups
from pressrun.services.people.editors import require_person_at
from pressrun.services.people.lookups import DecidedEdition, PersonAnswer
from pressrun.services.suppression import find_reason
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.people import audit, credentials, enter_links, log_ins, people
from pressrun.store.people.enter_links import LinkKind
from pressrun.store.people.people import StoredPerson
from pressrun.store.programs import api_tokens
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.people")

INVITED_SECONDS = 60  # as long as an invitation is not mailed again


class PersonRemoved(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who was removed, how many of their mailed drafts were cancelled, and whether no operator can log in now."""

    name: str
    cancelled: int
    no_operator_left: bool = False


class GetsNoMail(Refused):
    """No invitation can be sent to an address, because it is suppressed."""


class NotByMailAlone(Refused):
    """An operator cannot be invited by mail, because anybody who reads their mail could use the invitation."""


class LastOperator(Refused):
    """Without the last operator who can log in, only the shell could let anybody in again."""


Require = Callable[[Transaction], None]
"""Checks what must hold after an operator was removed; raises Refused."""


def require_nothing(_: Transaction) -> None:
    """For the shell, which can always make somebody an operator."""


def require_operator(tx: Transaction) -> None:
    """For people and programs, who could not make another: raise LastOperator if no operator is left who can log in."""
    if not people.has_operator(tx):
        raise LastOperator(
            "this is the last operator who can log in. Make somebody else an operator first, or use the shell, which "
            "can always make one"
        )


class Grant(Struct, frozen=True, kw_only=True):
    """A change to what a person may do. None leaves something as it is; without a list, it concerns operators."""

    list: str | None = None
    role: Role | None = None
    readers: ReaderAccess | None = None
    operator: bool = False


class PeopleAdmin:
    """The use cases around people, over one database."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    @property
    def now(self) -> int:
        """The time in whole seconds."""
        return self._context.now

    async def add(
        self, name: str, address: Address | None, *, is_operator: bool = False, password_hash: str | None = None
    ) -> PersonAnswer:
        """Add somebody who may log in, with a link to enter unless they have a password.

        Raises BadInput, and Refused for what is in use.
        """
        name = parse_person_name(name)
        answer = await self._context.database.write(self._add, name, address, is_operator, password_hash)
        event(log, "person.added", person=answer.name)
        return answer

    async def invite(
        self, address: Address, list_name: str, role: Role, readers: ReaderAccess | None = None
    ) -> PersonAnswer:
        """Give somebody a role on a list, and mail them a link unless they can log in.

        There is one mail in a minute: a request that comes twice must not end the link that is on its way.

        Raises NotFound for a list, GetsNoMail and NotByMailAlone.
        """
        grant = Grant(list=list_name, role=role, readers=readers)
        answer = await self._context.database.write(self._invite, address, list_name, grant)
        event(log, "person.invited", person=answer.name, list=list_name)
        self._context.wake()
        return answer

    async def grant(self, who: str, grant: Grant) -> PersonAnswer:
        """Let a person do this on a list; raises NotFound, UsageError if it does not say what."""
        return await self._change(self._grant, who, grant)

    async def revoke(self, who: str, grant: Grant, require: Require = require_nothing) -> PersonAnswer:
        """Take rights away from a person.

        Revoking a role removes everything else on the list, too; revoking only access to readers' data leaves the
        level below. What they mailed and awaits approval is cancelled with their role. Raises NotFound for what they
        do not have, UsageError if the grant does not say what, and what `require` raises if no operator is left.
        """

        def work(tx: Transaction, person: StoredPerson, grant: Grant) -> None:
            self._revoke(tx, person, grant)
            if grant.list is None:
                require(tx)

        return await self._change(work, who, grant)

    async def link(self, who: str) -> PersonAnswer:
        """A new link for a person to enter; raises NotFound."""
        answer = await self._context.database.write(self._link, who)
        event(log, "person.link_made", person=answer.name)
        return answer

    async def reset(self, who: str) -> PersonAnswer:
        """End a person's sessions, take away everything that they act by, and make a new link to enter.

        This covers password, passkeys, app, recovery codes, accounts of an issuer, mailed codes and tokens. It is for a
        lost device, and for an intruder, who may have made any of these. It does not undo decisions made in the
        person's name, since much of that may be their own; the answer lists the editions concerned. Raises NotFound.
        """
        answer = await self._context.database.write(self._reset, who)
        event(log, "person.reset", person=answer.name)
        return answer

    async def remove(self, who: str, require: Require = require_nothing) -> PersonRemoved:
        """Remove a person with their tokens, and cancel what they mailed and awaits approval.

        Raises NotFound, and what `require` raises once an operator is removed.
        """
        answer = await self._context.database.write(self._remove, who, require)
        event(log, "person.removed", person=answer.name)
        return answer

    async def _change(
        self, work: Callable[[Transaction, StoredPerson, Grant], None], who: str, grant: Grant
    ) -> PersonAnswer:
        if (grant.list is None) is not grant.operator:
            raise UsageError(
                "say what: a list with a role or access to its readers, or operator alone",
                at_shell="--list LIST with --role or --readers, or --operator",
            )
        answer = await self._context.database.write(self._changed, work, who, grant)
        event(log, "person.changed", person=answer.name, list=grant.list)
        return answer

    def _changed(
        self, tx: Transaction, work: Callable[[Transaction, StoredPerson, Grant], None], who: str, grant: Grant
    ) -> PersonAnswer:
        person, now = lookups.require_person_to_change(tx, who), self._context.now
        work(tx, person, grant)
        cancelled = cancel_withdrawn_drafts(tx, now)
        answer = replace(lookups.describe(tx, person.id, now), cancelled=cancelled)
        return answer if answer.operator else replace(answer, no_operator_left=_is_without_operator(tx, person))

    def _add(
        self, tx: Transaction, name: str, address: Address | None, is_operator: bool, password_hash: str | None
    ) -> PersonAnswer:
        if people.find_by_name(tx, name) is not None:
            raise Refused(f"there is already a person named {name}. Choose another name", see="user ls")
        holder = None if address is None else people.find_by_address(tx, address.key)
        if holder is not None:
            raise Refused(
                f"{address} is the address of {holder.name}",
                at_shell=f"Use `pressrun user grant {holder.name}` or `user link`",
            )
        now = self._context.now
        person_id = people.insert_person(tx, name, address, now, is_operator=is_operator, may_log_in=True)
        audit.mention(tx, f"person {name}")
        if password_hash is not None:
            credentials.set_password(tx, person_id, password_hash, now)
            return lookups.describe(tx, person_id, now)
        return self._with_new_link(tx, person_id)

    def _invite(self, tx: Transaction, address: Address, list_name: str, grant: Grant) -> PersonAnswer:
        target, now = lists.get_list(tx, list_name), self._context.now
        reason = find_reason(tx, digests_of(self._context.keys, address))
        if reason is not None:
            raise GetsNoMail(
                f"{address} gets no email ({reason.value}). Add the person, and pass on the link that this gives you",
                at_shell=f"`pressrun user add NAME --email {address}` prints it",
            )
        person = require_person_at(tx, address, now)
        audit.mention(tx, f"person {person.name}")
        if person.is_operator and person.enrolled_at is None:
            raise NotByMailAlone(
                f"{person.name} is an operator, and operators never log in by email alone. Create a link for them",
                at_shell=f"`pressrun user link {person.name}` does",
            )
        self._put_permission(tx, person, target.id, grant)
        cancelled = cancel_withdrawn_drafts(tx, now) or None  # of an editor who is a viewer now
        needs_link = person.enrolled_at is None
        # Within this time an earlier email is on its way, and its link works.
        if needs_link and not enter_links.was_invited(tx, person.id, now - INVITED_SECONDS, now):
            expires_at = now + int(self._context.login.invitation_seconds)
            link_id = enter_links.insert_link(tx, person.id, LinkKind.INVITATION, now, expires_at)
            payload = {"link": link_id, "expires_at": expires_at}
            mail_person(tx, "invitation", address, payload, self._context, list_id=target.id, language=target.language)
        return replace(lookups.describe(tx, person.id, now), mailed=needs_link, cancelled=cancelled)

    def _grant(self, tx: Transaction, person: StoredPerson, grant: Grant) -> None:
        if grant.list is None:
            people.set_operator(tx, person.id, True)
            enter_links.delete_links(tx, person.id)  # who reads their mail must not become an operator
        else:
            self._put_permission(tx, person, lists.get_list(tx, grant.list).id, grant)

    def _put_permission(self, tx: Transaction, person: StoredPerson, list_id: int, grant: Grant) -> None:
        present = people.find_permission(tx, list_id, person.id)
        role, readers = present or (None, ReaderAccess.NONE)
        role, readers = grant.role or role, grant.readers or readers
        if role is None:
            raise UsageError(
                f"{person.name} has no role on {grant.list} yet. Say which", at_shell="--role viewer|editor|publisher"
            )
        if (role, readers) != present:
            people.put_permission(tx, list_id, person.id, role, readers)
            people.end_sessions(tx, person.id)

    def _revoke(self, tx: Transaction, person: StoredPerson, grant: Grant) -> None:
        if grant.list is None:
            if not people.set_operator(tx, person.id, False):
                raise NotFound(f"{person.name} is not an operator")
            return
        list_id = lists.get_list(tx, grant.list).id
        present = people.find_permission(tx, list_id, person.id)
        if present is None or (grant.role is not None and grant.role is not present[0]):
            said = "has no role" if present is None else f"is {present[0].value}"
            raise NotFound(f"{person.name} {said} on {grant.list}", see="user ls")
        if grant.role is not None or grant.readers is None:
            people.remove_permission(tx, list_id, person.id)
        else:
            self._lower(tx, person, list_id, present, grant)
        people.end_sessions(tx, person.id)

    def _lower(
        self, tx: Transaction, person: StoredPerson, list_id: int, present: tuple[Role, ReaderAccess], grant: Grant
    ) -> None:
        """Take the access to readers' data away that a grant names, and what includes it."""
        order = list(ReaderAccess)
        role, readers = present
        named = grant.readers
        if named is None or named is ReaderAccess.NONE or order.index(readers) < order.index(named):
            raise NotFound(f"{person.name} has no such access to the readers of {grant.list}", see="user ls")
        people.put_permission(tx, list_id, person.id, role, order[order.index(named) - 1])

    def _link(self, tx: Transaction, who: str) -> PersonAnswer:
        person = lookups.require_person_to_change(tx, who)
        return self._with_new_link(tx, person.id)

    def _reset(self, tx: Transaction, who: str) -> PersonAnswer:
        person = lookups.require_person_to_change(tx, who)
        credentials.remove_password(tx, person.id)
        credentials.remove_second_factors(tx, person.id)
        people.remove_identities(tx, person.id)
        people.end_sessions(tx, person.id)
        if person.address is not None:
            log_ins.forget_codes_of(tx, parse_address(person.address).key, self._context.now)
        revoked = tuple(api_tokens.delete_tokens_of(tx, person.id))
        editions = tuple(map(_describe_edition, standing.editions_decided_by(tx, person)))
        return replace(self._with_new_link(tx, person.id), revoked=revoked, editions=editions)

    def _with_new_link(self, tx: Transaction, person_id: int) -> PersonAnswer:
        context = self._context
        expires_at = context.now + int(context.login.enter_seconds)
        link_id = enter_links.insert_link(tx, person_id, LinkKind.ENTER, context.now, expires_at)
        url = context.site.admin_url("enter", WebTokens(context.keys).make(WebPurpose.ENTER, link_id, expires_at))
        return replace(lookups.describe(tx, person_id, context.now), link=url, expires_at=rfc3339(expires_at))

    def _remove(self, tx: Transaction, who: str, require: Require) -> PersonRemoved:
        person = lookups.require_person_to_change(tx, who)
        enter_links.delete_links(tx, person.id)
        people.delete_person(tx, person.id)
        if person.is_operator:
            require(tx)
        cancelled = cancel_withdrawn_drafts(tx, self._context.now)
        return PersonRemoved(name=person.name, cancelled=cancelled, no_operator_left=_is_without_operator(tx, person))


def _is_without_operator(tx: Transaction, former: StoredPerson) -> bool:
    """Whether an operator was the last one who could log in."""
    return former.is_operator and not people.has_operator(tx)


def _describe_edition(edition: Edition) -> DecidedEdition:
    return DecidedEdition(id=edition.id, list=edition.list_name, title=edition.title, state=edition.state)
