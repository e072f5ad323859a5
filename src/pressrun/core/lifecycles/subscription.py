"""The life cycle of a subscription: its states, its events, and the transitions between them.

        sign_up                confirm
  (none) ──────► pending ───────────────► active ◄──────────────┐
                   │  expire              │  ▲                  │ resume, confirm
                   ▼                      │  └── add (operator) │
                (none) / unsubscribed     │ suspend, pause      │
                                          ▼                     │
             unsubscribed ◄── leave ── suspended ───────────────┘
                   │ sign_up
                   ├────────► pending
                   │ return
                   └────────► active / suspended, as it was (from pending too)

An event that the table does not list for a state is not allowed: `move` returns None and nothing changes.
"""

from __future__ import annotations

from enum import StrEnum

SYNC = "sync"  # the source of subscriptions that a sync keeps as its file says


class SubscriptionState(StrEnum):
    """The state of a subscription. `suspended` means suspended for bounces, or paused by the reader until a date."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    UNSUBSCRIBED = "unsubscribed"


class SubscriptionEvent(StrEnum):
    """What can happen to a subscription."""

    SIGN_UP = "sign_up"  # the reader asked to subscribe; a confirmation goes out
    CONFIRM = "confirm"  # the reader proved that the address is theirs
    ADD = "add"  # the operator added or imported them
    LEAVE = "leave"  # the reader unsubscribed, or was removed
    SUSPEND = "suspend"  # bounces reached the limit
    PAUSE = "pause"  # the reader paused the list until a date
    RESUME = "resume"  # the pause ended, or the reader ended it
    RETURN = "return"  # the reader, or the sync that removed them, undid the unsubscribe: the earlier state is restored


_S, _E = SubscriptionState, SubscriptionEvent

TRANSITIONS: dict[tuple[SubscriptionState | None, SubscriptionEvent], SubscriptionState] = {
    (None, _E.SIGN_UP): _S.PENDING,
    (None, _E.ADD): _S.ACTIVE,
    (_S.PENDING, _E.SIGN_UP): _S.PENDING,
    (_S.PENDING, _E.CONFIRM): _S.ACTIVE,
    (_S.PENDING, _E.ADD): _S.ACTIVE,
    (_S.PENDING, _E.LEAVE): _S.UNSUBSCRIBED,
    (_S.ACTIVE, _E.CONFIRM): _S.ACTIVE,
    (_S.ACTIVE, _E.LEAVE): _S.UNSUBSCRIBED,
    (_S.ACTIVE, _E.SUSPEND): _S.SUSPENDED,
    (_S.ACTIVE, _E.PAUSE): _S.SUSPENDED,
    (_S.SUSPENDED, _E.PAUSE): _S.SUSPENDED,
    (_S.SUSPENDED, _E.RESUME): _S.ACTIVE,
    (_S.SUSPENDED, _E.CONFIRM): _S.ACTIVE,
    (_S.SUSPENDED, _E.LEAVE): _S.UNSUBSCRIBED,
    (_S.UNSUBSCRIBED, _E.SIGN_UP): _S.PENDING,
    (_S.UNSUBSCRIBED, _E.RETURN): _S.ACTIVE,
    (_S.PENDING, _E.RETURN): _S.ACTIVE,
}


def move(state: SubscriptionState | None, event: SubscriptionEvent) -> SubscriptionState | None:
    """The state after `event`, or None if the event is not allowed in `state`."""
    return TRANSITIONS.get((state, event))


class LeavingReason(StrEnum):
    """Why a reader unsubscribed: the answers in the order of the page. Only totals are kept, never who gave one."""

    TOO_MANY = "too-many"
    NOT_EXPECTED = "not-expected"
    NEVER_SIGNED_UP = "never-signed-up"
    OTHER = "other"


def find_leaving_reason(text: str) -> LeavingReason | None:
    """The reason with this value, or None."""
    return next((reason for reason in LeavingReason if reason.value == text), None)
