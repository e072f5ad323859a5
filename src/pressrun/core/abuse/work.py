"""Proof of work: what a browser computes for a sign-up during a rush of sign-ups, and how we verify it.

A challenge is a signed token of ours. The browser tries numbers until a hash begins with enough zero bits. A proof is
good for one challenge and one address as typed. Submitted again, it counts as the same sign-up, so we need not remember
which proofs were used. `web/static/work.js` does the same computation.
"""

from __future__ import annotations

import hashlib
import re

LEAST_BITS = 8  # fewer take no noticeable time
MOST_BITS = 24  # about ten seconds on a desktop: people do not wait longer
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_NUMBERS = 1 << 32


def is_work(challenge: str, address: str, proof: str, bits: int) -> bool:
    """Whether `proof`, a decimal number, solves the challenge for this address with `bits` zero bits (1 to 32)."""
    if _NUMBER.fullmatch(proof) is None or int(proof) >= _NUMBERS:
        return False
    # The fixed length of the prefix makes every try exactly one SHA-256 block.
    prefix = hashlib.sha256(f"{challenge}\n{address}".encode()).digest()
    digest = hashlib.sha256(prefix + int(proof).to_bytes(4, "big")).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - bits) == 0
