"""The DKIM body hash of every copy of an edition (RFC 6376 §3.4.4), with the work that all copies share done once.

The fixed parts of a skeleton are brought into relaxed form once, and hashed once up to the first value of a reader.
For an edition with pictures that is nearly all of the work. Where a run of blanks or a line end could cross from one
part into the next, nothing can be prepared, and the whole body is hashed for each copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pressrun.message.signatures.primitives import begin_sha256
from pressrun.message.signatures.relaxed import canonical_body, canonical_lines

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import Hash

_OPEN = (b" ", b"\t", b"\r")  # what the next part could be the rest of


class BodyHash:
    """`template` holds the fixed parts at even places and b"" at the places of values between them."""

    __slots__ = ("_begin", "_fixed", "_start")

    def __init__(self, template: Sequence[bytes]) -> None:
        self._begin = next(place for place, part in enumerate(template) if b"\r\n\r\n" in part)
        first = template[self._begin].partition(b"\r\n\r\n")[2]
        parts = [first, *template[self._begin + 1 :]]
        self._start: Hash | None = None
        self._fixed: list[bytes] = []
        if canonical_body(parts[-1]) and not any(part.endswith(_OPEN) for part in parts):
            *before, last = parts
            self._fixed = [*map(canonical_lines, before), canonical_body(last)]
            self._start = begin_sha256()
            self._start.update(self._fixed[0])

    def of(self, parts: Sequence[bytes]) -> bytes | None:
        """The 32 octets for a copy that consists of these parts, or None when its whole body must be hashed."""
        values = parts[self._begin + 1 :: 2]
        if self._start is None:
            return None
        if not _are_canonical(values):
            if any(part.endswith(_OPEN) for part in values):
                return None
            values = [*map(canonical_lines, values)]
        canonical = self._fixed.copy()
        canonical[1::2] = values
        digest = self._start.copy()
        digest.update(b"".join(canonical[1:]))
        return digest.finalize()


def _are_canonical(values: Sequence[bytes]) -> bool:
    """Whether all are in relaxed form and none is open, which is nearly always so, by one look at all of them."""
    marked = b"\0".join(values) + b"\0"
    return not (b"\t" in marked or b"  " in marked or b" \r\n" in marked or b" \0" in marked or b"\r\0" in marked)
