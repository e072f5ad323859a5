"""The web server: uvicorn's HTTP/1.1 protocols on our loop and our sockets.

No signal is caught, no request logged, nothing said about the program, no proxy believed here. What a single connection
may do stands in `connections`; beyond their number, a new one is answered 503 at once.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import stat
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from pressrun.core.endpoint import SystemdEndpoint, TcpEndpoint, UnixEndpoint
from pressrun.core.errors import BadConfiguration, Unavailable
from pressrun.observe.log import event
from pressrun.web.http.connections import CONNECTION, WatchedConnection
from pressrun.web.http.memory import BodyMemory
from pressrun.web.settings import HttpSettings

log = logging.getLogger("pressrun.web")
logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a malformed request is no news, our faults we log

SOCKET_MODE = 0o660
BACKLOG = 512
_CLIENTS_COUNT_AS_ONE = (
    'the socket from systemd is a Unix socket, and http.trusted_proxies does not name "unix": all clients share each '
    "limit by client"
)


class WebServer:
    """Serves an application at `settings.listen`; `given` is the socket that systemd handed over."""

    def __init__(
        self,
        app: ASGIApp,
        settings: HttpSettings,
        *,
        given: socket.socket | None = None,
        connection: type[WatchedConnection] = CONNECTION,
    ) -> None:
        self._settings = settings
        self._make_connection: Any = connection  # its first argument is uvicorn's
        self._given = given
        self._state = ServerState()
        self._memory = BodyMemory(settings.body_memory_bytes)
        self._lost = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self._config = Config(
            app,
            http=connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,  # the application sets it
            timeout_keep_alive=settings.keep_alive_seconds,  # type: ignore[arg-type]  # call_later takes fractions
        )
        self._config.load()

    @property
    def address(self) -> str:
        """`host:port` as bound, or `unix:/path`."""
        if self._server is None:
            raise RuntimeError("the web server has not been started")
        name: Any = self._server.sockets[0].getsockname()
        if isinstance(name, tuple):
            return str(TcpEndpoint(str(name[0]), int(name[1])))
        return f"unix:{self._path or name}"

    async def start(self) -> None:
        """Listen. Raises OSError when the place is taken, Unavailable when systemd has none, or BadConfiguration."""
        loop = asyncio.get_running_loop()
        match self._settings.listen:
            case TcpEndpoint(host=host, port=port):
                self._server = await loop.create_server(self._protocol, host, port, backlog=BACKLOG)
            case UnixEndpoint(path=path):
                self._path = Path(path)
                self._server = await loop.create_server(self._protocol, sock=_bind(self._path), backlog=BACKLOG)
            case SystemdEndpoint():
                if self._given is None:
                    raise Unavailable(
                        '[http] listen = "systemd": systemd handed over no socket named http: '
                        "`systemctl enable pressrun-http.socket`, then `systemctl restart pressrun`"
                    )
                self._server = await loop.create_server(self._protocol, sock=self._given, backlog=BACKLOG)
                if self._given.family == socket.AF_UNIX and "unix" not in self._settings.trusted_proxies:
                    event(log, "config.warning", level=logging.WARNING, warning=_CLIENTS_COUNT_AS_ONE)
        event(log, "http.listening", address=self.address)

    async def stop(self, seconds: float) -> None:
        """Take no more connections, finish the requests at hand within so many seconds, then close them."""
        if self._server is None:
            return
        self._server.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        for connection in list(self._state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(seconds):
                await self._until_idle()
        except TimeoutError:
            for connection in list(self._state.connections):
                connection.transport.abort()
            tasks = list(self._state.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._until_idle()
        await self._server.wait_closed()

    async def _until_idle(self) -> None:
        while self._state.connections:
            self._lost.clear()
            await self._lost.wait()
        if self._state.tasks:
            await asyncio.wait(list(self._state.tasks))

    def _protocol(self) -> WatchedConnection:
        made: WatchedConnection = self._make_connection(
            self._config, self._state, self._settings, self._memory, self._lost
        )
        return made


def _bind(path: Path) -> socket.socket:
    """A Unix socket at `path` that owner and group may use from its first moment; a stale one is replaced."""
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise BadConfiguration(f"{path} is there and is no socket: choose another place for [http] listen")
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(str(draft))
        draft.chmod(SOCKET_MODE)
        bound.listen(BACKLOG)
        draft.rename(path)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound
