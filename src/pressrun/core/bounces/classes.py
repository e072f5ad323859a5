"""The classes of bounces, and what each means for a copy and its reader.

Whether bounces suspend a reader is decided elsewhere: core.bounces.scores counts them, services.readers.suspension
acts.
"""

from __future__ import annotations

from enum import StrEnum

from pressrun.core.lifecycles.delivery import FailureKind


class BounceClass(StrEnum):
    """What a refusal or a notification is about. Only GONE, FULL, UNREACHABLE and OTHER ever count against a reader."""

    GONE = "gone"  # the mailbox is gone or never was, or its domain
    FULL = "full"  # the mailbox is full or inactive, and cannot take mail now
    UNREACHABLE = "unreachable"  # no server accepted the mail in time, or its host cannot be found
    OTHER = "other"  # a permanent failure without a usable reason
    MESSAGE = "message"  # this message, no matter who the recipient is
    POLICY = "policy"  # the sender: its reputation, its authentication, a filter's opinion
    DELAYED = "delayed"  # still being tried
    DELIVERED = "delivered"  # a report of success
    AUTO_REPLY = "auto-reply"  # a vacation notice or its like

    @property
    def kind(self) -> FailureKind | None:
        """The kind of failure of a copy; None if it has not failed."""
        return _KINDS.get(self)

    @property
    def rank(self) -> int:
        """Of several recipients in a report about one copy, the one with the lowest rank decides."""
        return _RANKS.index(self)


_KINDS = {
    BounceClass.GONE: FailureKind.HARD,
    BounceClass.FULL: FailureKind.SOFT,
    BounceClass.UNREACHABLE: FailureKind.EXPIRED,
    BounceClass.OTHER: FailureKind.SOFT,
    BounceClass.MESSAGE: FailureKind.MESSAGE,
    BounceClass.POLICY: FailureKind.POLICY,
}
FAILURES = tuple(_KINDS)  # the classes that a copy that failed may have
_RANKS = (
    BounceClass.DELIVERED,
    BounceClass.AUTO_REPLY,
    BounceClass.DELAYED,
    BounceClass.POLICY,
    BounceClass.MESSAGE,
    BounceClass.OTHER,
    BounceClass.UNREACHABLE,
    BounceClass.FULL,
    BounceClass.GONE,
)
