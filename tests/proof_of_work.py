"""What a browser does for a sign-up during a rush of sign-ups."""

from __future__ import annotations

import hashlib
from itertools import count


def do_work(challenge: str, address: str, bits: int) -> str:
    """Find a proof. This takes 2**bits hashes on average."""
    prefix = hashlib.sha256(f"{challenge}\n{address}".encode()).digest()

    def is_solved(number: int) -> bool:
        digest = hashlib.sha256(prefix + number.to_bytes(4, "big")).digest()
        return int.from_bytes(digest[:4], "big") >> (32 - bits) == 0

    return str(next(filter(is_solved, count())))
