"""The memory that all requests without an answer may take together.

The beginning of each request is free, so that slow requests of many megabytes never keep out a small one: there is
always room for a one-click POST, a sign-up or a confirmation. A larger request without room is answered 503.
"""

from __future__ import annotations

FREE_BYTES = 16 * 1024  # of each request, as much as its header may take; bounded by the number of connections


class BodyMemory:
    """The octets beyond FREE_BYTES of all current requests. One request may take them all while no other holds any."""

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0


class BodyShare:
    """What a connection's current request holds of it."""

    __slots__ = ("_arrived", "_held", "_memory")

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._arrived = 0
        self._held = 0

    def grow(self, octets: int) -> bool:
        """Hold `octets` more; False if there is no room for them."""
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
        """Release everything, when the request is answered or its client is gone."""
        self._memory.held -= self._held
        self._arrived = self._held = 0
