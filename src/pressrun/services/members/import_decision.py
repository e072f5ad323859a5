"""What a row of an import does: the whole rule, for one row, without the database; and the options of an import."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import product

import msgspec

from pressrun.core.lifecycles.subscription import SYNC, SubscriptionEvent, SubscriptionState, move
from pressrun.core.signing.keys import KeyRing
from pressrun.services.context import ServiceContext
from pressrun.services.members.row_checks import CheckedRow
from pressrun.services.ports import Entropy
from pressrun.store.readers.enrolment import PriorState
from pressrun.store.readers.subscribers import PersonProfile

SOURCE = "import"  # of members that a sync has not brought in
_State, _Event = SubscriptionState, SubscriptionEvent


class RowOutcome(StrEnum):
    """What became of a row."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED_SUPPRESSED = "skipped_suppressed"
    SKIPPED_UNSUBSCRIBED = "skipped_unsubscribed"


class RowDecision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a row does: the new state of the subscription (None: the same), and whether it changes the subscriber."""

    outcome: RowOutcome
    state: SubscriptionState | None = None
    changes_profile: bool = False

    @property
    def changes_anything(self) -> bool:
        """Whether there is anything to write."""
        return self.state is not None or self.changes_profile

    @property
    def mark(self) -> str:
        """One character that stands for all of it."""
        return MARKS[self.outcome, self.state, self.changes_profile]


MARKS: Mapping[tuple[RowOutcome, SubscriptionState | None, bool], str] = {
    combination: chr(ord("A") + place)
    for place, combination in enumerate(product(RowOutcome, (None, *SubscriptionState), (False, True)))
}
_ADDED = {state: RowDecision(outcome=RowOutcome.ADDED, state=state, changes_profile=True) for state in _State}


def decide_row(prior: PriorState, row: CheckedRow, *, asks: bool) -> RowDecision:
    """The whole rule of an import, for one row; `asks` is `--send-confirmation`."""
    if prior.is_suppressed:
        return RowDecision(outcome=RowOutcome.SKIPPED_SUPPRESSED)
    if row.state is _State.UNSUBSCRIBED and prior.state is not None:
        # People who have left elsewhere leave here too, whatever their state here: also whom a sync would bring back,
        # unless the row is what our own export says of them, which tells nothing new.
        if prior.state is _State.UNSUBSCRIBED and (prior.source != SYNC or row.since == prior.since):
            return RowDecision(outcome=RowOutcome.UNCHANGED)
        return RowDecision(outcome=RowOutcome.UPDATED, state=_State.UNSUBSCRIBED)
    if prior.state is _State.SUSPENDED:
        return RowDecision(outcome=RowOutcome.UNCHANGED)
    if prior.has_left:
        return RowDecision(outcome=RowOutcome.SKIPPED_UNSUBSCRIBED)
    if prior.state is None:
        state = _State.PENDING if asks and row.state is _State.ACTIVE else row.state
        return _ADDED[state]
    return _decide_change(prior, row, _next_state(prior.state, row.state, asks=asks))


def decide_sync_row(prior: PriorState, row: CheckedRow) -> RowDecision:
    """The whole rule of a sync, for one row: only members that a sync has brought in change.

    A sync brings back whom an earlier one has removed, but nobody who left.
    """
    if prior.is_suppressed:
        return RowDecision(outcome=RowOutcome.SKIPPED_SUPPRESSED)
    if prior.state is None:
        return _ADDED[_State.ACTIVE]
    if prior.source not in ("", SYNC):  # empty if an earlier row of the same sync has changed it
        return RowDecision(outcome=RowOutcome.SKIPPED_UNSUBSCRIBED if prior.has_left else RowOutcome.UNCHANGED)
    if prior.state is _State.SUSPENDED:
        return RowDecision(outcome=RowOutcome.UNCHANGED)
    following = move(prior.state, _Event.RETURN) if prior.state is _State.UNSUBSCRIBED else None
    return _decide_change(prior, row, following)


def _decide_change(prior: PriorState, row: CheckedRow, following: SubscriptionState | None) -> RowDecision:
    """What becomes of a subscription that is kept, and whose state may change."""
    changes_profile = merge_profile(prior, row) != prior.profile
    outcome = RowOutcome.UPDATED if following is not None or changes_profile else RowOutcome.UNCHANGED
    return RowDecision(outcome=outcome, state=following, changes_profile=changes_profile)


def _next_state(before: SubscriptionState, wanted: SubscriptionState, *, asks: bool) -> SubscriptionState | None:
    if wanted is _State.SUSPENDED:
        return move(before, _Event.SUSPEND)
    if wanted is _State.ACTIVE and before is _State.PENDING and not asks:
        return move(before, _Event.ADD)
    return None


def merge_profile(prior: PriorState, row: CheckedRow) -> PersonProfile:
    """Name, language and columns after a row; an empty cell keeps the value from before."""
    attributes = {**prior.attributes, **row.attributes} if row.attributes else prior.attributes
    return PersonProfile(row.name or prior.name, row.language or prior.language, attributes)


def state_after(prior: PriorState, row: CheckedRow, decision: RowDecision) -> PriorState:
    """What is known of the address after the row; a subscriber or subscription that it adds has no id yet.

    Whoever it subscribes, suspends or unsubscribes gets this import as the source, which is left empty here.
    """
    profile = merge_profile(prior, row) if decision.changes_profile else prior.profile
    state = decision.state or prior.state
    return PriorState(
        subscriber_id=prior.subscriber_id,
        subscription_id=prior.subscription_id,
        address=prior.address or row.address.typed,
        name=profile.name,
        language=profile.language,
        attributes=profile.attributes,
        state=state,
        source=prior.source if decision.state is None else "",
        has_left=prior.has_left if decision.state is None else state is _State.UNSUBSCRIBED,
        is_suppressed=prior.is_suppressed,
    )


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How an import, or with the source `sync` a sync, is carried out. Without `entropy` it is a dry run."""

    list_name: str
    keys: KeyRing
    now: int
    asks: bool
    confirm_seconds: float = 0.0
    entropy: Entropy | None = None
    source: str = SOURCE

    @classmethod
    def of(cls, context: ServiceContext, list_name: str, *, asks: bool, source: str) -> ImportOptions:
        """The options of one that is carried out now."""
        return cls(
            list_name=list_name,
            keys=context.keys,
            now=context.now,
            asks=asks,
            confirm_seconds=context.tokens.confirm_lifetime_seconds,
            entropy=context.entropy,
            source=source,
        )

    def decide(self, prior: PriorState, row: CheckedRow) -> RowDecision:
        """What a row does, by the rule of an import or of a sync."""
        return decide_sync_row(prior, row) if self.source == SYNC else decide_row(prior, row, asks=self.asks)
