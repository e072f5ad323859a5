"""How much several holders may keep in memory together.

The beginning of what each holds is free: however slowly large things trickle in, they never keep a small one out. A
larger one must find room.
"""

from __future__ import annotations

from pressrun.core.current import Current


class SharedMemory:
    """The octets that all holders keep, not counting the first `free` of each. One alone may exceed the limit."""

    __slots__ = ("_limit", "free", "held")

    def __init__(self, limit: Current[int], free: int) -> None:
        self._limit = limit
        self.free = free
        self.held = 0

    @property
    def limit(self) -> int:
        """How much all together may hold."""
        return self._limit.value

    def has_room(self, octets: int) -> bool:
        """Whether somebody could hold this much now, in addition to what is held."""
        more = octets - self.free
        return more <= 0 or self.held == 0 or self.held + more <= self.limit


class MemoryShare:
    """What one holder keeps."""

    __slots__ = ("_held", "_memory", "_octets")

    def __init__(self, memory: SharedMemory) -> None:
        self._memory = memory
        self._held = 0
        self._octets = 0  # what was asked for in total, with the part that is free

    def grow(self, octets: int) -> bool:
        """Hold this much more; False if there is no room."""
        return self.grow_to(self._octets + octets)

    def grow_to(self, octets: int) -> bool:
        """Hold this much in total. If there is no room, change nothing and return False."""
        self._octets = octets
        more = octets - self._memory.free - self._held
        if more <= 0:
            return True
        others = self._memory.held - self._held
        if others and self._memory.held + more > self._memory.limit:
            return False
        self._memory.held += more
        self._held += more
        return True

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._memory.held -= self._held
        self._held = self._octets = 0
