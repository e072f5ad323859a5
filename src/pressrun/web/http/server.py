"""The web server: uvicorn's HTTP/1.1 protocols on our loop and our sockets.

No signal is caught, no request logged, nothing said about the program, no proxy believed here. What a single connection
may do stands in `connections`; beyond their number, a new one is answered 503 at once.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from pressrun.core.endpoint import SystemdEndpoint
from pressrun.observe.log import event
from pressrun.runtime.server_sockets import ListenAddress, ListeningServer, listen
from pressrun.web.http.connections import CONNECTION, WatchedConnection
from pressrun.web.http.memory import BodyMemory
from pressrun.web.settings import HttpSettings

log = logging.getLogger("pressrun.web")
logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a malformed request is no news, our faults we log

_CLIENTS_COUNT_AS_ONE = (
    'the socket from systemd is a Unix socket, and http.trusted_proxies does not name "unix": all clients share each '
    "limit by client"
)


class WebServer:
    """Serves an application at `settings.listen`; `handed_over` is the socket that systemd handed over."""

    def __init__(
        self,
        app: ASGIApp,
        settings: HttpSettings,
        *,
        handed_over: socket.socket | None = None,
        connection: type[WatchedConnection] = CONNECTION,
    ) -> None:
        self._settings = settings
        self._make_connection: Any = connection  # its first argument is uvicorn's
        self._handed_over = handed_over
        self._state = ServerState()
        self._memory = BodyMemory(settings.body_memory_bytes)
        self._lost = asyncio.Event()
        self._server: ListeningServer | None = None
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
        return self._server.address

    async def start(self) -> None:
        """Listen. Raises OSError when the address is in use, Unavailable without systemd's, or BadConfiguration."""
        given, settings = self._handed_over, self._settings
        where = ListenAddress(name="http", setting="[http] listen", endpoint=settings.listen, handed_over=given)
        self._server = await listen(self._protocol, where)
        is_unix = given is not None and given.family == socket.AF_UNIX
        if isinstance(settings.listen, SystemdEndpoint) and is_unix and "unix" not in settings.trusted_proxies:
            event(log, "config.warning", level=logging.WARNING, warning=_CLIENTS_COUNT_AS_ONE)
        event(log, "http.listening", address=self.address)

    async def stop(self, seconds: float) -> None:
        """Take no more connections, finish the requests at hand within so many seconds, then close them."""
        if self._server is None:
            return
        self._server.close()
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
