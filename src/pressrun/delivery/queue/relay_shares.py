"""Which rows a relay may get now: those for this relay alone, and its share, by weight, of those for any relay.

Each relay has a position that moves by one over its weight with each copy. A relay that is some rounds ahead of the
rearmost waits. No relay waits for one that can take nothing now: that one keeps its position, at most some rounds
behind, and if it takes nothing for longer, it comes back where the others are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from pressrun.core.pacing.destination_state import relay_destination
from pressrun.delivery.queue.claimed_rows import ClaimedRows
from pressrun.delivery.queue.destination_queues import DestinationQueues
from pressrun.delivery.queue.pacing import EARLY_SECONDS, Pacer
from pressrun.delivery.queue.throttle import Throttle

ROUNDS = 4.0  # how far ahead a relay may be: enough for connections that take copies in batches
UNABLE_SECONDS = 1.0  # a relay whose next slot is further ahead has no share of the mail for any relay,
SILENT_SECONDS = 2.0  # nor has one that has not asked for this long: its connections are busy, or it does not answer


class RelayShares:
    """Shares the mail for any relay among the relays that can accept some now, by weight if there are several."""

    def __init__(self, weights: Mapping[str, int], pacer: Pacer, throttle: Throttle) -> None:
        self._pacer = pacer
        self._throttle = throttle
        self._failing: Callable[[], Collection[str]] = frozenset
        self._asked_at: dict[str, float] = {}
        self._gave_back: set[str] = set()  # relays that returned rows untried and have given no result since
        self._passed_over = False  # whether a relay got nothing, since others are to take their share first
        self.change(weights)

    def change(self, weights: Mapping[str, int]) -> None:
        """Continue with other weights, from the same position for all."""
        self._weights = dict(weights)
        self._positions = dict.fromkeys(weights, 0.0)
        self._able = set(weights)  # the relays that could take rows when one of them last asked
        self.are_weighed = len(weights) > 1  # a single relay takes everything

    def watch(self, failing: Callable[[], Collection[str]]) -> None:
        """From now on, ask this function which relays accept no mail."""
        self._failing = failing

    def working(self) -> list[str]:
        """The relays that are not failing."""
        failing = self._failing()
        return [name for name in self._weights if name not in failing]

    def count_request(self, relay: str, now: float) -> None:
        """Note that this relay asks for rows."""
        self._asked_at[relay] = now

    def hand_out(self, relay: str) -> None:
        """Note that this relay gets a row that any relay might have got."""
        self._positions[relay] += 1 / self._weights[relay]
        behind = self._positions[relay] - ROUNDS
        start = behind if behind > 1e6 else 0.0  # keep the fractions exact, however long we run
        self._positions = {name: max(position, behind) - start for name, position in self._positions.items()}

    def learn(self, relay: str, *, is_untried: bool) -> None:
        """Learn that this relay has given a result, or returned a row untried."""
        if is_untried:
            self._gave_back.add(relay)
        else:
            self._gave_back.discard(relay)

    def pop_passed_over(self) -> bool:
        """Whether relays that got nothing may get something now, as another has taken its share; True only once."""
        was_passed_over, self._passed_over = self._passed_over, False
        return was_passed_over

    def open_queues(self, rows: ClaimedRows, relay: str, now: float, until: float) -> list[DestinationQueues]:
        """The rows for this relay alone, and those for any relay as far as its share goes, for a slot at `until`."""
        if rows.are_all_shared and not self.are_weighed:
            return [rows.shared]  # one relay and no list that names it: nearly always
        open_queues = rows.own(relay)
        if len(rows.shared) and (not self.are_weighed or self.has_share(relay, now, until)):
            open_queues.append(rows.shared)
        return open_queues

    def has_share(self, relay: str, now: float, until: float) -> bool:
        """Whether this relay may take a copy before the others that could use a slot at `until` have taken theirs."""
        able_at = {
            name: max(self._pacer.own_next_at(name, now), self._throttle.opens_at(relay_destination(name), now))
            for name in self.working()
            if name not in self._gave_back and now - self._asked_at.get(name, -SILENT_SECONDS) < SILENT_SECONDS
        }
        self._bring_back({relay, *(name for name, at in able_at.items() if at <= now + UNABLE_SECONDS)})
        in_turn = [self._positions[name] for name, at in able_at.items() if at <= max(until, now + EARLY_SECONDS)]
        own = self._positions[relay]
        has_share = (min([own, *in_turn]) + ROUNDS - own) * self._weights[relay] >= 1
        self._passed_over |= not has_share
        return has_share

    def _bring_back(self, able: set[str]) -> None:
        """Let relays that can accept copies again begin where the rearmost of the others is."""
        rearmost = min((self._positions[name] for name in self._able & able), default=0.0)
        for name in able - self._able:
            self._positions[name] = max(self._positions[name], rearmost)
        self._able = able
