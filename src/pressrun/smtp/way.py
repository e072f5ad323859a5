"""In which way messages travel: from the fastest, which asks most of a peer, to the plainest, which all must know."""

from __future__ import annotations

from enum import StrEnum

from pressrun.smtp.capabilities import Capabilities


class Way(StrEnum):
    """How far we run ahead of the replies."""

    CHUNKING = "CHUNKING"  # whole messages, several in flight: RFC 3030 within RFC 2920
    PIPELINING = "PIPELINING"  # an envelope in one group, behind the content of the message before: RFC 2920
    LOCK_STEP = "lock step"  # one command, one reply: RFC 5321

    @property
    def simpler(self) -> Way:
        """One step plainer; nothing is plainer than lock step."""
        return Way.PIPELINING if self is Way.CHUNKING else Way.LOCK_STEP

    def is_simpler_than(self, other: Way) -> bool:
        """Whether it asks less of a peer."""
        return _ORDER[self] > _ORDER[other]


_ORDER = {way: place for place, way in enumerate(Way)}


def way_for(offers: Capabilities, fastest: Way) -> Way:
    """The fastest way that the peer offers and we may use."""
    if fastest is Way.LOCK_STEP or not offers.pipelining:
        return Way.LOCK_STEP
    return Way.CHUNKING if fastest is Way.CHUNKING and offers.chunking else Way.PIPELINING
