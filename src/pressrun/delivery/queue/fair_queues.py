"""Claimed copies that wait for a connection, by lane: each lane in its own order, the lanes in turn.

A lane that may send nothing for the moment holds up no other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

J = TypeVar("J")
NEVER = float("inf")  # only a result or a person opens the lane again


class FairQueues(Generic[J]):
    """Queues by lane name; "" is the lane of all that have none of their own, and are told apart by `name_of`."""

    def __init__(self, name_of: Callable[[J], str]) -> None:
        self._name_of = name_of
        self._queues: dict[str, deque[J]] = {}  # none is empty
        self._turns: deque[str] = deque()  # lanes that hold something, the next one first
        self.length = 0  # of all queues

    def push(self, lane: str, job: J) -> None:
        """Put a copy at the end of its lane."""
        queue = self._queues.get(lane)
        if queue is None:
            queue = self._queues[lane] = deque()
            self._turns.append(lane)
        queue.append(job)
        self.length += 1

    def pop(
        self,
        opens_at: Callable[[str, float], float],
        now: float,
        until: float,
        waits: Callable[[str], bool] = lambda _: False,
    ) -> tuple[str, J] | float:
        """The next copy of a lane that opens by `until`, with its lane; or when the first lane opens, NEVER for not by
        itself. `opens_at` is asked with the lane and `now`; a lane that `waits` does not open by itself, and what waits
        and has no lane steps aside into a queue of its name.
        """
        soonest = NEVER
        for _ in range(len(self._turns)):
            lane = self._turns[0]
            at = NEVER if lane and waits(lane) else opens_at(lane, now)
            if at > until:
                soonest = min(soonest, at)
                self._turns.rotate(-1)
            elif lane or self._sift(waits):
                return lane, self._pop(lane)
            else:
                self._turns.popleft()
                del self._queues[lane]
        return soonest

    def _sift(self, waits: Callable[[str], bool]) -> bool:
        """Let those in front step aside that wait; says whether one is left that does not."""
        queue = self._queues[""]
        while queue:
            name = self._name_of(queue[0])
            if not waits(name):
                return True
            self.length -= 1
            self.push(name, queue.popleft())
        return False

    def _pop(self, lane: str) -> J:
        queue = self._queues[lane]
        job = queue.popleft()
        self.length -= 1
        self._turns.popleft()
        if queue:
            self._turns.append(lane)
        else:
            del self._queues[lane]
        return job

    def holds(self, lane: str) -> bool:
        """Whether a copy waits in this lane."""
        return lane in self._queues

    def lengths(self) -> dict[str, int]:
        """How many copies wait in each lane that holds some."""
        return {lane: len(self._queues[lane]) for lane in self._turns}

    def __iter__(self) -> Iterator[J]:
        """All that wait."""
        return (job for queue in self._queues.values() for job in queue)

    def heads(self) -> Iterator[tuple[str, J]]:
        """Each lane that holds something, with its first copy."""
        return ((lane, self._queues[lane][0]) for lane in self._turns)

    def remove(self, lane: str, is_meant: Callable[[J], bool] = lambda _: True) -> list[J]:
        """Take out of one lane what is meant, or everything."""
        queue = self._queues.get(lane)
        if queue is None:
            return []
        found = [job for job in queue if is_meant(job)]
        kept = [job for job in queue if not is_meant(job)]
        if kept:
            self._queues[lane] = deque(kept)
        else:
            del self._queues[lane]
            self._turns.remove(lane)
        self.length -= len(found)
        return found

    def clear(self) -> list[J]:
        """Take everything out."""
        found = [job for lane in self._turns for job in self._queues[lane]]
        self._queues.clear()
        self._turns.clear()
        self.length = 0
        return found
