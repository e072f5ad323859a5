"""The states of one copy, and whose fault a failure is. The statements of store.queue.deliveries make these moves, and
check the state that they move from; random lives of the queue test them.

queued ──claim──► claimed ──┬─► delivered ──fail (a bounce came)──► failed
  ▲                 │ ▲     ├─► failed ──requeue (resend)──► queued
  │                 │ │     └─► deferred ──claim─┐   │
  └─── release ─────┘ └──────────────────────────┘   └── fail (given up)
queued, deferred ──cancel──► cancelled
"""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    """The state of a copy."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


WAITING = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.DEFERRED)  # it may still be sent
OVER = (DeliveryState.CANCELLED, DeliveryState.DELIVERED, DeliveryState.FAILED)  # nothing more is sent


class FailureKind(StrEnum):
    """Whose fault a refusal is. Only `hard` and `soft` ever count against a reader."""

    HARD = "hard"  # the mailbox is gone or never was
    SOFT = "soft"  # the mailbox cannot take mail now
    POLICY = "policy"  # the sender, its reputation or its authentication
    MESSAGE = "message"  # this message, no matter who gets it
    EXPIRED = "expired"  # nobody took it in time


REFUSALS = frozenset({FailureKind.HARD, FailureKind.POLICY, FailureKind.MESSAGE})  # permanent, by a server
