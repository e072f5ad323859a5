"""The queue as the press process sees it: rows that the daemon sent, and answers that go back to it together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence

from pressrun.delivery.queue.alarm import Alarm
from pressrun.delivery.queue.jobs import NOT_SENT, Answer, Job, Unmade
from pressrun.delivery.queue.shelf import STALE_SECONDS
from pressrun.delivery.worker.frames import Answers
from pressrun.services.ports import Clock

# While as many rows as PLENTY wait for connections, answers that are noted go to the daemon together: each frame costs
# both ends as much as some copies do.
TOGETHER = 64
TOGETHER_SECONDS = 0.005
PLENTY = 32


class Inbox:
    """Rows that wait for a connection, by relay, as delivery.queue.jobs.Queue promises.

    `changed` is called when answers are to be said: at once, or when some have come together. `being_made` says how
    many rows of a relay were taken, and no connection has them yet.

    What no connection has taken for too long, or is for a relay that takes nothing, goes back as if it had not come.
    """

    def __init__(self, changed: Callable[[], None], clock: Clock) -> None:
        self._changed = changed
        self._clock = clock
        self._rows: dict[str, deque[tuple[float, Job]]] = {}
        self._answers: dict[str, Answers] = {}
        self.being_made: Callable[[str], int] = lambda _: 0
        self._count = 0
        self._alarm = Alarm(self._ask)
        self._has_asked = False

    def put(self, relay: str, jobs: list[Job]) -> None:
        """Let these be taken."""
        now = self._clock()
        self._rows.setdefault(relay, deque()).extend([(now, job) for job in jobs])

    def take(self, relay: str) -> Job | None:
        """The next row for this relay."""
        rows = self._rows.get(relay)
        return rows.popleft()[1] if rows else None

    def waiting(self, relay: str) -> int:
        """How many rows this relay could take."""
        return len(self._rows.get(relay, ()))

    def settle(self, relay: str, answers: Sequence[Answer]) -> None:
        """Keep answers for the daemon."""
        self._of(relay).answers.extend(answers)
        self._count += len(answers)
        may_wait = self._count < TOGETHER and self.waiting(relay) + self.being_made(relay) >= PLENTY
        if not (may_wait and all(answer.is_noted for answer in answers)):
            self._ask()
        elif not self._alarm.is_set:
            now = self._clock()
            self._alarm.set(now + TOGETHER_SECONDS, now)

    def not_made(self, relay: str, unmade: Unmade) -> None:
        """Keep for the daemon that a row has no mail."""
        self._of(relay).unmade.append(unmade)
        self._ask()

    def _of(self, relay: str) -> Answers:
        found = self._answers.get(relay)
        if found is None:
            found = self._answers[relay] = Answers(relay, [], [])
        return found

    def _ask(self) -> None:
        if not self._has_asked:
            self._changed()
            self._has_asked = True

    def take_answers(self) -> list[Answers]:
        """All that is to be said."""
        self._alarm.cancel()
        self._count, self._has_asked = 0, False
        answers, self._answers = self._answers, {}
        return list(answers.values())

    def give_back(self, keep: Collection[str] = ()) -> None:
        """Send back what waits, but for these relays."""
        for name, rows in self._rows.items():
            while rows and name not in keep:
                self.settle(name, [Answer(rows.popleft()[1].row.id, NOT_SENT)])

    def give_back_stale(self) -> None:
        """Send back what has waited too long."""
        now = self._clock()
        for relay, rows in self._rows.items():
            while rows and not now - STALE_SECONDS < rows[0][0] <= now:  # the clock may have been set back
                self.settle(relay, [Answer(rows.popleft()[1].row.id, NOT_SENT)])
