"""The limits that the helper process puts on itself before it sees the first octet of a mail."""

from __future__ import annotations

import contextlib
import os
import resource
import signal

_NONE = (0, 0)
# What a Python process needs to find its modules; nothing of ours is handed down.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
NICE = 10  # behind the daemon, whose pages and editions are waited for


def confine(*, memory_bytes: int) -> None:
    """Step back behind others; limit memory; allow no file to grow, no process to be started, no core to be written.

    Signals of a terminal or of systemd are left to the daemon, which ends us by closing the socket.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(PermissionError):  # a sandbox around us may forbid it, and then it goes without
        os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, _NONE)
    resource.setrlimit(resource.RLIMIT_FSIZE, _NONE)
    resource.setrlimit(resource.RLIMIT_NPROC, _NONE)


def allow_time(seconds: int) -> None:
    """From now on at most so much time on a processor; who needs more is ended by the system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, hard))


def bare_environment() -> dict[str, str]:
    """The environment that a helper process is started with."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
