"""Process 1 of a machine on which a page is typed: it has imported Pressrun, and forks for each call of `pressrun`.

It is forked itself, from tests/e2e/fork_server.py, so what a page costs is what its commands do.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import NoReturn

from tests.e2e.fork_server import become, receive

NAME = "\0pressrun"  # abstract names belong to the network namespace
CLIENT = Path(__file__).with_name("typed_client.py")
_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000  # mount, UTS, IPC, PID, network
_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def unshare() -> None:
    """Leave the host's namespaces; raises OSError where the kernel does not allow it."""
    if _LIBC.unshare(_NAMESPACES) != 0:
        raise OSError(ctypes.get_errno(), "namespaces cannot be made")


def main() -> None:
    """Run the script that is named on the command line, and end as it does."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    unshare()
    pid = os.fork()
    if pid == 0:
        _LIBC.prctl(_SET_PDEATHSIG, signal.SIGKILL)
        _serve(sys.argv[1])
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _serve(script: str) -> NoReturn:
    waking, woken = socket.socketpair()
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    clients: dict[int, socket.socket] = {}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(NAME)
        server.listen(64)
        shell = subprocess.Popen(["bash", script])
        while True:
            ready, _, _ = select.select([server, waking], [], [])
            if waking in ready:
                waking.recv(4096)
                _reap(clients, shell.pid)
            if server in ready:
                client, _ = server.accept()
                clients[_fork_for(client)] = client


def _fork_for(client: socket.socket) -> int:
    """Be the program for one client, as the client's user."""
    request, descriptors = receive(client)
    pid = os.fork()
    if pid == 0:
        _, user, group = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if user:
            os.setgroups([group])
            os.setresgid(group, group, group)
            os.setresuid(user, user, user)
        become(request, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    client.send(pid.to_bytes(8, "little"))
    return pid


def _reap(clients: dict[int, socket.socket], shell: int) -> None:
    """Report each end; with the shell all ends."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        code = os.waitstatus_to_exitcode(status)
        if pid == shell:
            os._exit(code if code >= 0 else 128 - code)
        if pid == 0:
            return
        if client := clients.pop(pid, None):
            with client:
                client.send(code.to_bytes(8, "little", signed=True))
