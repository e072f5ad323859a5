"""The events of readers, editions and the service that programs can follow, and which change causes which event.

An event says that a state has changed. There are none for opens and clicks, because nobody counts these.
"""

from __future__ import annotations

from enum import StrEnum

from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.lifecycles.subscription import SubscriptionState


class EventType(StrEnum):
    """The types of events; the part before the dot is what they are about."""

    SUBSCRIPTION_REQUESTED = "subscription.requested"
    SUBSCRIPTION_STARTED = "subscription.started"
    SUBSCRIPTION_ENDED = "subscription.ended"
    SUBSCRIPTION_SUSPENDED = "subscription.suspended"
    SUBSCRIPTION_RESUMED = "subscription.resumed"
    SUBSCRIPTION_PAUSED = "subscription.paused"
    SUBSCRIBER_CHANGED = "subscriber.changed"
    SUBSCRIBER_ADDRESS_CHANGED = "subscriber.address_changed"
    SUBSCRIBER_SUPPRESSED = "subscriber.suppressed"
    SUBSCRIBER_UNSUPPRESSED = "subscriber.unsuppressed"
    SUBSCRIBER_ERASED = "subscriber.erased"
    EDITION_DRAFTED = "edition.drafted"
    EDITION_SUBMITTED = "edition.submitted"
    EDITION_APPROVED = "edition.approved"
    EDITION_RETURNED = "edition.returned"
    EDITION_SCHEDULED = "edition.scheduled"
    EDITION_STARTED = "edition.started"
    EDITION_PAUSED = "edition.paused"
    EDITION_RESUMED = "edition.resumed"
    EDITION_FINISHED = "edition.finished"
    EDITION_CANCELLED = "edition.cancelled"
    COPY_FAILED = "copy.failed"
    COMPLAINT_RECEIVED = "complaint.received"
    JOB_FINISHED = "job.finished"
    RELAY_FAILED = "relay.failed"
    RELAY_RECOVERED = "relay.recovered"
    QUEUE_BLOCKED = "queue.blocked"


Standing = tuple[SubscriptionState, str | None]
"""The state of a subscription, and why it is suspended."""

_OF_STATE = {
    SubscriptionState.PENDING: EventType.SUBSCRIPTION_REQUESTED,
    SubscriptionState.ACTIVE: EventType.SUBSCRIPTION_STARTED,
    SubscriptionState.SUSPENDED: EventType.SUBSCRIPTION_SUSPENDED,
    SubscriptionState.UNSUBSCRIBED: EventType.SUBSCRIPTION_ENDED,
}
_PAUSED = "paused"


def of_subscription(before: Standing | None, after: Standing | None) -> EventType | None:
    """The event of a change to one subscription, None if nothing changed. No standing: no subscription."""
    if before == after:
        return None
    if after is None:
        return EventType.SUBSCRIPTION_ENDED
    state, suspended_for = after
    if state is SubscriptionState.SUSPENDED and suspended_for == _PAUSED:
        return EventType.SUBSCRIPTION_PAUSED
    if state is SubscriptionState.ACTIVE and before is not None and before[0] is SubscriptionState.SUSPENDED:
        return EventType.SUBSCRIPTION_RESUMED
    return _OF_STATE[state]


def of_edition(before: EditionState | None, after: EditionState) -> EventType | None:
    """What a change of an edition is, None where its state is the same.

    A new edition that has been sent long ago, as a list brings along that moves in, is no event.
    """
    if before is after:
        return None
    match after:
        case EditionState.DRAFT:
            return EventType.EDITION_DRAFTED
        case EditionState.SCHEDULED:
            return EventType.EDITION_SCHEDULED
        case EditionState.SENDING:
            is_first = before in (None, EditionState.DRAFT, EditionState.SCHEDULED)
            return EventType.EDITION_STARTED if is_first else EventType.EDITION_RESUMED
        case EditionState.PAUSED:
            return EventType.EDITION_PAUSED
        case EditionState.FINISHED:
            return None if before is None else EventType.EDITION_FINISHED
        case EditionState.CANCELLED:
            return EventType.EDITION_CANCELLED
