"""How several relays share the copies: by weight, and whatever a relay cannot take goes to the others.

Each relay has a position that moves by one over its weight with each copy. A relay that is more than some rounds ahead
of the rearmost waits. No relay waits for one whose own rate lets it take nothing now: that one keeps its position, at
most some rounds behind. A relay that takes nothing at all comes back where the others are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

ROUNDS = 4.0  # how far ahead a relay may be: enough for connections that take copies in batches


class RelayWeights:
    """The relays of one configuration; `weights` by name."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._positions = dict.fromkeys(weights, 0.0)
        self._able: frozenset[str] = frozenset(weights)
        self.are_needed = len(weights) > 1  # one relay alone takes everything

    def among(self, able: Collection[str]) -> None:
        """Only these can take copies. One that could not until now begins where the rearmost of the others is."""
        back = frozenset(able) - self._able
        others = [self._positions[name] for name in self._able if name in able]
        for name in back:
            self._positions[name] = max(self._positions[name], min(others, default=0.0))
        self._able = frozenset(able)

    def room(self, relay: str, in_turn: Collection[str]) -> int:
        """How many copies this relay may take before the others whose turn it is have taken theirs."""
        own = self._positions[relay]
        rearmost = min((self._positions[name] for name in in_turn if name in self._able), default=own)
        left = min(rearmost, own) + ROUNDS - own
        return max(0, int(left * self._weights[relay]))

    def hand_out(self, relay: str) -> None:
        """This relay takes a copy."""
        position = self._positions[relay] = self._positions[relay] + 1 / self._weights[relay]
        for name, behind in self._positions.items():
            self._positions[name] = max(behind, position - ROUNDS)
        if position > 1e6:  # keep the fractions exact, however long we run
            rearmost = min(self._positions.values())
            self._positions = {name: place - rearmost for name, place in self._positions.items()}
