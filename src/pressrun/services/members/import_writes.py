"""The writes of an import: a few statements for all of its rows, each of another address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
from msgspec import Struct

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.chain import ChainRow
from pressrun.core.signing.tokens import Digests
from pressrun.services.members import import_decision
from pressrun.services.members.import_decision import SOURCE, ImportOptions, RowDecision
from pressrun.services.members.row_checks import CheckedRow
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import deliveries, notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers import consent, enrolment, subscriptions
from pressrun.store.readers.consent import ConsentEvent
from pressrun.store.readers.enrolment import NewSubscriber, NewSubscription, PriorState, ProfileChange, StateChange
from pressrun.store.readers.subscribers import PersonProfile
from pressrun.store.transaction import Transaction

_SALT_OCTETS = 16
_MAKER = ThreadPoolExecutor(1, thread_name_prefix="evidence")  # starts its thread when it is first needed

_State = SubscriptionState


class RowChange(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row that changes something: what is known of its address, what becomes of that, and the address's digests."""

    row: CheckedRow
    before: PriorState
    decision: RowDecision
    digests: Digests

    @property
    def after(self) -> PriorState:
        """What is known of the address once the change is written, but for the ids of what it adds."""
        return import_decision.state_after(self.before, self.row, self.decision)

    @property
    def address(self) -> str:
        """The spelling that is stored."""
        return self.before.address or self.row.address.typed

    @property
    def profile(self) -> PersonProfile:
        """What the row makes of name, language and columns."""
        return import_decision.merge_profile(self.before, self.row)


class ImportWriter(Struct, frozen=True):
    """Writes changes for one list."""

    target: MailingList
    options: ImportOptions

    def write(self, tx: Transaction, changes: Iterable[RowChange]) -> None:
        """Write all of them; no two may have the same address.

        In the order of the addresses, so that each page of their index is read and written once. While the database
        works, another thread makes the rows of evidence, which need nothing of it but the ids.
        """
        changes = sorted(changes, key=lambda change: change.row.key)
        new = [change for change in changes if not change.before.subscriber_id]
        ids = enrolment.reserve_subscriber_ids(tx, len(new))
        unused = iter(ids)
        of_people = [(change, change.before.subscriber_id or next(unused)) for change in changes]
        evidence = _MAKER.submit(
            self._make_evidence, [pair for pair in of_people if pair[0].decision.state is not None]
        )
        self._write_people(tx, changes, new, ids)
        pending = self._add_subscriptions(tx, [pair for pair in of_people if pair[0].before.state is None])
        if pending:
            self._request_confirmations(tx, pending)
        moved = [change for change in changes if change.decision.state is not None and change.before.state is not None]
        if moved:
            self._change_states(tx, moved)
        consent.append_rows(tx, evidence.result())

    def _write_people(
        self, tx: Transaction, changes: Sequence[RowChange], new: Sequence[RowChange], ids: Sequence[int]
    ) -> None:
        """Insert the new subscribers by their ids, and update the others."""
        people = [NewSubscriber(change.row.address, change.row.key, change.digests, change.profile) for change in new]
        enrolment.insert_subscribers(tx, ids, people, self.options.now)
        changed = [
            ProfileChange(change.before.subscriber_id, change.profile)
            for change in changes
            if change.before.subscriber_id and change.decision.changes_profile
        ]
        enrolment.update_profiles(tx, changed, how=self.options.source)

    def _add_subscriptions(
        self, tx: Transaction, changes: Sequence[tuple[RowChange, int]]
    ) -> list[tuple[RowChange, int, int]]:
        """Insert subscriptions; returns those that wait for a confirmation: change, subscriber and subscription."""
        new = []
        for change, subscriber_id in changes:
            state = change.decision.state
            assert state is not None
            is_asked = self.options.asks and state is _State.PENDING
            since = self.options.now if is_asked else change.row.since or self.options.now
            new.append(NewSubscription(subscriber_id, state, since))
        ids = enrolment.insert_subscriptions(tx, new, list_id=self.target.id, source=self.options.source)
        return [
            (*change, subscription_id)
            for change, subscription, subscription_id in zip(changes, new, ids, strict=True)
            if subscription.state is _State.PENDING
        ]

    def _request_confirmations(self, tx: Transaction, pending: Sequence[tuple[RowChange, int, int]]) -> None:
        """Let them wait for a confirmation, and queue the mails that ask for it where `asks` says so."""
        expires_at = int(self.options.now + self.options.confirm_seconds)
        asked = [(subscription_id, change.row.name, change.row.language) for change, _, subscription_id in pending]
        requests = enrolment.insert_confirmations(tx, asked, now=self.options.now, expires_at=expires_at)
        if not self.options.asks:
            return
        secrets = self._salts(len(pending))
        mails = [
            NewNotice(
                kind="confirmation",
                address=parse_address(change.address),
                message_secret=secret,
                list_id=self.target.id,
                subscriber_id=subscriber_id,
                language=change.row.language or change.before.language or self.target.language,
                payload={
                    "confirmation": requests[subscription_id],
                    "expires_at": expires_at,
                    "answers": SOURCE,
                    "in_reply_to": None,
                },
            )
            for (change, subscriber_id, subscription_id), secret in zip(pending, secrets, strict=True)
        ]
        notices.insert_notices(tx, mails, self.options.now)

    def _change_states(self, tx: Transaction, changes: Sequence[RowChange]) -> None:
        """Activate, suspend and end subscriptions; copies that wait for those who get no more are cancelled."""
        ending = [change.before.subscription_id for change in changes if change.decision.state is _State.UNSUBSCRIBED]
        moves = [
            StateChange(
                change.before.subscription_id,
                change.before.state,
                change.decision.state,
                change.row.since or self.options.now,
            )
            for change in changes
            if change.decision.state is not _State.UNSUBSCRIBED
        ]
        enrolment.change_states(tx, moves, source=self.options.source)
        if ending:
            enrolment.lock_subscriptions(tx, ending)
            subscriptions.end_subscriptions(tx, ending, self.options.source, self.options.now)
        stopped = [*ending, *(move.subscription_id for move in moves if move.state is _State.SUSPENDED)]
        if stopped:
            deliveries.cancel_copies(tx, stopped, self.options.now)

    def _make_evidence(self, changes: Sequence[tuple[RowChange, int]]) -> list[ChainRow]:
        """A row of evidence for each."""
        return consent.make_rows(
            (
                ConsentEvent(
                    subscriber_id=subscriber_id,
                    list_id=self.target.id,
                    list_name=self.target.name,
                    event=_event_of(change),
                    at=self.options.now,
                    source=change.row.consent_source or self.options.source,
                    salt=salt,
                    address=change.address,
                    ip=change.row.consent_ip,
                    language=change.row.language,
                )
                for (change, subscriber_id), salt in zip(changes, self._salts(len(changes)), strict=True)
            ),
        )

    def _salts(self, number: int) -> list[bytes]:
        """`number` salts of 16 random octets each."""
        assert self.options.entropy is not None  # a dry run writes nothing
        octets = self.options.entropy(number * _SALT_OCTETS)
        return [octets[at : at + _SALT_OCTETS] for at in range(0, len(octets), _SALT_OCTETS)]


def _event_of(change: RowChange) -> str:
    is_leaving = change.decision.state is _State.UNSUBSCRIBED and change.before.state is not None
    return "withdrawn" if is_leaving else "imported"
