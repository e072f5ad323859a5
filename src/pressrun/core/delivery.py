"""The life of one copy, and what a relay's reply means for it.

queued ──claim──► claimed ──┬─► delivered ──fail (a bounce came)──► failed
  ▲                 │ ▲     ├─► failed ──requeue (resend)──► queued
  │                 │ │     └─► deferred ──claim─┐   │
  └─── release ─────┘ └──────────────────────────┘   └── fail (given up)
queued, deferred ──cancel──► cancelled
"""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a copy stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeliveryEvent(StrEnum):
    """What can happen to a copy."""

    CLAIM = "claim"  # the attempt is on record, no byte has gone out yet
    RELEASE = "release"  # claimed, but never handed over: back to the queue
    DELIVER = "deliver"
    DEFER = "defer"
    FAIL = "fail"
    CANCEL = "cancel"
    REQUEUE = "requeue"


_S, _E = DeliveryState, DeliveryEvent

TRANSITIONS: dict[tuple[DeliveryState, DeliveryEvent], DeliveryState] = {
    (_S.QUEUED, _E.CLAIM): _S.CLAIMED,
    (_S.QUEUED, _E.CANCEL): _S.CANCELLED,
    (_S.QUEUED, _E.FAIL): _S.FAILED,
    (_S.CLAIMED, _E.RELEASE): _S.QUEUED,
    (_S.CLAIMED, _E.DELIVER): _S.DELIVERED,
    (_S.CLAIMED, _E.DEFER): _S.DEFERRED,
    (_S.CLAIMED, _E.FAIL): _S.FAILED,
    (_S.DEFERRED, _E.CLAIM): _S.CLAIMED,
    (_S.DEFERRED, _E.CANCEL): _S.CANCELLED,
    (_S.DEFERRED, _E.FAIL): _S.FAILED,
    (_S.DELIVERED, _E.FAIL): _S.FAILED,
    (_S.FAILED, _E.REQUEUE): _S.QUEUED,
}


def move(state: DeliveryState, event: DeliveryEvent) -> DeliveryState | None:
    """The state after `event`, or None when the event may not happen in `state`."""
    return TRANSITIONS.get((state, event))


class FailureKind(StrEnum):
    """Whose fault a refusal is; only `hard` and `soft` ever count against a reader."""

    HARD = "hard"  # the mailbox is gone or never was
    SOFT = "soft"  # the mailbox cannot take mail now
    POLICY = "policy"  # the sender, its reputation or its authentication
    MESSAGE = "message"  # this message, whoever gets it
    EXPIRED = "expired"  # nobody took it in time
