"""Work that a browser does for a sign-up while very many come in, and how we see that it was done.

A challenge is a signed token of ours; the work is found by trying numbers until a hash begins with enough zero bits. It
is done for one challenge and one address, as typed: handed in again it stands for the same sign-up and no other, so
nothing has to be remembered of it. `web/static/work.js` does the same.
"""

from __future__ import annotations

import hashlib
import re

LEAST_BITS = 8  # less is no work
MOST_BITS = 24  # some ten seconds on a desktop: who waits for more is no person
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_NUMBERS = 1 << 32


def is_work(challenge: str, address: str, proof: str, bits: int) -> bool:
    """Whether `proof`, a number as text, is the work for this challenge and address: `bits` (1 to 32) of zero."""
    if _NUMBER.fullmatch(proof) is None or int(proof) >= _NUMBERS:
        return False
    return _is_solved(_ground(challenge, address), int(proof), bits)


def do_work(challenge: str, address: str, bits: int) -> str:
    """Do the work; 2**bits hashes are to be tried on the average."""
    ground = _ground(challenge, address)
    return str(next(number for number in range(_NUMBERS) if _is_solved(ground, number, bits)))


def _ground(challenge: str, address: str) -> bytes:
    """What is hashed with each number: of one length, so that a try is one block of SHA-256 for everybody."""
    return hashlib.sha256(f"{challenge}\n{address}".encode()).digest()


def _is_solved(ground: bytes, number: int, bits: int) -> bool:
    digest = hashlib.sha256(ground + number.to_bytes(4, "big")).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - bits) == 0
