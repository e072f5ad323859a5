"""How several relays share the copies: by weight, and whatever a relay cannot take goes to the others.

Each relay has a position that moves by one over its weight with each copy; one that is ahead of the rearmost by more
than some rounds waits. Who cannot take anything now is not waited for, and comes back where the others are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

ROUNDS = 4.0  # how far ahead a relay may be: enough for connections that take copies in batches


class Shares:
    """The shares of the relays of one configuration; `weights` by name."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._positions = dict.fromkeys(weights, 0.0)
        self._able: frozenset[str] = frozenset(weights)
        self.are_needed = len(weights) > 1  # one relay alone takes everything

    def among(self, able: Collection[str]) -> None:
        """Only these can take copies now; one that could not until now begins where the rearmost of the others is."""
        back = frozenset(able) - self._able
        others = [self._positions[name] for name in self._able if name in able]
        for name in back:
            self._positions[name] = max(self._positions[name], min(others, default=0.0))
        self._able = frozenset(able)

    def room(self, relay: str) -> int:
        """How many copies this relay may take before the others have taken theirs."""
        rearmost = min((self._positions[name] for name in self._able), default=0.0)
        left = rearmost + ROUNDS - self._positions[relay]
        return max(0, int(left * self._weights[relay]))

    def take(self, relay: str) -> None:
        """This relay takes a copy."""
        self._positions[relay] += 1 / self._weights[relay]
        if self._positions[relay] > 1e6:  # keep the fractions exact, however long we run
            rearmost = min(self._positions.values())
            self._positions = {name: position - rearmost for name, position in self._positions.items()}
