"""The press in a process of its own: `python -m pressrun.press DESCRIPTOR PARENT`, started by the daemon.

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


async def _serve(descriptor: int) -> None:
    connection = socket.socket(fileno=descriptor)
    connection.setblocking(False)

    def end(code: int) -> None:
        # At once, whatever is in flight: the daemon is gone, and the next one must not meet us at its relays.
        os._exit(code)

    await asyncio.get_running_loop().connect_accepted_socket(lambda: PressProcess(end), connection)
    await asyncio.Event().wait()


def main() -> None:
    """Be the press for the daemon at the other end of the socket, until that closes."""
    end_with_parent(int(sys.argv[2]))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    run_loop(_serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
