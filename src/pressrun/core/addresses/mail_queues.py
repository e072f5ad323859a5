"""The queues in which accepted mail waits. Each has its own parser process, so that none delays another.

A signed address proves that we once wrote to the person who uses it. Mail to it goes ahead of mail that anybody can
send, so that readers are unsubscribed at once, however much hostile mail waits. Since every reader has signed
addresses, the mail that may jump the queue by one of them is limited (see services.incoming.mail_acceptance).
"""

from __future__ import annotations

from enum import StrEnum

from pressrun.core.addresses.mail_routes import RouteKind


class MailQueue(StrEnum):
    """The queue of an accepted mail, most urgent first."""

    READERS = "readers"  # to a signed address for unsubscribing or confirming
    BOUNCES = "bounces"  # to a signed return path, and complaints that enclose a signed address
    STRANGERS = "strangers"  # everything else


_SIGNED = {
    RouteKind.LEAVE: MailQueue.READERS,
    RouteKind.CONFIRM: MailQueue.READERS,
    RouteKind.BOUNCES: MailQueue.BOUNCES,
}


def queue_of(kind: RouteKind) -> MailQueue:
    """The queue for mail to an address of this kind. The caller has verified the token of a signed address."""
    return _SIGNED.get(kind, MailQueue.STRANGERS)
