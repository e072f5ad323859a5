"""The import of subscribers: what each row does is decided first, then written, or only counted in a dry run.

Rows come in batches, each of them one transaction. Importing the same file again changes nothing, so an interrupted
import can be repeated. It never brings back anyone who unsubscribed, is suppressed or is suspended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from pressrun.core.errors import BadInput, Refused
from pressrun.core.keys import KeyRing
from pressrun.core.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.core.tokens import digests_of
from pressrun.services.operating.import_rows import ImportRow
from pressrun.services.operating.row_checks import CheckedRow, check_row
from pressrun.services.ports import Entropy
from pressrun.services.readers.sign_ups import ConfirmationTerms, request_confirmation
from pressrun.services.readers.subscription_records import Origin, end_subscription, record_consent
from pressrun.services.reports.ledger_reports import require_list
from pressrun.services.suppression import find_reason
from pressrun.store import enrolment, subscribers, subscriptions
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Row, Transaction

SOURCE = "import"
BATCH = 1000

R = TypeVar("R")

_State, _Event = SubscriptionState, SubscriptionEvent


class RowOutcome(StrEnum):
    """What became of a row."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED_SUPPRESSED = "skipped_suppressed"
    SKIPPED_UNSUBSCRIBED = "skipped_unsubscribed"


SKIPPED = {
    RowOutcome.SKIPPED_SUPPRESSED: "the address is suppressed",
    RowOutcome.SKIPPED_UNSUBSCRIBED: "has unsubscribed",
}


@dataclass(slots=True, kw_only=True)
class ImportCounts:
    """How many rows had each outcome; `invalid` and `skipped` are (line of the file, reason)."""

    rows: dict[RowOutcome, int] = field(default_factory=lambda: dict.fromkeys(RowOutcome, 0))
    invalid: list[tuple[int, str]] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)

    def add(self, row: CheckedRow, outcome: RowOutcome) -> None:
        """Count a row, and keep the line of one that is skipped."""
        self.rows[outcome] += 1
        if outcome in SKIPPED:
            self.skipped.append((row.line, SKIPPED[outcome]))

    def plain(self) -> dict[str, object]:
        """As `subscriber import` prints it."""
        return {
            **{outcome.value: number for outcome, number in self.rows.items()},
            "invalid": [{"line": line, "reason": reason} for line, reason in self.invalid],
            "skipped": [{"line": line, "reason": reason} for line, reason in self.skipped],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorState:
    """What is known of an address before a row; an unknown one has zero ids and no state."""

    subscriber_id: int = 0
    subscription_id: int = 0
    name: str = ""
    language: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    state: SubscriptionState | None = None
    has_left: bool = False
    is_suppressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDecision:
    """What a row does: the new state of the subscription (None: the same), and whether it changes the subscriber."""

    outcome: RowOutcome
    state: SubscriptionState | None = None
    changes_profile: bool = False


def decide_row(prior: PriorState, row: CheckedRow, *, asks: bool) -> RowDecision:
    """The whole rule of an import, for one row; `asks` is `--send-confirmation`."""
    if prior.is_suppressed:
        return RowDecision(outcome=RowOutcome.SKIPPED_SUPPRESSED)
    if row.state is _State.UNSUBSCRIBED and prior.state is not None:
        # People who have left elsewhere leave here too, whatever their state here.
        if prior.state is _State.UNSUBSCRIBED:
            return RowDecision(outcome=RowOutcome.UNCHANGED)
        return RowDecision(outcome=RowOutcome.UPDATED, state=_State.UNSUBSCRIBED)
    if prior.state is _State.SUSPENDED:
        return RowDecision(outcome=RowOutcome.UNCHANGED)
    if prior.has_left:
        return RowDecision(outcome=RowOutcome.SKIPPED_UNSUBSCRIBED)
    if prior.state is None:
        state = _State.PENDING if asks and row.state is _State.ACTIVE else row.state
        return RowDecision(outcome=RowOutcome.ADDED, state=state, changes_profile=True)
    following = _next_state(prior.state, row.state, asks=asks)
    changes_profile = merge_profile(prior, row) != (prior.name, prior.language, prior.attributes)
    outcome = RowOutcome.UPDATED if following is not None or changes_profile else RowOutcome.UNCHANGED
    return RowDecision(outcome=outcome, state=following, changes_profile=changes_profile)


def _next_state(before: SubscriptionState, wanted: SubscriptionState, *, asks: bool) -> SubscriptionState | None:
    if wanted is _State.SUSPENDED:
        return move(before, _Event.SUSPEND)
    if wanted is _State.ACTIVE and before is _State.PENDING and not asks:
        return move(before, _Event.ADD)
    return None


def merge_profile(prior: PriorState, row: CheckedRow) -> tuple[str, str, Mapping[str, str]]:
    """Name, language and columns after a row; an empty cell keeps the value from before."""
    attributes = {**prior.attributes, **row.attributes} if row.attributes else prior.attributes
    return row.name or prior.name, row.language or prior.language, attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How an import is carried out. Without `entropy` it is a dry run."""

    list_name: str
    keys: KeyRing
    now: int
    asks: bool
    confirm_seconds: float = 0.0
    entropy: Entropy | None = None


def dry_run_rows(tx: Transaction, options: ImportOptions, rows: Iterable[ImportRow]) -> ImportCounts:
    """What `import_rows` would count for a whole file; writes nothing. Raises NotFound, Refused."""
    target = require_open_list(tx, options.list_name)
    counts, known = ImportCounts(), dict[str, PriorState]()
    for batch in in_batches(rows):
        checked = _check_rows(batch, options.now, counts)
        _add_known(tx, options, target, checked, known)
        for row in checked:
            prior = known[row.address.key]
            decision = decide_row(prior, row, asks=options.asks)
            counts.add(row, decision.outcome)
            known[row.address.key] = _state_after(prior, row, decision)
    return counts


def import_rows(tx: Transaction, options: ImportOptions, rows: Sequence[ImportRow]) -> ImportCounts:
    """Import a batch of rows in this transaction. Raises NotFound, Refused for a closed list."""
    target = require_open_list(tx, options.list_name)
    counts, known = ImportCounts(), dict[str, PriorState]()
    checked = _check_rows(rows, options.now, counts)
    _add_known(tx, options, target, checked, known)
    suspended = []
    for row in checked:
        prior = known[row.address.key]
        decision = decide_row(prior, row, asks=options.asks)
        counts.add(row, decision.outcome)
        if decision.state is not None or decision.changes_profile:
            after = _state_after(prior, row, decision)
            written = known[row.address.key] = _write(tx, options, target, row, prior, after)
            if decision.state is _State.SUSPENDED:
                suspended.append(written.subscription_id)
    if suspended:  # end_subscription has already cancelled the copies of people who left
        subscriptions.cancel_copies(tx, suspended, options.now)
    return counts


def require_open_list(tx: Transaction, name: str) -> MailingList:
    """The list of that name; raises NotFound, and Refused when it is closed."""
    target = require_list(tx, name)
    if target.closed_at is not None:
        raise Refused(f"the list {name} is closed. Reopen it with `pressrun list set {name} closed=false`")
    return target


def in_batches(rows: Iterable[R]) -> Iterator[list[R]]:
    """The rows, BATCH at a time, which keeps each transaction short."""
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _check_rows(rows: Iterable[ImportRow], now: int, counts: ImportCounts) -> list[CheckedRow]:
    checked = []
    for row in rows:
        try:
            checked.append(check_row(row, now))
        except BadInput as problem:
            counts.invalid.append((row.line, str(problem)))
    return checked


def _add_known(
    tx: Transaction,
    options: ImportOptions,
    target: MailingList,
    rows: Sequence[CheckedRow],
    known: dict[str, PriorState],
) -> None:
    """Add to `known` the addresses of these rows that are not in it yet."""
    wanted = {row.address.key: row.address for row in rows if row.address.key not in known}
    stored = {
        row["address_key"]: _prior_state(row) for row in enrolment.find_standings(tx, list_id=target.id, keys=wanted)
    }
    for key, address in wanted.items():
        prior = stored.get(key, PriorState())
        is_suppressed = find_reason(tx, digests_of(options.keys, address)) is not None
        known[key] = replace(prior, is_suppressed=True) if is_suppressed else prior


def _prior_state(row: Row) -> PriorState:
    state = None if row["state"] is None else _State(row["state"])
    return PriorState(
        subscriber_id=row["subscriber_id"],
        subscription_id=row["subscription_id"] or 0,
        name=row["name"],
        language=row["language"],
        attributes=json.loads(row["attributes"]),
        state=state,
        has_left=state is _State.UNSUBSCRIBED or row["state_before"] == _State.UNSUBSCRIBED,
    )


def _state_after(prior: PriorState, row: CheckedRow, decision: RowDecision) -> PriorState:
    after = prior
    if decision.changes_profile:
        name, language, attributes = merge_profile(prior, row)
        after = replace(after, name=name, language=language, attributes=attributes)
    if decision.state is not None:
        after = replace(after, state=decision.state, has_left=decision.state is _State.UNSUBSCRIBED)
    return after


def _write(
    tx: Transaction, options: ImportOptions, target: MailingList, row: CheckedRow, prior: PriorState, after: PriorState
) -> PriorState:
    assert options.entropy is not None
    origin = Origin(source=SOURCE, language=row.language)
    person = _write_person(tx, options, row, after)
    subscription_id = prior.subscription_id
    if after.state is prior.state:
        return replace(after, subscriber_id=person.id)
    now, since = options.now, row.since or options.now
    if prior.state is None and after.state is _State.PENDING:
        secret = options.entropy(16) if options.asks else None
        terms = ConfirmationTerms(name=row.name, expires_at=int(now + options.confirm_seconds), mail_secret=secret)
        subscription_id = request_confirmation(tx, target, person, None, origin, terms, now=now).id
    elif prior.state is None:
        assert after.state is not None
        subscription_id = subscriptions.insert_subscription(
            tx, list_id=target.id, subscriber_id=person.id, state=after.state, source=SOURCE, now=since
        ).id
        if after.state is _State.SUSPENDED:
            _suspend(tx, subscription_id, since)
    else:
        at = now if after.state is _State.UNSUBSCRIBED else since
        _move_existing(tx, subscription_id, after.state, at)
    evidence = Origin(source=row.consent_source or SOURCE, ip=row.consent_ip, language=row.language)
    event = "withdrawn" if after.state is _State.UNSUBSCRIBED and prior.state is not None else "imported"
    record_consent(tx, target, person, event, evidence, now=now, salt=options.entropy(16))
    return replace(after, subscriber_id=person.id, subscription_id=subscription_id)


def _write_person(
    tx: Transaction, options: ImportOptions, row: CheckedRow, after: PriorState
) -> subscribers.Subscriber:
    """Insert or update the subscriber; returns them as they are stored now."""
    number = after.subscriber_id
    if number:
        known = subscribers.find_subscriber_by_id(tx, number)
        assert known is not None  # looked up in this transaction
        # What a file cannot say, such as whether they want plain text, stays as they chose it.
        person = replace(known, name=after.name, language=after.language, attributes=after.attributes)
        if person != known:
            subscribers.update_profile(tx, person)
        return person
    return subscribers.insert_subscriber(
        tx,
        row.address,
        digests=digests_of(options.keys, row.address),
        now=options.now,
        name=after.name,
        language=after.language,
        attributes=after.attributes,
    )


def _move_existing(tx: Transaction, number: int, state: SubscriptionState | None, since: int) -> None:
    subscription = subscriptions.find_subscription_by_id(tx, number)
    assert subscription is not None
    if state is _State.UNSUBSCRIBED:
        end_subscription(tx, subscription, SOURCE, since)
    elif state is _State.SUSPENDED:
        _suspend(tx, number, since)
    elif state is not None:
        active = replace(subscription, state=state, state_before=None, source=SOURCE, since=since)
        subscriptions.record_subscription(tx, active)


def _suspend(tx: Transaction, number: int, since: int) -> None:
    subscription = subscriptions.find_subscription_by_id(tx, number)
    assert subscription is not None
    held = replace(subscription, state=_State.SUSPENDED, suspended_for="bounces", source=SOURCE, since=since)
    subscriptions.record_subscription(tx, held)
