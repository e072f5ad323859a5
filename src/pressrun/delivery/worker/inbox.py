"""The queue as the press process sees it: rows that the daemon sent, and answers that go back to it together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence

from pressrun.delivery.queue.destination_queues import STALE_SECONDS
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result
from pressrun.delivery.queue.timer import Timer
from pressrun.delivery.worker.frames import Answers
from pressrun.services.ports import Clock

# While as many rows as PLENTY wait for connections, answers that are noted go to the daemon together: each frame costs
# both ends as much as some copies do.
TOGETHER = 64
TOGETHER_SECONDS = 0.005
PLENTY = 32


class Inbox:
    """Rows that wait for a connection, by relay, as delivery.queue.jobs.Supply promises.

    `changed` is called when answers are to be said: at once, or when some have come together. `being_made` says how
    many rows of a relay were taken, and no connection has them yet.

    What no connection has taken for too long, or is for a relay that takes nothing, goes back as if it had not come.
    """

    def __init__(self, changed: Callable[[], None], clock: Clock) -> None:
        self._changed = changed
        self._clock = clock
        self._rows: dict[str, deque[tuple[float, Job]]] = {}
        self._results: dict[str, list[Result]] = {}
        self.being_made: Callable[[str], int] = lambda _: 0
        self._count = 0
        self._alarm = Timer(self._ask)
        self._has_asked = False

    def put(self, relay: str, jobs: list[Job]) -> None:
        """Let these be taken."""
        now = self._clock()
        self._rows.setdefault(relay, deque()).extend([(now, job) for job in jobs])

    def next(self, relay: str, most: int) -> list[Job]:
        """The next rows for this relay."""
        rows = self._rows.get(relay, ())
        return [rows.popleft()[1] for _ in range(min(most, len(rows)))] if rows else []

    def waiting(self, relay: str) -> int:
        """How many rows this relay could take."""
        return len(self._rows.get(relay, ()))

    def record(self, relay: str, results: Sequence[Result]) -> None:
        """Keep results for the daemon."""
        self._of(relay).extend(results)
        self._count += len(results)
        may_wait = self._count < TOGETHER and self.waiting(relay) + self.being_made(relay) >= PLENTY
        if not (may_wait and all(_may_wait(one) for one in results)):
            self._ask()
        elif not self._alarm.is_set:
            now = self._clock()
            self._alarm.set(now + TOGETHER_SECONDS, now)

    def _of(self, relay: str) -> list[Result]:
        return self._results.setdefault(relay, [])

    def _ask(self) -> None:
        if not self._has_asked:
            self._changed()
            self._has_asked = True

    def take_answers(self) -> list[Answers]:
        """All that is to be said."""
        self._alarm.cancel()
        self._count, self._has_asked = 0, False
        results, self._results = self._results, {}
        return [Answers(relay, found) for relay, found in results.items()]

    def give_back(self, keep: Collection[str] = ()) -> None:
        """Send back what waits, but for these relays."""
        for name, rows in self._rows.items():
            while rows and name not in keep:
                self.record(name, [Result(rows.popleft()[1].row.id, NOT_SENT)])

    def give_back_stale(self) -> None:
        """Send back what has waited too long."""
        now = self._clock()
        for relay, rows in self._rows.items():
            while rows and not now - STALE_SECONDS < rows[0][0] <= now:  # the clock may have been set back
                self.record(relay, [Result(rows.popleft()[1].row.id, NOT_SENT)])


def _may_wait(result: Result) -> bool:
    return result.is_journaled and not isinstance(result.outcome, CompositionFailed)
