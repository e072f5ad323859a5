"""Proof of work: what a browser computes for a sign-up during a rush of sign-ups, and how we verify it.

A challenge is a signed token of ours. The browser tries numbers until a hash begins with enough zero bits. A proof is
good for one challenge and one address as typed: submitted again it stands for the same sign-up and no other, so we need
not remember which proofs were used. `web/static/work.js` does the same computation.
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
    return _is_solved(_ground(challenge, address), int(proof), bits)


def do_work(challenge: str, address: str, bits: int) -> str:
    """Find a proof. This takes 2**bits hashes on average."""
    ground = _ground(challenge, address)
    return str(next(number for number in range(_NUMBERS) if _is_solved(ground, number, bits)))


def _ground(challenge: str, address: str) -> bytes:
    """The prefix that is hashed with each number. Its fixed length makes every try exactly one SHA-256 block."""
    return hashlib.sha256(f"{challenge}\n{address}".encode()).digest()


def _is_solved(ground: bytes, number: int, bits: int) -> bool:
    digest = hashlib.sha256(ground + number.to_bytes(4, "big")).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - bits) == 0
