"""A worker process: `python -m pressrun.delivery.worker SOCKET PARENT [JOURNAL NUMBER]`, started by the daemon.

SOCKET and JOURNAL are inherited descriptors, PARENT is the daemon's process id, NUMBER is ours among the workers.

Signals of a terminal or of systemd are left to the daemon, which ends us by the socket. When it is killed, the kernel
sends us SIGUSR1: the socket of a killed process closes only once all of its memory is given back.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys

from pressrun.runtime.event_loop import run_loop
from pressrun.runtime.parent_death import end_with_parent, hear_of_end
from pressrun.store.queue.journal import Journal


async def _serve(descriptor: int, parent: int, journal: Journal | None) -> None:
    from pressrun.delivery.worker.process import WorkerProcess  # noqa: PLC0415 - loads most, without collections

    connection = socket.socket(fileno=descriptor)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    process = WorkerProcess(os._exit, journal)
    if journal is None:  # nobody would learn of further replies
        end_with_parent(parent)
    else:
        loop.add_signal_handler(signal.SIGUSR1, process.finish)
        hear_of_end(parent, signal.SIGUSR1)
    await loop.connect_accepted_socket(lambda: process, connection)
    await asyncio.Event().wait()


def main() -> None:
    """Work for the daemon at the other end of the socket until that closes."""
    gc.disable()  # until the set-up (runtime.memory): searching modules for garbage takes a seventh of their loading
    descriptor, parent, *journal = map(int, sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    run_loop(_serve(descriptor, parent, Journal(*journal) if journal else None))


if __name__ == "__main__":
    main()
