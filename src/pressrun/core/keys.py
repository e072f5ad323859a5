"""The keys that links are signed with: a numbered list, the newest signs, all of them verify."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KEY_BYTES = 32
LARGEST_KEY_NUMBER = 127  # short tokens give the number seven bits


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """Link keys by number (1 to 127), and the suppression key that is never rotated."""

    link_keys: Mapping[int, bytes]
    suppression_key: bytes

    @property
    def newest(self) -> int:
        """The number of the key that signs."""
        return max(self.link_keys)

    def __repr__(self) -> str:
        return f"KeyRing(numbers={sorted(self.link_keys)})"
