"""The claimed rows that wait to be handed out: by relay for lists that name one, and together for all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from pressrun.delivery.queue.destination_queues import DestinationQueues, Stale
from pressrun.delivery.queue.jobs import Job

ANY = ""  # the queues of mail that any relay may take


class LowWater(Struct, frozen=True, kw_only=True):
    """When to claim more: if only this many `rows` are left, apart from those for `relays` alone, or if one of these
    relays has fewer than `enough`.
    """

    rows: int = -1
    relays: frozenset[str] = frozenset()
    enough: int = 0


class ClaimedRows:
    """All rows that are claimed and not yet handed out."""

    def __init__(self) -> None:
        self.shared = DestinationQueues()
        self._queues = {ANY: self.shared}

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def __iter__(self) -> Iterator[Job]:
        return (job for queues in self._queues.values() for job in queues.jobs())

    def editions(self) -> set[int]:
        """The editions whose copies wait."""
        return {job.edition_id for job in self if job.edition_id}

    def copies(self, without: Collection[str]) -> int:
        """How many copies of editions wait, apart from those for these relays alone."""
        return sum([queues.copies.length for name, queues in self._queues.items() if name not in without])

    @property
    def are_all_shared(self) -> bool:
        """Whether no list has named a relay so far."""
        return len(self._queues) == 1

    def of_relay(self, relay: str) -> DestinationQueues:
        """The rows for one relay, or for ANY."""
        queues = self._queues.get(relay)
        if queues is None:
            queues = self._queues[relay] = DestinationQueues()
        return queues

    def own(self, relay: str) -> list[DestinationQueues]:
        """The queues for this relay alone: one of them, or none."""
        queues = None if relay == ANY else self._queues.get(relay)
        return [queues] if queues else []

    def enough(self, most: int) -> int:
        """How many copies are enough for each relay that lists name, if there is room for `most` in all. Together they
        get at most half of it, so that relays that accept nothing leave room for the others.
        """
        return max(1, most // 2 // max(2, len(self._queues) - 1))

    def full_relays(self, enough: int) -> frozenset[str]:
        """The relays for which enough copies of the lists that name them are claimed."""
        return frozenset(
            name for name, queues in self._queues.items() if name != ANY and queues.copies.length >= enough
        )

    def is_low(self, low_water: LowWater) -> bool:
        """Whether it is time to claim more."""
        return self.lacks(low_water) or self.copies(low_water.relays) <= low_water.rows

    def lacks(self, low_water: LowWater) -> bool:
        """Whether one of these relays no longer has enough."""
        return any(self._queues[name].copies.length < low_water.enough for name in low_water.relays)

    def notice_octets(self) -> int:
        """How much memory the waiting notices hold."""
        return sum(queues.notice_octets() for queues in self._queues.values())

    def copies_by_queue(self, without: Collection[str] = ()) -> Counter[str]:
        """How many copies wait in each destination queue, apart from those for these relays alone."""
        return _add_up(queues.copies.lengths() for name, queues in self._queues.items() if name not in without)

    def notices_by_queue(self, without: Collection[str] = ()) -> Counter[str]:
        """How many notices wait in the common queue, and have stepped aside for each domain, likewise."""
        return _add_up(queues.notices.lengths() for name, queues in self._queues.items() if name not in without)

    def destinations(self) -> set[str]:
        """The destinations that have a queue of their own here."""
        return {*self.copies_by_queue(), *self.notices_by_queue()} - {""}

    def holds(self, name: str) -> bool:
        """Whether a copy waits in this destination queue."""
        return any(queues.copies.holds(name) for queues in self._queues.values())

    def remove_stale(self, is_shut: Callable[[str], bool], now: float) -> Stale:
        """Remove rows that have waited too long, and those in queues that are shut."""
        stale = Stale()
        for queues in self._queues.values():
            queues.remove_stale(stale, is_shut, now)
        return stale

    def remove_domain(self, domain: str) -> list[Job]:
        """Remove the copies for a domain that has no queue of its own in the database."""
        return [job for queues in self._queues.values() for job in queues.remove_domain(domain)]

    def remove_editions(self, editions: Collection[int]) -> list[Job]:
        return [job for queues in self._queues.values() for job in queues.remove_editions(editions)]

    def clear(self) -> list[Job]:
        return [job for queues in self._queues.values() for job in queues.clear()]


def _add_up(lengths: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for number_by_queue in lengths:
        total.update(number_by_queue)
    return total
