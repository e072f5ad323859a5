"""The memory that all requests without an answer may take together.

The beginning of each request is free, so there is always room for a one-click POST, a sign-up or a confirmation. A
larger request without room is answered 503.
"""

from __future__ import annotations

from pressrun.core.current import Holder
from pressrun.runtime.shared_memory import MemoryShare, SharedMemory

FREE_BYTES = 16 * 1024  # of each request, as much as its header may take; bounded by the number of connections


class BodyMemory(SharedMemory):
    """The octets of all current requests, beyond FREE_BYTES of each."""

    __slots__ = ()

    def __init__(self, limit: int) -> None:
        super().__init__(Holder(limit), FREE_BYTES)


class BodyShare(MemoryShare):
    """What a connection's current request holds of it."""

    __slots__ = ("_arrived",)

    def __init__(self, memory: BodyMemory) -> None:
        super().__init__(memory)
        self._arrived = 0

    def grow(self, octets: int) -> bool:
        """Hold `octets` more; False if there is no room for them."""
        self._arrived += octets
        return self.grow_to(self._arrived)

    def give_back(self) -> None:
        """Release everything, when the request is answered or its client is gone."""
        super().give_back()
        self._arrived = 0
