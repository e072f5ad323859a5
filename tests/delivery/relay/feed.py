"""A feed for tests: a queue in memory that remembers every outcome and tells when enough have come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import HandOver, Outcome, Outgoing


class ListFeed:
    """Gives each message once; with `requeue`, what was unsent comes back, as a dispatcher would do it."""

    def __init__(self, messages: Iterable[Outgoing] = (), *, requeue: bool = False) -> None:
        self.queue = deque(messages)
        self.settled: list[tuple[str, Outgoing, HandOver]] = []
        self.carried: list[int] = []
        self._requeue = requeue
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    def next(self, relay: str) -> Outgoing | None:
        if not self.queue:
            return None
        outgoing = self.queue.popleft()
        self.carried.append(outgoing.delivery_id)
        return outgoing

    def record(self, relay: str, outcomes: Sequence[RecipientOutcome]) -> None:
        for outcome in outcomes:
            if self._requeue and outcome.result.outcome is Outcome.UNSENT:
                self.queue.append(outcome.outgoing)
            else:
                self.settled.append((relay, outcome.outgoing, outcome.result))
        for count, future in self._waiters:
            if len(self.settled) >= count and not future.done():
                future.set_result(None)

    def waiting(self, relay: str) -> int:
        return len(self.queue)

    async def until_settled(self, count: int, seconds: float = 20.0) -> None:
        """Wait for so many outcomes; raises TimeoutError."""
        if len(self.settled) >= count:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((count, future))
        async with asyncio.timeout(seconds):
            await future

    @property
    def outcomes(self) -> dict[int, Outcome]:
        """Outcome by message; the last one where there are several, so compare `settled` for their number."""
        return {outgoing.delivery_id: result.outcome for _, outgoing, result in self.settled}

    def result(self, delivery_id: int) -> HandOver:
        """The one outcome of a message."""
        [result] = [result for _, outgoing, result in self.settled if outgoing.delivery_id == delivery_id]
        return result


def message(number: int, recipient: str = "", content: bytes = b"Subject: Hello\r\n\r\nHello\r\n") -> Outgoing:
    """A message whose return path tells its recipient, as the real ones do."""
    local = recipient or f"reader-{number}"
    return Outgoing(number, f"news-bounces+{number}@news.example", f"{local}@readers.example", content)
