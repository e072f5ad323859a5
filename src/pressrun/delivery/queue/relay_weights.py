"""How several relays share the copies: by weight, and whatever a relay cannot take goes to the others.

Each relay has a position that moves by one over its weight with each copy; one that is ahead of the rearmost by more
than some rounds waits. Nobody waits for a relay that cannot take the next copy now, as its own rate says so: it keeps
its place, some rounds behind at most. One that takes nothing at all comes back where the others are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

ROUNDS = 4.0  # how far ahead a relay may be: enough for connections that take copies in batches


class RelayWeights:
    """The shares of the relays of one configuration; `weights` by name."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._positions = dict.fromkeys(weights, 0.0)
        self._able: frozenset[str] = frozenset(weights)
        self.are_needed = len(weights) > 1  # one relay alone takes everything

    def among(self, able: Collection[str]) -> None:
        """Only these can take copies; one that could not until now begins where the rearmost of the others is."""
        back = frozenset(able) - self._able
        others = [self._positions[name] for name in self._able if name in able]
        for name in back:
            self._positions[name] = max(self._positions[name], min(others, default=0.0))
        self._able = frozenset(able)

    def room(self, relay: str, in_turn: Collection[str]) -> int:
        """How many copies this relay may take before those whose turn it is, too, have taken theirs."""
        own = self._positions[relay]
        rearmost = min((self._positions[name] for name in in_turn if name in self._able), default=own)
        left = min(rearmost, own) + ROUNDS - own
        return max(0, int(left * self._weights[relay]))

    def take(self, relay: str) -> None:
        """This relay takes a copy."""
        position = self._positions[relay] = self._positions[relay] + 1 / self._weights[relay]
        for name, behind in self._positions.items():
            self._positions[name] = max(behind, position - ROUNDS)
        if position > 1e6:  # keep the fractions exact, however long we run
            rearmost = min(self._positions.values())
            self._positions = {name: place - rearmost for name, place in self._positions.items()}
