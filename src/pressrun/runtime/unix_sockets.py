"""Unix sockets: a listening one has its mode from the start and replaces a stale one in one step.

A path may have any length: the kernel takes 107 octets (unix(7)), so a longer one goes through /proc/self/fd. Nothing
here needs asyncio, so the verbs of the command line start without it.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pressrun.core.errors import BadConfiguration

# Connections that may wait to be accepted, as while systemd holds the socket and the service starts: as many as a
# kernel allows by itself (net.core.somaxconn), which is 20 seconds of 200 a second.
BACKLOG = 4096
_LONGEST_BYTES = 107  # sun_path without its NUL, unix(7)


def bind_unix_socket(path: Path, *, mode: int, gid: int | None = None, setting: str = "") -> socket.socket:
    """A socket that listens at `path`, for this group; raises BadConfiguration where another kind of file is there."""
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        instead = f"Choose another path for {setting}" if setting else "Move it away"
        raise BadConfiguration(f"{path} exists and is not a socket. {instead}")
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        os.fchmod(bound.fileno(), mode)  # before bind, so that the file never has another mode
        with socket_name(draft) as name:
            bound.bind(name)
        if gid is not None and draft.stat().st_gid != gid:
            os.chown(draft, -1, gid)
        draft.chmod(mode)  # on file systems that ignore the mode of the descriptor
        bound.listen(BACKLOG)
        draft.replace(path)  # after listen: whoever sees the socket can connect to it
    except BaseException:
        bound.close()
        raise
    return bound


def is_served(path: Path) -> bool:
    """Whether somebody accepts connections at this path: the socket of a process that has ended refuses them."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            with socket_name(path) as name:
                probe.connect(name)
        except BlockingIOError:  # as many as may wait are waiting already
            return True
        except OSError:
            return False
    return True


@contextmanager
def socket_name(path: Path) -> Iterator[str]:
    """A name of `path` that bind and connect accept, valid inside the block."""
    if len(os.fsencode(path)) <= _LONGEST_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
