"""The sockets that the daemon listens on: TCP, Unix, or handed over by systemd.

A Unix socket has its mode from its first moment, and takes the place of a stale one in one step. Its path may have any
length: the kernel takes 107 octets (unix(7)), so a longer one goes through /proc/self/fd.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pressrun.core.endpoint import Endpoint, SystemdEndpoint, TcpEndpoint, UnixEndpoint
from pressrun.core.errors import BadConfiguration, Unavailable

GROUP_MODE = 0o660  # a proxy or mail server in the daemon's group may connect
BACKLOG = 512
_LONGEST_BYTES = 107  # sun_path without its NUL, unix(7)

ProtocolFactory = Callable[[], asyncio.BaseProtocol]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """Where a server listens. `name` is that of its systemd socket, `setting` the key that `endpoint` comes from."""

    name: str
    setting: str
    endpoint: Endpoint
    handed_over: socket.socket | None = None  # by systemd


class ListeningServer:
    """A server that accepts connections; `address` is `host:port` as bound, or `unix:/path`."""

    def __init__(self, server: asyncio.Server, path: Path | None) -> None:
        self._server = server
        self._path = path
        name: Any = server.sockets[0].getsockname()
        self.address = str(TcpEndpoint(name[0], name[1])) if isinstance(name, tuple) else f"unix:{path or name}"

    def close(self) -> None:
        """Accept no more connections, and remove the file of our own Unix socket."""
        self._server.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def wait_closed(self) -> None:
        """Return once the last connection is closed."""
        await self._server.wait_closed()


async def listen(factory: ProtocolFactory, where: ListenAddress) -> ListeningServer:
    """Listen; raises OSError for an address in use, Unavailable without systemd's socket, or BadConfiguration."""
    loop = asyncio.get_running_loop()
    match where.endpoint:
        case TcpEndpoint(host=host, port=port):
            return ListeningServer(await loop.create_server(factory, host, port, backlog=BACKLOG), None)
        case UnixEndpoint(path=name):
            path = Path(name)
            bound = bind_unix_socket(path, mode=GROUP_MODE, setting=where.setting)
            return ListeningServer(await _serve_unix(loop, factory, bound), path)
        case SystemdEndpoint():
            given = where.handed_over
            if given is None:
                raise Unavailable(
                    f'{where.setting} = "systemd": systemd handed over no socket named {where.name}. Run '
                    f"`systemctl enable pressrun-{where.name}.socket`, then `systemctl restart pressrun`"
                )
            given.setblocking(False)
            if given.family == socket.AF_UNIX:
                return ListeningServer(await _serve_unix(loop, factory, given), None)
            return ListeningServer(await loop.create_server(factory, sock=given, backlog=BACKLOG), None)


async def _serve_unix(
    loop: asyncio.AbstractEventLoop, factory: ProtocolFactory, bound: socket.socket
) -> asyncio.Server:
    # From Python 3.13 on, closing a server deletes the file of its socket by default. Systemd's sockets must stay.
    create: Callable[..., Awaitable[asyncio.Server]] = loop.create_unix_server
    try:
        return await create(factory, sock=bound, backlog=BACKLOG, cleanup_socket=False)
    except TypeError:  # an older loop does not have the argument, and leaves the file alone
        return await create(factory, sock=bound, backlog=BACKLOG)


def bind_unix_socket(path: Path, *, mode: int, setting: str = "") -> socket.socket:
    """A socket that listens at `path`; raises BadConfiguration where another kind of file is there."""
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
        draft.chmod(mode)  # on file systems that ignore the mode of the descriptor
        bound.listen(BACKLOG)
        draft.replace(path)  # after listen: whoever sees the socket can connect to it
    except BaseException:
        bound.close()
        raise
    return bound


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
