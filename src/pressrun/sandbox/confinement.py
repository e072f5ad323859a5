"""The limits that a helper process sets on itself before it reads the first octet of hostile input."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

from pressrun.runtime.parent_process import leave_signals_to_parent

_NONE = (0, 0)
# What a Python process needs to find its modules; it inherits nothing else.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
NICE = 10  # behind the daemon, which people are waiting for


def confine(*, memory_bytes: int) -> None:
    """Lower the priority, limit memory, and allow no file to grow, no process to start and no core to be written.

    Signals are left to the daemon, which ends us by closing the socket.
    """
    _stay_owner()
    leave_signals_to_parent()
    with contextlib.suppress(OSError):  # a sandbox around us may forbid it
        os.nice(NICE)
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")  # if memory runs short, we end first
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, _NONE)
    resource.setrlimit(resource.RLIMIT_FSIZE, _NONE)
    resource.setrlimit(resource.RLIMIT_NPROC, _NONE)


def _stay_owner() -> None:
    """Give up root for good where a verb that root runs as the owner of the data has started this process.

    For everybody else nothing changes, and the systemd unit forbids even to set the same user.
    """
    user, group = os.geteuid(), os.getegid()
    if (user, group) != (os.getuid(), os.getgid()):
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)


def allow_time(seconds: int) -> None:
    """Allow this much more CPU time, after which the system kills the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, hard))


def bare_environment() -> dict[str, str]:
    """The environment that a helper process is started with."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
