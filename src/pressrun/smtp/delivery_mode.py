"""Delivery modes, from the fastest, which needs most of a peer, to the plainest, which every peer supports."""

from __future__ import annotations

from enum import StrEnum

from pressrun.smtp.capabilities import Capabilities


class DeliveryMode(StrEnum):
    """How far we run ahead of the replies."""

    CHUNKING = "CHUNKING"  # whole messages, several in flight: RFC 3030 within RFC 2920
    PIPELINING = "PIPELINING"  # an envelope in one group, behind the content of the message before: RFC 2920
    LOCK_STEP = "lock step"  # one command, one reply: RFC 5321

    @property
    def simpler(self) -> DeliveryMode:
        """One step plainer; nothing is plainer than lock step."""
        return DeliveryMode.PIPELINING if self is DeliveryMode.CHUNKING else DeliveryMode.LOCK_STEP

    def is_simpler_than(self, other: DeliveryMode) -> bool:
        """Whether it requires less of a peer."""
        return _ORDER[self] > _ORDER[other]


_ORDER = {mode: place for place, mode in enumerate(DeliveryMode)}


def mode_for(offers: Capabilities, fastest: DeliveryMode) -> DeliveryMode:
    """The fastest mode that the peer supports and we may use."""
    if fastest is DeliveryMode.LOCK_STEP or not offers.pipelining:
        return DeliveryMode.LOCK_STEP
    return DeliveryMode.CHUNKING if fastest is DeliveryMode.CHUNKING and offers.chunking else DeliveryMode.PIPELINING
