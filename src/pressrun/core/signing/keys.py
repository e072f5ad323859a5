"""The keys that sign links: a numbered list, of which the newest signs, and all that are not retired verify.

A retired key may have leaked, so its signatures prove nothing. It still verifies only links to unsubscribe, which work
for ever (core.signing.tokens).
"""

from __future__ import annotations

from dataclasses import dataclass, field

KEY_BYTES = 32
LARGEST_KEY_NUMBER = 127  # short tokens give the number seven bits


@dataclass(slots=True, repr=False)
class KeyRing:
    """Link keys by number (1 to 127), and the suppression key that is never rotated; `newest` is the one that signs.

    `retires_at` has the time at which a key retires, in UTC seconds. One ring is shared by all who make or read tokens:
    `adopt` and `retire_due` make changes known to them at once.
    """

    link_keys: dict[int, bytes]
    suppression_key: bytes
    retires_at: dict[int, int] = field(default_factory=dict)
    newest: int = field(init=False)
    retired: frozenset[int] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        self.newest = max(self.link_keys)

    def adopt(self, later: KeyRing) -> None:
        """Take in the keys of the same directory after a rotation."""
        self.link_keys.update(later.link_keys)
        self.newest = max(self.link_keys)

    def retire(self, number: int, at: int) -> None:
        """Have a key retire at that time."""
        self.retires_at[number] = at

    def retire_due(self, now: float) -> None:
        """Retire the keys whose time has come, and none else: a clock that was set back has them wait again."""
        self.retired = frozenset(number for number, at in self.retires_at.items() if at <= now)

    def __repr__(self) -> str:
        return f"KeyRing(numbers={sorted(self.link_keys)})"
