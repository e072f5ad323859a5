"""The press in a process of its own: `python -m pressrun.press SOCKET PARENT [JOURNAL]`, started by the daemon.

SOCKET and JOURNAL are descriptors that it gave us, PARENT is its process.

Signals of a terminal or of systemd are left to the daemon, which ends us by the socket.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

from pressrun.operations.lifeline import end_with_parent
from pressrun.operations.loop import run_loop
from pressrun.press.process import PressProcess
from pressrun.store.journal import Journal


async def _serve(descriptor: int, journal: Journal | None) -> None:
    connection = socket.socket(fileno=descriptor)
    connection.setblocking(False)

    def end(code: int) -> None:
        # At once, whatever is in flight: the daemon is gone, and the next one must not meet us at its relays.
        os._exit(code)

    await asyncio.get_running_loop().connect_accepted_socket(lambda: PressProcess(end, journal), connection)
    await asyncio.Event().wait()


def main() -> None:
    """Be the press for the daemon at the other end of the socket, until that closes."""
    descriptor, parent, *journal = map(int, sys.argv[1:])
    end_with_parent(parent)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    run_loop(_serve(descriptor, Journal(journal[0]) if journal else None))


if __name__ == "__main__":
    main()
