"""What programs do with one subscriber of a list: add or change, pause and resume, ask again, send a copy.

Nothing here widens what a reader has chosen. Whoever has left or is suppressed stays so and gets no mail, a pause of
the reader's own ends by their own hand alone, and what is not named of a person stays as it was. The evidence names the
program, and the words that it says the person agreed to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from msgspec import structs

from pressrun.core.address import Address
from pressrun.core.edition import EditionState
from pressrun.core.errors import Refused, no_such_edition
from pressrun.core.sign_up import Trust, Verdict
from pressrun.core.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.core.tokens import Digests, digests_of
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.editions import lifecycle
from pressrun.services.operating.member_changes import Confirm, ConsentGiven, Fault, MemberChanges, check_origin
from pressrun.services.operating.subscriber_import import require_open_list
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.reader_notices import ReaderNotice, hold_notice, queue_notice
from pressrun.services.readers.sign_ups import ConfirmationTerms, SignUpAnswer, SignUps, request_confirmation
from pressrun.services.readers.subscription_records import PAUSED, Origin, record_consent
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.reports.members import Member, describe_member, require_membership, show_member
from pressrun.services.suppression import PROGRAM, SuppressionReason, find_reason
from pressrun.store import consent, deliveries, editions, subscribers, subscriptions
from pressrun.store.lists import MailingList
from pressrun.store.subscribers import Subscriber
from pressrun.store.subscriptions import Subscription
from pressrun.store.transaction import Transaction

_log = logging.getLogger(__name__)

T = TypeVar("T")

_State = SubscriptionState
_BY_PROGRAM = "operator"  # whom a mail that asks for a confirmation answers: not the reader


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of an address on a list, within one transaction."""

    list: MailingList
    address: Address
    digests: Digests
    person: Subscriber | None
    subscription: Subscription | None
    reason: SuppressionReason | None

    @property
    def is_suppressed(self) -> bool:
        """Whether the address gets no mail at all."""
        return self.reason is not None

    @property
    def stays_out(self) -> bool:
        """Whether nobody but the reader may change anything."""
        if self.is_suppressed:
            return True
        state = None if self.subscription is None else self.subscription.state
        before = None if self.subscription is None else self.subscription.state_before
        return _State.UNSUBSCRIBED in (state, before)


class ProgramMembers:
    """The use cases of programs that keep subscribers."""

    def __init__(
        self, context: ServiceContext, *, sign_ups: SignUps, preferences: Preferences, web_requests: WebRequests
    ) -> None:
        self._context = context
        self._sign_ups = sign_ups
        self._preferences = preferences
        self._web_requests = web_requests

    def check_origin(self, program: str, consent: ConsentGiven | None) -> tuple[Origin, list[Fault]]:
        """Where a request of a program comes from, and what is wrong with what it says of that."""
        return check_origin(program, consent, self._context.now)

    async def sign_up(self, list_name: str, address: Address, changes: MemberChanges, origin: Origin) -> Member:
        """Ask somebody to confirm, as the form on the list's own page does; the answer is the same for every address.

        Raises NotFound, and Refused for a closed list.
        """
        asked_in = structs.replace(origin, language=changes.language or "")
        answer = await self._web_requests.sign_up_by_program(
            list_name, address, asked_in, name=changes.name or "", attributes=changes.attributes
        )
        if answer is not SignUpAnswer.ACCEPTED:
            await self._context.database.read(require_open_list, list_name)  # says which of both it is
        return Member(state=_State.PENDING.value)

    async def put(
        self, list_name: str, address: Address, changes: MemberChanges, confirm: Confirm | None, origin: Origin
    ) -> Member:
        """Add an address, or change what is named of a member. Raises NotFound, and Refused for a closed list."""
        return await self._add_one(lambda tx: self._put(tx, list_name, address, changes, confirm, origin), confirm)

    async def create(
        self, list_name: str, address: Address, changes: MemberChanges, confirm: Confirm | None, origin: Origin
    ) -> Member:
        """Add an address that the list does not know; raises Refused for any other, and NotFound."""

        def work(tx: Transaction) -> Member:
            known = self._find(tx, list_name, address)
            if known.is_suppressed:
                raise Refused(f"{address} is suppressed, and only its owner or an operator can lift that")
            if known.subscription is not None:
                raise Refused(
                    f"{address} is already known to {list_name} ({known.subscription.state}). Use PUT to change it"
                )
            return self._put(tx, list_name, address, changes, confirm, origin)

        return await self._add_one(work, confirm)

    async def change(self, list_name: str, address: Address, changes: MemberChanges) -> Member:
        """Change what is named of somebody on a list; raises NotFound, and Refused for a closed list.

        Whoever has left or is suppressed stays as they are.
        """

        def work(tx: Transaction) -> Member:
            known = self._find(tx, list_name, address)
            _, person, subscription = require_membership(tx, list_name, address)
            if not known.stays_out:
                person = self._store_person(tx, known, changes)
            return describe_member(address, person, subscription, known.reason)

        return await self._share(work)

    async def pause(self, list_name: str, address: Address, days: int, origin: Origin) -> Member:
        """Pause a member for some days, or set another end of a pause. Raises NotFound, Refused."""

        def work(tx: Transaction) -> Member:
            _, _, subscription = require_membership(tx, list_name, address)
            if move(subscription.state, SubscriptionEvent.PAUSE) is None or _is_suspended(subscription):
                raise Refused(f"{address} is {_words(subscription)} on {list_name}, so there is nothing to pause")
            self._preferences.pause_one_within(tx, subscription.id, days, origin)
            return show_member(tx, self._context.keys, list_name, address)

        return await self._share(work)

    async def resume(self, list_name: str, address: Address, origin: Origin) -> Member:
        """End a pause that a program began; raises NotFound, and Refused for a pause of the reader's own."""

        def work(tx: Transaction) -> Member:
            target, person, subscription = require_membership(tx, list_name, address)
            if subscription.suspended_for != PAUSED:
                raise Refused(f"{address} is {_words(subscription)} on {list_name}, not paused")
            if not _was_paused_by_program(tx, person, target):
                raise Refused(f"{address} paused {list_name} themselves, so only they can end the pause")
            self._preferences.resume_one_within(tx, subscription.id, origin)
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
            elif not self._ask(tx, known, known.person, origin):
                raise Refused(f"{address} has been mailed as often as [limits] allows. Try again later")
            return show_member(tx, self._context.keys, list_name, address)

        return await self._share(work)

    async def send_copy(self, list_name: str, address: Address, edition_id: int) -> dict[str, object]:
        """Send a member an edition that went out before; raises NotFound, and Refused where they have it already."""
        return await self._share(lambda tx: self._send_copy(tx, list_name, address, edition_id))

    async def _add_one(self, work: Callable[[Transaction], Member], confirm: Confirm | None) -> Member:
        """Add or change somebody; nobody but the dispatcher needs to know, if a mail waits."""
        if confirm is Confirm.SEND:
            return await self._share(work)
        return await self._context.database.share(work)

    async def _share(self, work: Callable[[Transaction], T]) -> T:
        value = await self._context.database.share(work)
        self._context.wake()
        return value

    # ------------------------------------------------------------------ within one transaction

    def _find(self, tx: Transaction, list_name: str, address: Address) -> _Known:
        target = require_open_list(tx, list_name)
        digests = digests_of(self._context.keys, address)
        person = subscribers.find_subscriber(tx, address)
        subscription = None
        if person is not None:
            subscription = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
        return _Known(
            list=target,
            address=address,
            digests=digests,
            person=person,
            subscription=subscription,
            reason=find_reason(tx, digests),
        )

    def _put(
        self,
        tx: Transaction,
        list_name: str,
        address: Address,
        changes: MemberChanges,
        confirm: Confirm | None,
        origin: Origin,
    ) -> Member:
        known = self._find(tx, list_name, address)
        is_new = known.subscription is None
        if known.stays_out:
            return describe_member(address, known.person, known.subscription, known.reason, created=False)
        person = self._store_person(tx, known, changes)
        after = known.subscription
        state = None if after is None else after.state
        if confirm is Confirm.SEND and state in (None, _State.PENDING):
            self._ask(tx, known, person, origin)
            after = subscriptions.find_subscription(tx, list_id=known.list.id, subscriber_id=person.id)
        elif state is None or (state is _State.PENDING and confirm is Confirm.VOUCH):
            after = self._add(tx, known, person, origin)
        return describe_member(address, person, after, known.reason, created=is_new)

    def _store_person(self, tx: Transaction, known: _Known, changes: MemberChanges) -> Subscriber:
        if known.person is None:
            return subscribers.insert_subscriber(
                tx,
                known.address,
                digests=known.digests,
                now=self._context.now,
                name=changes.name or "",
                language=changes.language or "",
                attributes=changes.attributes,
            )
        changed = changes.applied_to(known.person)
        if changed != known.person:
            subscribers.update_profile(tx, known.person, changed)
        return changed

    def _add(self, tx: Transaction, known: _Known, person: Subscriber, origin: Origin) -> Subscription:
        """Make somebody a member for whom the program vouches."""
        now, before = self._context.now, known.subscription
        state = move(None if before is None else before.state, SubscriptionEvent.ADD)
        assert state is not None
        if before is None:
            active = subscriptions.insert_subscription(
                tx, list_id=known.list.id, subscriber_id=person.id, state=state, source=origin.source, now=now
            )
        else:
            active = replace(before, state=state, state_before=None, source=origin.source, since=now)
            subscriptions.record_subscription(tx, before, active)
        record_consent(tx, known.list, person, "added", origin, now=now, salt=self._context.entropy(16))
        return active

    def _ask(self, tx: Transaction, known: _Known, person: Subscriber, origin: Origin) -> bool:
        """Let somebody wait for their confirmation, mailed unless a limit forbids it; returns whether it is."""
        verdict = self._sign_ups.abuse_limits.admit(tx, known.address, Trust.PROVEN, self._context.clock())
        is_mailed = verdict in (Verdict.ACCEPTED, Verdict.HELD)
        if not is_mailed and known.subscription is not None:
            return False
        expires_at = int(self._context.clock() + self._context.tokens.confirm_lifetime_seconds)
        terms = ConfirmationTerms(
            name="", expires_at=expires_at, mail_secret=self._context.entropy(16) if is_mailed else None
        )
        now = self._context.now
        record_consent(tx, known.list, person, "requested", origin, now=now, salt=self._context.entropy(16))
        post = partial(_post, expires_at=expires_at if verdict is Verdict.HELD else None)
        request_confirmation(tx, known.list, person, known.subscription, origin, terms, now=now, post=post)
        return is_mailed

    def _send_copy(self, tx: Transaction, list_name: str, address: Address, edition_id: int) -> dict[str, object]:
        target, person, subscription = require_membership(tx, list_name, address)
        edition = editions.find_edition(tx, edition_id)
        if edition is None or edition.list_id != target.id or edition.is_welcome:
            raise no_such_edition(edition_id)
        if subscription.state is not _State.ACTIVE or find_reason(tx, person.digests) is not None:
            raise Refused(f"{address} is {_words(subscription)} or suppressed, so no edition of {list_name} goes there")
        if edition.state not in (EditionState.SENDING, EditionState.FINISHED):
            raise Refused(f"edition {edition_id} is {edition.state}. Copies can be sent once it has gone out")
        if edition.state is EditionState.SENDING and edition.canary_copies is not None:
            raise Refused(f"the canary copies of edition {edition_id} are being sent. Try again when it has resumed")
        if deliveries.find_copy_of(tx, edition_id=edition_id, subscriber_id=person.id) is not None:
            raise Refused(f"{address} has edition {edition_id} already, or it is on its way")
        if not lifecycle.add_reader(tx, edition_id, subscription.id, self._context.now):
            reason = lifecycle.why_nobody_may_get(tx, edition_id)
            raise Refused(reason or f"{address} has this issue already, in this or another language")
        tx.after_commit(event, _log, "edition.copy_added", edition=edition_id, subscription=subscription.id)
        return {"edition": edition_id, "email": person.address, "state": "queued"}


def _post(
    tx: Transaction,
    notice: ReaderNotice,
    target: MailingList,
    person: Subscriber,
    origin: Origin,
    now: int,
    *,
    expires_at: int | None,
) -> None:
    """Queue a mail that the program caused, or hold it until `expires_at`: no suppression lets it pass."""
    by_program = structs.replace(origin, source=_BY_PROGRAM)
    if expires_at is None:
        queue_notice(tx, notice, target, person, by_program, now)
    else:
        hold_notice(tx, notice, target, person, by_program, now, expires_at=expires_at)


def _was_paused_by_program(tx: Transaction, person: Subscriber, target: MailingList) -> bool:
    pauses = [
        one for one in consent.consent_of(tx, person.id) if one["event"] == "paused" and one.get("list") == target.name
    ]
    return bool(pauses) and str(pauses[-1].get("source")).startswith(PROGRAM)


def _is_suspended(subscription: Subscription) -> bool:
    return subscription.state is _State.SUSPENDED and subscription.suspended_for != PAUSED


def _words(subscription: Subscription) -> str:
    return subscription.suspended_for or subscription.state.value
