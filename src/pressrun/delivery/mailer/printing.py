"""The press: makes the mail of each row that the queue gives, signs it where mail is signed, and feeds the connections.

Without signatures a mail is made when a connection asks for it, with some that follow where their order is settled.
With them rows are taken from the queue a little ahead, made, signed by other hands, and wait for a connection. What
waits too long goes back to the queue.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from pressrun.delivery.mailer.making import Maker
from pressrun.delivery.mailer.signatures import Hands
from pressrun.delivery.mailer.signing import Made, NotComposed, NotSigned, Signing
from pressrun.delivery.queue.destination_queues import STALE_SECONDS
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result, Supply
from pressrun.delivery.queue.timer import Timer
from pressrun.message.signatures.dkim import KnownHashes, Signer
from pressrun.services.mails.notifying import is_passed_on
from pressrun.services.ports import Clock, RelayPool, RelayStatus
from pressrun.smtp.events import Settled
from pressrun.smtp.handover import Outcome, Outgoing
from pressrun.store.deliveries import ClaimedNotice, SentMail

log = logging.getLogger("pressrun.worker")


class Press:
    """Feeds the connections of a pool from a queue; is itself the pool that the queue knows. Used on the event loop.

    `hands` make the signatures. `ahead` says how many rows may be taken for a relay, where mail is signed, beyond what
    its connections can carry. Where it is not, so many mails are made `together` while twice as many rows wait: 1 where
    the queue decides with each call who is next.
    """

    def __init__(
        self,
        queue: Supply,
        *,
        maker: Maker,
        signer: Signer | None,
        hands: Hands,
        clock: Clock,
        ahead: Callable[[str], int],
        together: int = 1,
    ) -> None:
        self._queue = queue
        self._may_take_ahead = ahead
        self._together = together
        self._maker = maker
        self._clock = clock
        self._pool: RelayPool | None = None
        self._signing: Signing[tuple[str, Job]] = Signing(
            signer, hands, compose=self._compose, clock=clock, made=self._count_made, on_made=self._made
        )
        self._ready: dict[str, deque[tuple[float, Job, Outgoing]]] = {}
        self._ahead: Counter[str] = Counter()  # rows of each relay that no connection has taken yet
        self._in_hand: Counter[str] = Counter()  # mails of each relay that its connections have
        self._notices: dict[int, ClaimedNotice] = {}  # that connections have in hand
        self._alarm = Timer(self._give_back_stale)
        self._draining = False

    def connect(self, pool: RelayPool) -> None:
        """Feed these connections, which were made with this press as their feed."""
        self._pool = pool

    # ------------------------------------------------------------------ the feed of the connections

    def take(self, relay: str) -> Outgoing | None:
        """The next mail whose turn has come, as services.ports.Feed promises."""
        while not self._draining:
            if self._signing.is_on:
                self._take_ahead(relay)
            elif self._together > 1 and not self._ready.get(relay):
                self._make_some(relay)
            ready = self._ready.get(relay)
            if ready:
                _, job, outgoing = ready.popleft()
                self._ahead[relay] -= 1
                given = self._handed_out(relay, job, outgoing)
                if self._signing.is_on:
                    self._signing.go_on()
            elif self._signing.is_on or (taken := self._next(relay)) is None:
                return None
            else:
                made = self._make(relay, taken)
                given = None if made is None else self._handed_out(relay, taken, made)
            if given is not None:
                return given
        return None

    def settle(self, relay: str, settled: Sequence[Settled]) -> None:
        """Tell the queue what became of mails."""
        self._in_hand[relay] -= len(settled)
        answers = [
            Result(one.outgoing.delivery_id, one.result, self._evidence_of(one), seconds=one.seconds) for one in settled
        ]
        self._queue.record(relay, answers)

    def _evidence_of(self, settled: Settled) -> SentMail | None:
        """What the evidence of consent keeps of a taken notice."""
        notice = self._notices.pop(settled.outgoing.delivery_id, None) if self._notices else None
        if notice is None or settled.result.outcome is not Outcome.DELIVERED:
            return None
        try:
            return self._maker.notices.sent(notice, settled.outgoing)
        except Exception:  # it has gone out all the same, as others have that were answered with it
            log.exception("press.no_evidence", extra={"fields": {"delivery": notice.id}})
            return None

    def waiting(self, relay: str) -> int:
        """How many mails could be handed over now."""
        if self._draining:
            return 0
        if self._signing.is_on:
            self._take_ahead(relay)
            return len(self._ready.get(relay, ()))
        return len(self._ready.get(relay, ())) + self._queue.waiting(relay)

    def being_made(self, relay: str) -> int:
        """How many rows were taken for a relay, and no connection has their mail yet."""
        return self._ahead[relay]

    # ------------------------------------------------------------------ the pool that the queue knows

    def wake(self) -> None:
        """There is something to take."""
        if self._pool is not None:
            self._pool.wake()

    def statuses(self) -> list[RelayStatus]:
        return [] if self._pool is None else self._pool.statuses()

    def capacity(self, relay: str | None = None) -> int:
        return 0 if self._pool is None else self._pool.capacity(relay)

    def recall(self) -> None:
        """Give back what no connection has."""
        self._give_back_all()

    async def drain(self, seconds: float) -> None:
        """Give back what no connection has, let them finish, and let go the hands that sign."""
        self._draining = True
        self._give_back_all()
        if self._pool is not None:
            await self._pool.drain(seconds)
        await self._signing.close()

    def sign_with(self, signer: Signer | None) -> None:
        """Sign with these keys, or not at all, from the next mail on: what is made already is made anew."""
        self._give_back_all()
        self._signing.change(signer)
        self.wake()

    # ------------------------------------------------------------------ making

    def _handed_out(self, relay: str, job: Job, outgoing: Outgoing) -> Outgoing | None:
        """What the connection gets; None where that fails, which the queue is told."""
        try:
            given = replace(outgoing, kind=job.queue or "", most=job.most) if job.most else outgoing
        except Exception as problem:  # noqa: BLE001 - told by the queue, and it holds up no other
            self._queue.record(relay, [_failed(job, problem)])
            return None
        self._in_hand[relay] += 1
        if isinstance(job.row, ClaimedNotice):
            self._notices[job.row.id] = job.row
        return given

    def _make(self, relay: str, job: Job) -> Outgoing | None:
        try:
            return self._maker.make(job)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one row, the queue goes on
            self._queue.record(relay, [_failed(job, problem)])
            return None

    def _make_some(self, relay: str) -> None:
        """Make the next mails in a row, if connections are sure to ask for them: code in warm caches is faster."""
        if self._queue.waiting(relay) < 2 * self._together:
            return
        ready, now = self._ready.setdefault(relay, deque()), self._clock()
        self._alarm.set(now + STALE_SECONDS, now)
        while len(ready) < self._together and (job := self._next(relay)) is not None:
            made = self._make(relay, job)
            if made is not None:
                ready.append((now, job, made))
                self._ahead[relay] += 1

    def _take_ahead(self, relay: str) -> None:
        unsigned: list[tuple[str, Job]] = []
        capacity = self.capacity(relay)
        most = max(0, capacity - self._in_hand[relay]) + self._may_take_ahead(relay) if capacity else 0
        try:
            while self._ahead[relay] < most and (job := self._next(relay)) is not None:
                self._ahead[relay] += 1
                if not is_passed_on(job.row):
                    unsigned.append((relay, job))
                elif (made := self._make(relay, job)) is not None:
                    self._made([((relay, job), made)])
                else:
                    self._ahead[relay] -= 1
        finally:  # those that were taken before the queue failed
            if unsigned:
                self._signing.submit(unsigned)

    def _next(self, relay: str) -> Job | None:
        return next(iter(self._queue.next(relay, 1)), None)

    def _compose(self, work: tuple[str, Job]) -> tuple[Outgoing, KnownHashes]:
        return self._maker.make_known(work[1])

    def _made(self, results: Sequence[tuple[tuple[str, Job], Made]]) -> None:
        """Take what was signed. Nothing goes out unsigned: what could not be signed stays in the queue."""
        for (relay, job), made in results:
            left = self._put_ready(relay, job, made) if isinstance(made, Outgoing) else made
            if left is not None:
                self._ahead[relay] -= 1
                self._queue.record(
                    relay, [Result(job.row.id, CompositionFailed(left.fault, isinstance(left, NotSigned)))]
                )
        self.wake()

    def _put_ready(self, relay: str, job: Job, outgoing: Outgoing) -> NotComposed | None:
        """Let a mail be taken; gives what to tell the queue where that fails."""
        try:
            now = self._clock()
            self._alarm.set(now + STALE_SECONDS, now)
            self._ready.setdefault(relay, deque()).append((now, job, outgoing))  # the last: nothing behind it can fail
        except Exception as problem:  # noqa: BLE001 - told by the queue, and it holds up no other
            return NotComposed(type(problem).__name__)
        return None

    def _count_made(self) -> int:
        return sum(map(len, self._ready.values()))

    # ------------------------------------------------------------------ giving back

    def _give_back(self, relay: str, job: Job) -> None:
        self._ahead[relay] -= 1
        self._queue.record(relay, [Result(job.row.id, NOT_SENT)])

    def _give_back_all(self) -> None:
        for relay, job in self._signing.give_up():
            self._give_back(relay, job)
        for relay, ready in self._ready.items():
            while ready:
                self._give_back(relay, ready.popleft()[1])
        self._alarm.cancel()

    def _give_back_stale(self) -> None:
        now = self._clock()
        for relay, ready in self._ready.items():
            while ready and not now - STALE_SECONDS < ready[0][0] <= now:  # the clock may have been set back
                self._give_back(relay, ready.popleft()[1])
        held = [ready[0][0] for ready in self._ready.values() if ready]
        if held:
            self._alarm.set(min(held) + STALE_SECONDS, now)


def _failed(job: Job, problem: Exception) -> Result:
    return Result(job.row.id, CompositionFailed(type(problem).__name__))
