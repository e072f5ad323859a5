"""The queues in which accepted mail waits: each has a parser process of its own, so none delays another.

A signed address proves that we once wrote to whoever uses it. It goes before mail that anybody can send: a reader
leaves at once, however much hostile mail waits. What one such address may send before the others is limited (see
services.incoming.mail_acceptance), since every reader has some.
"""

from __future__ import annotations

from enum import StrEnum

from pressrun.core.mail_routes import RouteKind


class MailQueue(StrEnum):
    """Where an accepted mail waits; the first is the most urgent."""

    READERS = "readers"  # a signed address to leave or to confirm
    BOUNCES = "bounces"  # a signed return path; complaints that enclose a signed address
    STRANGERS = "strangers"  # everything else


_SIGNED = {
    RouteKind.LEAVE: MailQueue.READERS,
    RouteKind.CONFIRM: MailQueue.READERS,
    RouteKind.BOUNCES: MailQueue.BOUNCES,
}


def queue_of(kind: RouteKind) -> MailQueue:
    """The queue for mail to an address of this kind, whose token is genuine where it has one."""
    return _SIGNED.get(kind, MailQueue.STRANGERS)
