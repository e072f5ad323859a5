"""A worker in the process of the test, for tests of the queue: what a connection takes is assigned at that moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pressrun.core.signing.keys import KeyRing
from pressrun.core.site import Site
from pressrun.delivery.mailer.mailer import Mailer
from pressrun.delivery.queue.jobs import Supply
from pressrun.delivery.worker.assignments import Assignments
from pressrun.message.signatures.dkim import Signer
from pressrun.services.ports import RelayPool, RelayStatus
from pressrun.services.settings import TokenSettings
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import Outgoing

TOLERANCE_SECONDS = 0.05  # the steps in which tests let time pass


class DirectWorker:
    """Takes rows from a supply one by one, and hands every result on at once; `pool` stands for its connections."""

    def __init__(
        self, supply: Supply, pool: RelayPool, *, site: Site, keys: KeyRing, clock: Callable[[], float]
    ) -> None:
        self._supply = supply
        self._pool = pool
        self._clock = clock
        self._site = site
        self._keys = keys
        self.mailer = self._mailer(None)
        self.assignments = Assignments(self.mailer, None, report=lambda: None, wake=pool.wake, clock=clock)
        self._tolerances: dict[str, float] = {}
        self.assignments.change(self.mailer, self._tolerances)

    def _mailer(self, signer: Signer | None) -> Mailer:
        return Mailer(site=self._site, keys=self._keys, tokens=TokenSettings(), signer=signer, clock=self._clock)

    def sign_with(self, signer: Signer | None) -> None:
        """Sign with these keys, or not at all, from the next mail on."""
        self.mailer = self._mailer(signer)
        self.assignments.change(self.mailer, self._tolerances)

    def next(self, relay: str) -> Outgoing | None:
        """What a connection gets."""
        self._tolerances[relay] = TOLERANCE_SECONDS
        while True:
            outgoing = self.assignments.next(relay)
            self._report()
            if outgoing is not None:
                return outgoing
            jobs = self._supply.next(relay, 1)
            if not jobs:
                return None
            self.assignments.add(relay, jobs)

    def record(self, relay: str, outcomes: Sequence[RecipientOutcome]) -> None:
        """What became of mails that connections took."""
        self.assignments.record(relay, outcomes)
        self._report()

    def waiting(self, relay: str) -> int:
        """How many mails could be handed over now."""
        return self.assignments.waiting(relay) + self._supply.waiting(relay)

    def _report(self) -> None:
        for results in self.assignments.collect():
            self._supply.record(results.relay, results.results)

    # What the queue asks.

    def wake(self) -> None:
        self._pool.wake()

    def statuses(self) -> list[RelayStatus]:
        return self._pool.statuses()

    def capacity(self, relay: str | None = None) -> int:
        return self._pool.capacity(relay)

    def recall(self) -> None:
        self.assignments.recall()
        self._report()

    def probe_relays(self) -> None:
        self._pool.probe_relays()

    async def drain(self, seconds: float) -> None:
        self.recall()
        await self._pool.drain(seconds)
