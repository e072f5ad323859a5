"""The sockets that the daemon listens on: TCP, Unix, or handed over by systemd."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from pressrun.core.errors import Unavailable
from pressrun.core.network.endpoint import Endpoint, SystemdEndpoint, TcpEndpoint, UnixEndpoint
from pressrun.runtime.unix_sockets import BACKLOG, bind_unix_socket, is_served

GROUP_MODE = 0o660  # a proxy or mail server in the daemon's group may connect

ProtocolFactory = Callable[[], asyncio.BaseProtocol]


class ListenAddress(Struct, frozen=True, kw_only=True):
    """Where a server listens. `name` is that of its systemd socket, `setting` the key that `endpoint` comes from."""

    name: str
    setting: str
    endpoint: Endpoint
    handed_over: socket.socket | None = None  # handed over by systemd


class ListeningServer:
    """A server that accepts connections; `address` is `host:port` as bound, or `unix:/path`."""

    def __init__(self, server: asyncio.Server, path: Path | None) -> None:
        self._server = server
        self._path = path
        name: Any = server.sockets[0].getsockname()
        self.address = str(TcpEndpoint(name[0], name[1])) if isinstance(name, tuple) else f"unix:{path or name}"

    async def stop_accepting(self) -> None:
        """Accept no more connections, and remove the file of our own Unix socket.

        Clients that were already accepted still get their connection; others wait in a socket that systemd holds.
        """
        loop = asyncio.get_running_loop()
        for listening in self._server.sockets:
            loop.remove_reader(listening.fileno())
        await asyncio.sleep(0)  # asyncio's loop makes a connection in the turn after; a closed server would drop it
        self._server.close()
        if self._path is not None:
            with suppress(OSError):  # on a disk that has become read-only: the next start replaces it
                self._path.unlink(missing_ok=True)

    async def wait_closed(self) -> None:
        """Return once the last connection is closed."""
        await self._server.wait_closed()


async def listen(factory: ProtocolFactory, where: ListenAddress) -> ListeningServer:
    """Listen; raises Unavailable for an address in use or without systemd's socket, or BadConfiguration."""
    try:
        return await _listen(factory, where)
    except OSError as problem:
        raise Unavailable(f'cannot listen at {where.setting} = "{where.endpoint}": {_reason(problem, where)}') from None


def _reason(problem: OSError, where: ListenAddress) -> str:
    """Why, without the address, which the loop would say again; and how to find out who is there already."""
    is_of_kernel = problem.errno is not None and problem.errno > 0  # errors of the resolver have negative numbers
    why = os.strerror(problem.errno or 0) if is_of_kernel else str(problem.strerror or problem)
    sockets = "-lxp" if isinstance(where.endpoint, UnixEndpoint) else "-ltnp"
    return f"{why}. `ss {sockets}` shows by what" if problem.errno == errno.EADDRINUSE else why


async def _listen(factory: ProtocolFactory, where: ListenAddress) -> ListeningServer:
    loop = asyncio.get_running_loop()
    match where.endpoint:
        case TcpEndpoint(host=host, port=port):
            return ListeningServer(await loop.create_server(factory, host, port, backlog=BACKLOG), None)
        case UnixEndpoint(path=name):
            path = Path(name)
            if is_served(path):  # otherwise its connections would come to us, and nobody would notice
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
            bound = bind_unix_socket(path, mode=GROUP_MODE, setting=where.setting)
            return ListeningServer(await _serve_unix(loop, factory, bound), path)
        case SystemdEndpoint():
            handed_over = where.handed_over
            if handed_over is None:
                raise Unavailable(
                    f'{where.setting} = "systemd": systemd handed over no socket named {where.name}. Run '
                    f"`systemctl enable pressrun-{where.name}.socket`, then `systemctl restart pressrun`"
                )
            handed_over.setblocking(False)
            if handed_over.family == socket.AF_UNIX:
                return ListeningServer(await _serve_unix(loop, factory, handed_over), None)
            return ListeningServer(await loop.create_server(factory, sock=handed_over, backlog=BACKLOG), None)


async def _serve_unix(
    loop: asyncio.AbstractEventLoop, factory: ProtocolFactory, bound: socket.socket
) -> asyncio.Server:
    # From Python 3.13 on, closing a server deletes the file of its socket by default. Systemd's sockets must stay.
    create: Callable[..., Awaitable[asyncio.Server]] = loop.create_unix_server
    try:
        return await create(factory, sock=bound, backlog=BACKLOG, cleanup_socket=False)
    except TypeError:  # an older loop does not have the argument, and leaves the file alone
        return await create(factory, sock=bound, backlog=BACKLOG)
