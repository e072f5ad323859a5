"""What programs do with one subscriber of a list: add or change, pause and resume, ask again, send a copy.

Nothing here widens what a reader has chosen. People who have left or are suppressed stay so and get no mail. Only the
reader can end a pause that the reader began. What a request does not name stays as it was. The evidence names the
program, and the words to which, as the program says, the person agreed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct, structs

from pressrun.core.abuse.sign_up import Trust
from pressrun.core.addresses.address import Address
from pressrun.core.errors import LimitReached, NotFound, Refused, no_such_edition
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.editions import lifecycle
from pressrun.services.members.member_changes import Confirm, ConsentGiven, Fault, MemberChanges, check_origin
from pressrun.services.members.member_puts import KnownMember, MemberPuts, PutRequest, find_members
from pressrun.services.readers.pauses import pause, resume
from pressrun.services.readers.requests import Origin, ReaderRequest
from pressrun.services.readers.sign_ups import Applicant, SignUpAnswer, SignUps
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.reports.members import Member, SignedUp, describe_member, require_membership, show_member
from pressrun.services.suppression import PROGRAM, find_reason
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.queue import copy_pages
from pressrun.store.readers import consent, subscribers
from pressrun.store.readers.subscriptions import Subscription, SubscriptionDetails
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.members")

T = TypeVar("T")

_State = SubscriptionState


class CopyQueued(Struct, frozen=True, kw_only=True):
    """A copy on its way."""

    edition: int
    email: str
    state: str


class ProgramMembers:
    """The use cases of programs that keep subscribers."""

    def __init__(self, context: ServiceContext, *, sign_ups: SignUps, web_requests: WebRequests) -> None:
        self._context = context
        self._puts = MemberPuts(context, sign_ups.abuse_limits)
        self._web_requests = web_requests

    def check_origin(self, program: str, consent: ConsentGiven | None) -> tuple[Origin, list[Fault]]:
        """Where a request of a program comes from, and what is wrong with what it says of that."""
        return check_origin(program, consent, self._context.now)

    async def sign_up(self, request: PutRequest) -> SignedUp:
        """Ask somebody to confirm, as the form on the list's own page does; the answer is the same for every address.

        Raises NotFound, and Refused for a closed list.
        """
        changes = request.changes
        asked_in = structs.replace(request.origin, language=changes.language or "")
        applicant = Applicant(request.address, asked_in, changes.name or "", Trust.PROVEN, changes.attributes)
        answer = await self._web_requests.sign_up([request.list_name], applicant, network=None)
        if answer is not SignUpAnswer.ACCEPTED:
            await self._context.database.read(lists.get_open_list, request.list_name)  # says which of both it is
        return SignedUp()

    async def put(self, request: PutRequest) -> Member:
        """Add an address, or change what is named of a member. Raises NotFound, and Refused for a closed list."""
        member = await self._context.database.share_set(self._puts.put, request)
        self._wake_for(request)
        return member

    async def create(self, request: PutRequest) -> Member:
        """Add an address that the list does not know; raises Refused for any other, and NotFound."""
        list_name = request.list_name

        def work(tx: Transaction) -> Member:
            known = self._find(tx, list_name, request.address)
            for address in self._puts.find_moved(tx, [known]).values():
                known = self._find(tx, list_name, address)
            if known.is_suppressed:
                raise Refused(f"{known.address} is suppressed, and only its owner or an operator can lift that")
            if known.subscription is not None:
                state = known.subscription.state
                raise Refused(f"{known.address} is already known to {list_name} ({state}). Use PUT to change it")
            return self._puts.put(tx, [request])[0]

        member = await self._context.database.share(work)
        self._wake_for(request)
        return member

    async def change(self, list_name: str, address: Address, changes: MemberChanges) -> Member:
        """Change what is named of somebody on a list; raises NotFound, and Refused for a closed list.

        People who have left or are suppressed stay as they are.
        """

        def work(tx: Transaction) -> Member:
            known = self._find(tx, list_name, address)
            member = require_membership(tx, list_name, address)
            person = member.person
            if not known.stays_out:
                before, person = person, changes.applied_to(person)
                if person != before:
                    subscribers.update_profile(tx, before, person)
            return describe_member(address, person, member.subscription, known.reason)

        return await self._share(work)

    async def pause(self, list_name: str, address: Address, days: int, origin: Origin) -> Member:
        """Pause a member for some days, or set another end of a pause that a program began.

        Raises NotFound, and Refused for a pause of the reader's own.
        """

        def work(tx: Transaction) -> Member:
            member = require_membership(tx, list_name, address)
            subscription = member.subscription
            if move(subscription.state, SubscriptionEvent.PAUSE) is None or not subscription.reads:
                raise Refused(f"{address} is {_words(subscription)} on {list_name}, so there is nothing to pause")
            if subscription.is_paused and not _was_paused_by_program(tx, member):
                raise Refused(f"{address} paused {list_name} themselves, so only they can change the pause")
            pause(ReaderRequest(tx, origin, self._context), [member], days)
            return show_member(tx, self._context.keys, list_name, address)

        return await self._share(work)

    async def resume(self, list_name: str, address: Address, origin: Origin) -> Member:
        """End a pause that a program began; raises NotFound, and Refused for a pause of the reader's own."""

        def work(tx: Transaction) -> Member:
            member = require_membership(tx, list_name, address)
            subscription = member.subscription
            if not subscription.is_paused:
                raise Refused(f"{address} is {_words(subscription)} on {list_name}, not paused")
            if not _was_paused_by_program(tx, member):
                raise Refused(f"{address} paused {list_name} themselves, so only they can end the pause")
            resume(ReaderRequest(tx, origin, self._context), [member])
            return show_member(tx, self._context.keys, list_name, address)

        return await self._share(work)

    async def confirm_again(self, list_name: str, address: Address, origin: Origin) -> Member:
        """Mail the confirmation again to somebody who has not confirmed.

        Raises NotFound, and Refused for anybody else and over a limit.
        """

        def work(tx: Transaction) -> Member:
            known = self._find(tx, list_name, address)
            if known.person is None or known.subscription is None:
                require_membership(tx, list_name, address)
            elif known.subscription.state is not _State.PENDING or known.stays_out:
                raise Refused(
                    f"{address} is {_words(known.subscription)} on {list_name}, so there is nothing to confirm"
                )
            elif not self._puts.request_confirmation(tx, known, known.person, origin):
                raise self._not_now(tx, address)
            return show_member(tx, self._context.keys, list_name, address)

        return await self._share(work)

    async def send_copy(self, list_name: str, address: Address, edition_id: int) -> CopyQueued:
        """Send a member an edition that went out before.

        Raises NotFound, and Refused for a closed list, and for an edition that they have already.
        """
        return await self._share(lambda tx: self._send_copy(tx, list_name, address, edition_id))

    def _wake_for(self, request: PutRequest) -> None:
        """Wake the dispatcher if a mail is waiting."""
        if request.confirm is Confirm.SEND:
            self._context.wake()

    async def _share(self, work: Callable[[Transaction], T]) -> T:
        value = await self._context.database.share(work)
        self._context.wake()
        return value

    # ------------------------------------------------------------------ within one transaction

    def _find(self, tx: Transaction, list_name: str, address: Address) -> KnownMember:
        return find_members(tx, self._context.keys, list_name, [address])[0]

    def _not_now(self, tx: Transaction, address: Address) -> Refused:
        """The error for an address to which a limit does not allow another confirmation."""
        wait = self._puts.mails_again_in(tx, address)
        if wait is None:
            return Refused(f"[limits] allows no confirmation to {address}")
        return LimitReached(f"no more confirmations for {address} for now ([limits]): try again in {wait} s", wait)

    def _send_copy(self, tx: Transaction, list_name: str, address: Address, edition_id: int) -> CopyQueued:
        lists.get_open_list(tx, list_name)
        member = require_membership(tx, list_name, address)
        person, subscription = member.person, member.subscription
        edition = editions.find_edition(tx, edition_id)
        if edition is None or edition.list_id != member.list.id or edition.is_welcome:
            raise no_such_edition(edition_id)
        if subscription.state in (_State.PENDING, _State.UNSUBSCRIBED):
            raise NotFound(f"{address} is {subscription.state} on {list_name}, so no edition goes there")
        if subscription.state is _State.SUSPENDED or find_reason(tx, person.digests) is not None:
            how = _words(subscription) if subscription.state is _State.SUSPENDED else "suppressed"
            raise Refused(f"{address} is {how}, so no edition of {list_name} goes there")
        if edition.state not in (EditionState.SENDING, EditionState.FINISHED):
            raise Refused(f"edition {edition_id} is {edition.state}. Copies can be sent once it has gone out")
        if edition.state is EditionState.SENDING and edition.canary_copies is not None:
            raise Refused(f"the canary copies of edition {edition_id} are being sent. Try again when it has resumed")
        if copy_pages.find_copy_of(tx, edition_id=edition_id, subscriber_id=person.id) is not None:
            raise Refused(f"{address} has edition {edition_id} already, or it is on its way")
        if not lifecycle.add_reader(tx, edition_id, subscription.id, self._context.now):
            reason = lifecycle.why_nobody_may_get(tx, edition_id)
            raise Refused(reason or f"{address} has this issue already, in this or another language")
        tx.after_commit(event, log, "edition.copy_added", edition=edition_id, subscription=subscription.id)
        return CopyQueued(edition=edition_id, email=person.address, state="queued")


def _was_paused_by_program(tx: Transaction, member: SubscriptionDetails) -> bool:
    """Whether a program began the pause of a paused member.

    Readers who come back after leaving may bring along a pause that they began, from another language or address.
    """
    source, ended = "", ""  # of the pause, and of one that the last event has ended
    for row in consent.consent_of(tx, member.person.id):
        if row.get("list") != member.list.name:
            continue
        event_, left = row["event"], ended
        ended = ""
        if event_ == "paused":
            source = str(row.get("source"))
        elif event_ in ("withdrawn", "removed"):
            source, ended = "", source
        elif event_ == "restored":
            source = source or left
    return source.startswith(PROGRAM)


def _words(subscription: Subscription) -> str:
    if subscription.is_suspended_for_bounces:
        return f"suspended for {subscription.suspended_for}"
    return subscription.suspended_for or subscription.state.value
