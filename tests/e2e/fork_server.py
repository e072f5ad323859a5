"""Starts Pressrun in forks of a process that has imported it once: what a test pays for a call is the call.

A fork is a process of its own, with its own folder, environment, descriptors, signals and exit status. It differs from
`python -m pressrun` in what was read when Python started: its command line in /proc, and variables like PYTHONPATH.
Tests that are thorough, and not for their engine alone, start every process anew instead, but not on both engines.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

_LARGEST = 1 << 17  # octets of a request
_DESCRIPTORS = 4  # of a request: stdin, stdout, stderr, and the pipe that gets its number and status
_ROOT = Path(__file__).parent.parent.parent


class ForkServer:
    """The server's side in the tests; it ends, and what it started, when this is closed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-m", "tests.e2e.fork_server", str(number)]
            self._process = subprocess.Popen(command, cwd=_ROOT, env=dict(environment), pass_fds=[number])

    def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        descriptors: Sequence[int],
        **more: str,
    ) -> ForkedProcess:
        """A process that runs `pressrun ARGUMENTS`; `descriptors` are its stdin, stdout and stderr.

        `main="a.module"` runs the function `main` of that one.
        """
        request = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment), **more}
        reading, writing = os.pipe()
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [*descriptors, writing])
        finally:
            os.close(writing)
        return ForkedProcess(reading)

    def close(self) -> None:
        self._socket.close()
        self._process.wait(30)


class ForkedProcess:
    """What tests use of `subprocess.Popen`."""

    def __init__(self, reading: int) -> None:
        self._reading = os.fdopen(reading, "rb", buffering=0)
        self.pid = int.from_bytes(self._next(), "little")
        self.returncode: int | None = None
        self._lock = threading.Lock()

    def _next(self) -> bytes:
        octets = self._reading.read(8)
        assert octets is not None
        assert len(octets) == 8, "the fork server has ended"
        return octets

    def poll(self) -> int | None:
        """The exit status as `subprocess` has it, or None while it runs."""
        return self._await(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status; raises TimeoutExpired."""
        if (status := self._await(timeout)) is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _await(self, seconds: float | None) -> int | None:
        with self._lock:
            if self.returncode is None and select.select([self._reading], [], [], seconds)[0]:
                self.returncode = int.from_bytes(self._next(), "little", signed=True)
                self._reading.close()
            return self.returncode


# --- The server -------------------------------------------------------------------------------------------------------


def _import_everything() -> None:
    """Import it, and let no fork look for garbage in it: that would copy the memory that forks share."""
    package = import_module("pressrun")
    for module in pkgutil.walk_packages(package.__path__, "pressrun."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    gc.collect()
    gc.freeze()


def _serve(requests: socket.socket) -> None:
    """Fork for each request, and report each end, until the other side closes."""
    waking, woken = socket.socketpair()
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}  # the pipe of each process
    with waking, woken:
        while True:
            ready, _, _ = select.select([requests, waking], [], [])
            if waking in ready:
                waking.recv(4096)
                _report_ends(running)
            if requests in ready and not _start_next(requests, running):
                break
        signal.set_wakeup_fd(-1)
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def _start_next(requests: socket.socket, running: dict[int, int]) -> bool:
    """Fork for one request; False when there will be none any more."""
    request, descriptors = receive(requests)
    if not request:
        return False
    pid = os.fork()
    if pid == 0:
        become(request, descriptors)
    running[pid] = descriptors[3]
    os.write(descriptors[3], pid.to_bytes(8, "little"))
    for descriptor in descriptors[:3]:
        os.close(descriptor)
    return True


def receive(requests: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """A request and its descriptors; empty when the other side has closed."""
    text, descriptors, _, _ = socket.recv_fds(requests, _LARGEST, _DESCRIPTORS)
    return json.loads(text or "{}"), descriptors


def _report_ends(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        writing = running.pop(pid)
        with suppress(BrokenPipeError):  # nobody waits for this one
            os.write(writing, os.waitstatus_to_exitcode(status).to_bytes(8, "little", signed=True))
        os.close(writing)


def become(request: dict[str, Any], descriptors: Sequence[int]) -> NoReturn:
    """Be the program, or what `main` names instead, to its end."""
    status = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, descriptor in enumerate(descriptors[:3]):
            os.dup2(descriptor, number)
        os.closerange(3, 1024)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = ["pressrun", *request["arguments"]]
        status = _run_main(request.get("main", "pressrun.cli.main"))
    finally:
        os._exit(status)


def _run_main(module: str) -> int:
    # Left open: a fork of a fork replaces them once more.
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)
    sys.stderr.reconfigure(line_buffering=True)
    status = 1
    try:
        import_module(module).main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  # as the interpreter does at the end of a program
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as own:
        _import_everything()
        _serve(own)
