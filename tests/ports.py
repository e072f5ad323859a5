"""Ports on loopback for tests: none is given to two of those who ask, whichever processes they are in.

A number that is only tried and let go again can be given once more before its first owner listens. So each process
holds a block of numbers for as long as it lives, and gives them out in turn. What holds a block is a name that the
kernel gives to one process alone, and takes back when that ends.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle

# Below those that the kernel gives to connections, and to whoever listens on port 0.
_FIRST, _END, _BLOCK = 15_000, 32_000, 500
_CHANCE = random.SystemRandom()  # the tests' own is seeded, alike in every process


def free_port() -> int:
    """A TCP port on loopback that nobody listens on and that nobody else is given."""
    for _ in range(_BLOCK):
        port = next(_own_ports())
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port of this process is in use")


@cache
def _own_ports() -> Iterator[int]:
    """The numbers of this process, over and over."""
    starts = range(_FIRST, _END, _BLOCK)
    for start in _CHANCE.sample(starts, len(starts)):
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            holder.bind(f"\0pressrun tests: ports from {start}")
        except OSError:
            holder.close()
            continue
        holder.detach()  # open until the process ends
        return cycle(range(start, start + _BLOCK))
    raise AssertionError("every block of ports is held by another process")
