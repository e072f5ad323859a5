"""Run a command under the filter of system calls of a unit, as systemd would: `python under_unit.py UNIT COMMAND …`.

The sets of calls are asked of systemd-analyze, the filter is made by libseccomp, which systemd is built on. Writable
memory that may be executed is refused, too.
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

LIBRARY = "libseccomp.so.2"
_ALLOW = 0x7FFF0000  # of seccomp.h
_ERRNO = 0x00050000
_UNKNOWN = -1
_PR_SET_MDWE, _REFUSE_EXEC_GAIN = 65, 1  # of prctl.h


def allowed_calls(unit: Path) -> set[str]:
    """The names of all calls that the unit allows; `@default` always is (systemd.exec(5))."""
    allowed = _expand(["@default"])
    for line in unit.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        if key == "SystemCallFilter":
            named = _expand(value.removeprefix("~").split())
            allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed


def _expand(names: Iterable[str]) -> set[str]:
    calls: set[str] = set()
    for name in names:
        if not name.startswith("@"):
            calls.add(name)
            continue
        shown = subprocess.run(
            ["systemd-analyze", "--no-pager", "syscall-filter", name], check=True, capture_output=True, text=True
        ).stdout
        lines = [line.strip() for line in shown.splitlines()[1:]]
        calls |= _expand(line for line in lines if line and not line.startswith("#"))
    return calls


def restrict(allowed: Iterable[str]) -> None:
    """From now on every other call fails with EPERM, here and in all processes that come of this one."""
    library = ctypes.CDLL(LIBRARY, use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ERRNO | errno.EPERM)))
    for name in allowed:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number != _UNKNOWN:  # a call of another machine
            library.seccomp_rule_add(context, ctypes.c_uint32(_ALLOW), ctypes.c_int(number), ctypes.c_uint(0))
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_MDWE, _REFUSE_EXEC_GAIN, 0, 0, 0)  # older kernels know nothing of it
    if library.seccomp_load(context) != 0:
        raise OSError("the filter cannot be loaded")


def main() -> None:
    """Become the command."""
    unit, *command = sys.argv[1:]
    restrict(allowed_calls(Path(unit)))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
