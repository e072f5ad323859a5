"""Taking in the rows of an import: what each one does is decided first, then written, or only counted in a dry run.

Rows come in batches, each of them one transaction. Reading the same file again changes nothing more, so an import that
was broken off is simply done again. Nobody who left, is suppressed or is suspended is brought back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from pressrun.core.errors import BadInput, Refused
from pressrun.core.keys import KeyRing
from pressrun.core.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.core.tokens import digests_of
from pressrun.services.operating.import_rows import ImportRow
from pressrun.services.operating.row_checks import CheckedRow, check_row
from pressrun.services.ports import Entropy
from pressrun.services.readers.sign_ups import ConfirmationTerms, ask_for_confirmation
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
    """What became of all rows so far; `invalid` and `skipped` are (line of the file, reason)."""

    counts: dict[RowOutcome, int] = field(default_factory=lambda: dict.fromkeys(RowOutcome, 0))
    invalid: list[tuple[int, str]] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)

    def count(self, entry: CheckedRow, verdict: RowOutcome) -> None:
        """Count one row, and keep the line of one that was left out."""
        self.counts[verdict] += 1
        if verdict in SKIPPED:
            self.skipped.append((entry.line, SKIPPED[verdict]))

    def answer(self) -> dict[str, object]:
        """As `subscriber import` prints it."""
        return {
            **{verdict.value: number for verdict, number in self.counts.items()},
            "invalid": [{"line": line, "reason": reason} for line, reason in self.invalid],
            "skipped": [{"line": line, "reason": reason} for line, reason in self.skipped],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorState:
    """What is known of an address before a row: zero ids and no state for a stranger."""

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
    """What a row does: the state it leads to (None: as it is), and whether the person's own data change."""

    verdict: RowOutcome
    state: SubscriptionState | None = None
    takes_profile: bool = False


def decide_entry(standing: PriorState, entry: CheckedRow, *, asks: bool) -> RowDecision:
    """The whole rule of an import, for one row; `asks` is `--send-confirmation`."""
    if standing.is_suppressed:
        return RowDecision(verdict=RowOutcome.SKIPPED_SUPPRESSED)
    if entry.state is _State.UNSUBSCRIBED and standing.state is not None:
        # Who left elsewhere has left, whatever stands here.
        if standing.state is _State.UNSUBSCRIBED:
            return RowDecision(verdict=RowOutcome.UNCHANGED)
        return RowDecision(verdict=RowOutcome.UPDATED, state=_State.UNSUBSCRIBED)
    if standing.state is _State.SUSPENDED:
        return RowDecision(verdict=RowOutcome.UNCHANGED)
    if standing.has_left:
        return RowDecision(verdict=RowOutcome.SKIPPED_UNSUBSCRIBED)
    if standing.state is None:
        is_asked = asks and entry.state is _State.ACTIVE
        state = _State.PENDING if is_asked else entry.state
        return RowDecision(verdict=RowOutcome.ADDED, state=state, takes_profile=True)
    following = _next_state(standing.state, entry.state, asks=asks)
    takes_profile = merge_profile(standing, entry) != (standing.name, standing.language, standing.attributes)
    verdict = RowOutcome.UPDATED if following is not None or takes_profile else RowOutcome.UNCHANGED
    return RowDecision(verdict=verdict, state=following, takes_profile=takes_profile)


def _next_state(before: SubscriptionState, wanted: SubscriptionState, *, asks: bool) -> SubscriptionState | None:
    if wanted is _State.SUSPENDED:
        return move(before, _Event.SUSPEND)
    if wanted is _State.ACTIVE and before is _State.PENDING and not asks:
        return move(before, _Event.ADD)
    return None


def merge_profile(standing: PriorState, entry: CheckedRow) -> tuple[str, str, Mapping[str, str]]:
    """Name, language and columns after a row: an empty cell says nothing about what was there."""
    attributes = standing.attributes
    if entry.attributes:
        attributes = {**attributes, **entry.attributes}
    return entry.name or standing.name, entry.language or standing.language, attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """Under what an import is carried out. Without `entropy` it is a dry run."""

    list_name: str
    keys: KeyRing
    now: int
    asks: bool
    confirm_seconds: float = 0.0
    entropy: Entropy | None = None


def dry_run_rows(tx: Transaction, terms: ImportOptions, rows: Iterable[ImportRow]) -> ImportCounts:
    """The dry run: what `import_rows` would count for a whole file; writes nothing. Raises NotFound, Refused."""
    target = require_open_list(tx, terms.list_name)
    tally, seen = ImportCounts(), dict[str, PriorState]()
    for batch in in_batches(rows):
        entries = _read_all(batch, terms.now, tally)
        _look_up(tx, terms, target, entries, seen)
        for entry in entries:
            standing = seen[entry.address.key]
            decision = decide_entry(standing, entry, asks=terms.asks)
            tally.count(entry, decision.verdict)
            seen[entry.address.key] = _after(standing, entry, decision)
    return tally


def import_rows(tx: Transaction, terms: ImportOptions, rows: Sequence[ImportRow]) -> ImportCounts:
    """Take one batch of rows, all in this transaction. Raises NotFound, Refused for a closed list."""
    target = require_open_list(tx, terms.list_name)
    tally, seen = ImportCounts(), dict[str, PriorState]()
    entries = _read_all(rows, terms.now, tally)
    _look_up(tx, terms, target, entries, seen)
    suspended = []
    for entry in entries:
        standing = seen[entry.address.key]
        decision = decide_entry(standing, entry, asks=terms.asks)
        tally.count(entry, decision.verdict)
        if decision.state is not None or decision.takes_profile:
            after = _after(standing, entry, decision)
            written = seen[entry.address.key] = _write(tx, terms, target, entry, standing, after)
            if decision.state is _State.SUSPENDED:
                suspended.append(written.subscription_id)
    if suspended:  # the copies of who left went with the subscription
        subscriptions.cancel_copies(tx, suspended, terms.now)
    return tally


def require_open_list(tx: Transaction, name: str) -> MailingList:
    """The list of that name that takes readers; raises NotFound or Refused."""
    target = require_list(tx, name)
    if target.closed_at is not None:
        raise Refused(f"the list {name} is closed. Reopen it with `pressrun list set {name} closed=false`")
    return target


def in_batches(rows: Iterable[R]) -> Iterator[list[R]]:
    """The rows, so many at a time that one transaction is short."""
    batch: list[R] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _read_all(rows: Iterable[ImportRow], now: int, tally: ImportCounts) -> list[CheckedRow]:
    entries = []
    for row in rows:
        try:
            entries.append(check_row(row, now))
        except BadInput as problem:
            tally.invalid.append((row.line, str(problem)))
    return entries


def _look_up(
    tx: Transaction,
    terms: ImportOptions,
    target: MailingList,
    entries: Sequence[CheckedRow],
    seen: dict[str, PriorState],
) -> None:
    """Add to `seen` what is known of the addresses that are not in it yet."""
    wanted = {entry.address.key: entry.address for entry in entries if entry.address.key not in seen}
    known = {row["address_key"]: _standing(row) for row in enrolment.find_standings(tx, list_id=target.id, keys=wanted)}
    for key, address in wanted.items():
        standing = known.get(key, PriorState())
        if find_reason(tx, digests_of(terms.keys, address)) is not None:
            standing = replace(standing, is_suppressed=True)
        seen[key] = standing


def _standing(row: Row) -> PriorState:
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


def _after(standing: PriorState, entry: CheckedRow, decision: RowDecision) -> PriorState:
    if decision.takes_profile:
        name, language, attributes = merge_profile(standing, entry)
        standing = replace(standing, name=name, language=language, attributes=attributes)
    if decision.state is not None:
        has_left = decision.state is _State.UNSUBSCRIBED
        standing = replace(standing, state=decision.state, has_left=has_left)
    return standing


def _write(
    tx: Transaction, terms: ImportOptions, target: MailingList, entry: CheckedRow, before: PriorState, after: PriorState
) -> PriorState:
    assert terms.entropy is not None
    origin = Origin(source=SOURCE, language=entry.language)
    person = _write_person(tx, terms, entry, after)
    subscription_id = before.subscription_id
    if after.state is before.state:
        return replace(after, subscriber_id=person.id)
    now, since = terms.now, entry.since or terms.now
    if before.state is None and after.state is _State.PENDING:
        secret = terms.entropy(16) if terms.asks else None
        proof = ConfirmationTerms(name=entry.name, expires_at=int(now + terms.confirm_seconds), mail_secret=secret)
        subscription_id = ask_for_confirmation(tx, target, person, None, origin, proof, now=now).id
    elif before.state is None:
        assert after.state is not None
        subscription_id = subscriptions.insert_subscription(
            tx, list_id=target.id, subscriber_id=person.id, state=after.state, source=SOURCE, now=since
        )
        if after.state is _State.SUSPENDED:
            _suspend(tx, subscription_id, since)
    else:
        at = now if after.state is _State.UNSUBSCRIBED else since
        _move_existing(tx, subscription_id, after.state, at)
    evidence = Origin(source=entry.consent_source or SOURCE, ip=entry.consent_ip, language=entry.language)
    event = "withdrawn" if after.state is _State.UNSUBSCRIBED and before.state is not None else "imported"
    record_consent(tx, target, person, event, evidence, now=now, salt=terms.entropy(16))
    return replace(after, subscriber_id=person.id, subscription_id=subscription_id)


def _write_person(
    tx: Transaction, terms: ImportOptions, entry: CheckedRow, after: PriorState
) -> subscribers.Subscriber:
    """Insert or update the person, and answer with them as they are stored now."""
    number = after.subscriber_id
    if number:
        known = subscribers.get_subscriber(tx, number)
        assert known is not None  # looked up in this transaction
        # What a file says nothing of, as whether they want plain text, stays as they chose it.
        person = replace(known, name=after.name, language=after.language, attributes=after.attributes)
        if person != known:
            subscribers.update_profile(tx, person)
        return person
    number = subscribers.insert_subscriber(
        tx,
        entry.address,
        digests=digests_of(terms.keys, entry.address),
        now=terms.now,
        name=after.name,
        language=after.language,
        attributes=after.attributes,
    )
    added = subscribers.get_subscriber(tx, number)
    assert added is not None
    return added


def _move_existing(tx: Transaction, number: int, state: SubscriptionState | None, since: int) -> None:
    subscription = subscriptions.get_subscription(tx, number)
    assert subscription is not None
    if state is _State.UNSUBSCRIBED:
        end_subscription(tx, subscription, SOURCE, since)
    elif state is _State.SUSPENDED:
        _suspend(tx, number, since)
    elif state is not None:
        active = replace(subscription, state=state, state_before=None, source=SOURCE, since=since)
        subscriptions.record_subscription(tx, active)


def _suspend(tx: Transaction, number: int, since: int) -> None:
    subscription = subscriptions.get_subscription(tx, number)
    assert subscription is not None
    held = replace(subscription, state=_State.SUSPENDED, suspended_for="bounces", source=SOURCE, since=since)
    subscriptions.record_subscription(tx, held)
