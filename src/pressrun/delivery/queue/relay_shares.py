"""Which rows a relay may get now: those for this relay alone, and its share, by weight, of those for any relay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from pressrun.core.pacing.destination_state import relay_destination
from pressrun.delivery.queue.claimed_rows import ClaimedRows
from pressrun.delivery.queue.destination_queues import DestinationQueues
from pressrun.delivery.queue.pacing import EARLY_SECONDS, Pacer
from pressrun.delivery.queue.relay_weights import RelayWeights
from pressrun.delivery.queue.throttle import Throttle

UNABLE_SECONDS = 1.0  # a relay whose next slot is further ahead has no share of the mail for any relay,
SILENT_SECONDS = 2.0  # nor has a relay that has not asked for so long: its connections are busy, or it does not answer


class RelayShares:
    """Shares the mail for any relay among the relays that can accept some now, by weight if there are several."""

    def __init__(self, weights: Mapping[str, int], pacer: Pacer, throttle: Throttle) -> None:
        self._throttle = throttle
        self._failing: Callable[[], Collection[str]] = frozenset
        self._asked_at: dict[str, float] = {}
        self._gave_back: set[str] = set()  # relays that returned rows untried and have given no result since
        self._passed_over: set[str] = set()  # relays that got nothing, since others are to take their share first
        self.reload(weights, pacer)

    def reload(self, weights: Mapping[str, int], pacer: Pacer) -> None:
        """Use new weights and rates."""
        self._weights = RelayWeights(weights)
        self.are_weighed = self._weights.are_needed
        self._pacer = pacer

    def watch(self, failing: Callable[[], Collection[str]]) -> None:
        """From now on, ask this function which relays accept nothing."""
        self._failing = failing

    def working(self) -> list[str]:
        """The relays that are not failing."""
        failing = self._failing()
        return [name for name in self._pacer.relays if name not in failing]

    def count_request(self, relay: str, now: float) -> None:
        """This relay asks for rows."""
        self._asked_at[relay] = now

    def hand_out(self, relay: str) -> None:
        """This relay gets a row that any relay might have got."""
        self._weights.hand_out(relay)

    def learn(self, relay: str, *, is_untried: bool) -> None:
        """This relay has given a result, or returned a row untried."""
        if is_untried:
            self._gave_back.add(relay)
        else:
            self._gave_back.discard(relay)

    def pop_passed_over(self) -> bool:
        """Whether relays that got nothing may get something now, as another has taken its share; True only once."""
        were_passed_over = bool(self._passed_over)
        self._passed_over.clear()
        return were_passed_over

    def open_queues(self, rows: ClaimedRows, relay: str, now: float, until: float) -> list[DestinationQueues]:
        """The rows for this relay alone, and those for any relay as far as its share goes, for a slot at `until`."""
        if rows.are_all_shared and not self.are_weighed:
            return [rows.shared]  # one relay and no list that names it: nearly always
        open_queues = rows.own(relay)
        if len(rows.shared) and (not self.are_weighed or self._share(relay, now, until) > 0):
            open_queues.append(rows.shared)
        return open_queues

    def _share(self, relay: str, now: float, until: float) -> int:
        able_at = {
            name: max(self._pacer.own_next_at(name, now), self._throttle.opens_at(relay_destination(name), now))
            for name in self.working()
            if name not in self._gave_back and not self._is_silent(name, now)
        }
        self._weights.among({relay, *(name for name, at in able_at.items() if at <= now + UNABLE_SECONDS)})
        in_turn = [name for name, at in able_at.items() if at <= max(until, now + EARLY_SECONDS)]
        room = self._weights.room(relay, in_turn)
        if room == 0:
            self._passed_over.add(relay)
        return room

    def _is_silent(self, relay: str, now: float) -> bool:
        return now - self._asked_at.get(relay, -SILENT_SECONDS) >= SILENT_SECONDS
