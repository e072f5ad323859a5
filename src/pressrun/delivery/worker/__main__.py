"""A worker process: `python -m pressrun.delivery.worker SOCKET PARENT [JOURNAL NUMBER]`, started by the daemon.

SOCKET and JOURNAL are inherited descriptors, PARENT is the daemon's process id, NUMBER is ours among the workers.

Signals of a terminal or of systemd are left to the daemon, which ends us by the socket. When it is killed, the kernel
sends us SIGUSR1: the socket of a killed process closes only once all of its memory is given back.
"""

from __future__ import annotations

import gc
import sys

from pressrun.runtime.parent_process import leave_signals_to_parent


def main() -> None:
    """Work for the daemon at the other end of the socket until that closes."""
    leave_signals_to_parent()  # before most is loaded, which takes a moment
    gc.disable()  # until the set-up (runtime.memory): searching modules for garbage takes a seventh of their loading
    from pressrun.delivery.worker.process import work  # noqa: PLC0415

    descriptor, parent, *journal = map(int, sys.argv[1:])
    work(descriptor, parent, *journal)


if __name__ == "__main__":
    main()
