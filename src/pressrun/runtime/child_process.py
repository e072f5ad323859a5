"""Starting a Python process of ours that talks to this one over a socket, and ending any child process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence

# What a start may raise: no descriptor, process or memory is left, or, as RuntimeError, no thread to wait for its end.
CANNOT_START = (OSError, RuntimeError)


async def spawn(
    module: str,
    *arguments: int,
    descriptors: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
    output: int | None = None,
) -> tuple[asyncio.subprocess.Process, socket.socket]:
    """Start `python -m MODULE SOCKET ARGUMENT…`, which inherits `descriptors`; returns our end of its socket, too.

    The process ends by itself when that end is closed. `environment` and `output` are ours unless they are given.
    Raises one of CANNOT_START.

    It stays in our session. Linux divides processor time among sessions (autogroup): on a busy machine, a worker in
    its own session waits too long for its share, and misses the slots of its mails.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the working directory of the daemon must not be searched for modules
                "-m",
                module,
                *map(str, (theirs.fileno(), *arguments)),
                pass_fds=(theirs.fileno(), *descriptors),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        ours.setblocking(False)
    except BaseException:
        ours.close()
        raise
    return process, ours


def kill(process: asyncio.subprocess.Process) -> None:
    """Kill a child process unless it has ended. What it ended with is still known afterwards.

    `Process.kill` of Python 3.11 fetches the exit code of a process that has just ended, and loses it: asyncio then
    finds no child and reports 255.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
