"""How much of requests that are not answered yet is held in memory, all connections together.

The beginning of each request is free, so that requests of many megabytes, however slowly they trickle, never keep a
small one out: a one-click POST, a sign-up or a confirmation always finds room. What is larger and finds none is
answered 503.
"""

from __future__ import annotations

FREE_BYTES = 16 * 1024  # of each request: as much as its header may take. Times `connections` this is a bound, too


class BodyMemory:
    """The octets beyond FREE_BYTES of all requests at hand. One may take the whole while no other holds any."""

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0


class BodyShare:
    """What the request that a connection has at hand holds of it."""

    __slots__ = ("_arrived", "_held", "_memory")

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._arrived = 0
        self._held = 0

    def grow(self, octets: int) -> bool:
        """Hold so many octets more; False when there is no room for them."""
        self._arrived += octets
        more = self._arrived - FREE_BYTES - self._held
        if more <= 0:
            return True
        others = self._memory.held - self._held
        if others and self._memory.held + more > self._memory.limit:
            return False
        self._memory.held += more
        self._held += more
        return True

    def give_back(self) -> None:
        """The request is answered, or its client is gone."""
        self._memory.held -= self._held
        self._arrived = self._held = 0
