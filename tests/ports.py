"""Ports on loopback for tests: no two callers get the same one, in whichever processes they are.

A port that is only tried and closed again can be handed out twice before its first owner listens. So each process
reserves a block of ports for as long as it lives, and hands them out in turn. It does so by binding an abstract socket,
whose name the kernel gives to one process at a time and frees when the process ends.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle

# Below the ports that the kernel uses for outgoing connections and for listeners on port 0.
_FIRST, _END, _BLOCK = 15_000, 32_000, 500
_CHANCE = random.SystemRandom()  # the generator of the tests has the same seed in every process


def free_port() -> int:
    """A TCP port on loopback that is free and that no other caller gets."""
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
    """The ports of this process, over and over."""
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
