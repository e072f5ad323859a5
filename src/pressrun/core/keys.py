"""The keys that links are signed with: a numbered list, the newest signs, all of them verify."""

from __future__ import annotations

from dataclasses import dataclass, field

KEY_BYTES = 32
LARGEST_KEY_NUMBER = 127  # short tokens give the number seven bits


@dataclass(slots=True, repr=False)
class KeyRing:
    """Link keys by number (1 to 127), and the suppression key that is never rotated; `newest` is the one that signs.

    One ring is shared by all who make or read tokens: `adopt` makes a new key known to them at once.
    """

    link_keys: dict[int, bytes]
    suppression_key: bytes
    newest: int = field(init=False)

    def __post_init__(self) -> None:
        self.newest = max(self.link_keys)

    def adopt(self, later: KeyRing) -> None:
        """Take in the keys of the same directory after a rotation."""
        self.link_keys.update(later.link_keys)
        self.newest = max(self.link_keys)

    def __repr__(self) -> str:
        return f"KeyRing(numbers={sorted(self.link_keys)})"
