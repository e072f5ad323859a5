"""The web server: uvicorn's HTTP/1.1 protocols on our event loop and our sockets.

It catches no signals. `connections` says what a single connection may do.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from starlette.types import ASGIApp

from pressrun.core.network.endpoint import SystemdEndpoint
from pressrun.observe.log import event
from pressrun.runtime.server_sockets import ListenAddress, ListeningServer, listen
from pressrun.web.http.connections import DEFAULT_CONNECTION, CountRefusal, LimitedConnection, build_pool
from pressrun.web.settings import HttpSettings

log = logging.getLogger("pressrun.web")
logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # we log our own errors; malformed requests are not news

_CLIENTS_COUNT_AS_ONE = (
    'the socket {} from systemd is a Unix socket, and http.trusted_proxies does not name "unix": all clients share '
    "each limit by client"
)


class WebServer:
    """Serves an application at `settings.listen`.

    `name` is that of the table whose key `listen` this is, and of the socket that systemd hands over, `handed_over`.
    `max_body_bytes` is for an application that accepts larger requests than the settings let the public make, and
    `count_refusal` is called with the status of each answer that the application did not give.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: HttpSettings,
        *,
        name: str = "http",
        handed_over: socket.socket | None = None,
        connection: type[LimitedConnection] = DEFAULT_CONNECTION,
        max_body_bytes: int | None = None,
        count_refusal: CountRefusal = lambda _status: None,
    ) -> None:
        self._settings = settings
        self._connection: Any = connection
        self._name = name
        self._handed_over = handed_over
        self._pool = build_pool(app, settings, connection, max_body_bytes or settings.max_body_bytes, count_refusal)
        self._server: ListeningServer | None = None

    @property
    def address(self) -> str:
        """`host:port` as bound, or `unix:/path`."""
        if self._server is None:
            raise RuntimeError("the web server has not been started")
        return self._server.address

    async def start(self) -> None:
        """Listen. Raises Unavailable when the address is in use or without systemd's, or BadConfiguration."""
        inherited, settings = self._handed_over, self._settings
        setting = f"[{self._name}] listen"
        where = ListenAddress(name=self._name, setting=setting, endpoint=settings.listen, handed_over=inherited)
        self._server = await listen(lambda: self._connection(self._pool), where)
        is_unix = inherited is not None and inherited.family == socket.AF_UNIX
        if isinstance(settings.listen, SystemdEndpoint) and is_unix and "unix" not in settings.trusted_proxies:
            event(log, "config.warning", level=logging.WARNING, warning=_CLIENTS_COUNT_AS_ONE.format(self._name))
        event(log, "http.listening", address=self.address, serves=self._name)

    async def stop(self, seconds: float) -> None:
        """Accept no more connections, finish the requests at hand within `seconds`, then close them all."""
        if self._server is None:
            return
        self._pool.stopping.set()
        await self._server.stop_accepting()
        for connection in list(self._pool.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(seconds):
                await self._until_idle()
        except TimeoutError:
            for connection in list(self._pool.connections):
                connection.abort()
            tasks = list(self._pool.state.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._until_idle()
        await self._server.wait_closed()

    async def _until_idle(self) -> None:
        while self._pool.connections:
            self._pool.lost.clear()
            await self._pool.lost.wait()
        if self._pool.state.tasks:
            await asyncio.wait(list(self._pool.state.tasks))
