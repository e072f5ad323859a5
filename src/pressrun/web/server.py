"""The web server: uvicorn's HTTP/1.1 protocol on our loop and our sockets, with limits that it lacks.

No signal is caught, no request logged, nothing said about the program, no proxy believed here. A connection whose
request does not arrive whole in time is answered 408 and closed; beyond the number of connections allowed, a new one
is answered 503 at once.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import stat
from pathlib import Path
from typing import Any

import h11
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from pressrun.core.endpoint import SystemdEndpoint, TcpEndpoint, UnixEndpoint
from pressrun.core.errors import BadConfiguration
from pressrun.observe.log import event
from pressrun.web.settings import HttpSettings

log = logging.getLogger("pressrun.web")
logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a malformed request is no news, our faults we log

SOCKET_MODE = 0o660
BACKLOG = 512
_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class RequestProtocol(H11Protocol):
    """One connection. `lost` is set whenever one ends, for whoever waits for the last."""

    def __init__(self, config: Config, state: ServerState, settings: HttpSettings, lost: asyncio.Event) -> None:
        super().__init__(config, state, {}, asyncio.get_running_loop())
        self._settings = settings
        self._lost = lost
        self._deadline: asyncio.TimerHandle | None = None
        self._is_turned_away = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self._settings.connections:
            self._is_turned_away = True
            transport.write(_TOO_MANY)
            transport.close()
            return
        super().connection_made(transport)
        self._start_deadline()

    def data_received(self, data: bytes) -> None:
        if self._is_turned_away:
            return
        super().data_received(data)
        self._set_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_turned_away:
            return
        self._stop_deadline()
        super().connection_lost(exc)
        self._lost.set()

    def shutdown(self) -> None:
        """Finish the request at hand, then close."""
        if self.conn.our_state is h11.ERROR:
            self.transport.close()
        else:
            super().shutdown()

    def _set_deadline(self) -> None:
        """A request that has begun must end in time; between requests the keep-alive time-out watches."""
        their_state, (waiting, _) = self.conn.their_state, self.conn.trailing_data
        if their_state is h11.SEND_BODY or (their_state is h11.IDLE and waiting):
            self._start_deadline()
        else:
            self._stop_deadline()

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._settings.request_seconds, self._out_of_time)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _out_of_time(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle  # None until the first request
        can_answer = self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE)
        if can_answer and (self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]):
            headers = [("Content-Length", "0"), ("Connection", "close")]
            response = h11.Response(status_code=408, headers=headers, reason=b"Request Timeout")
            self.transport.write(self.conn.send(response))
            self.transport.write(self.conn.send(h11.EndOfMessage()))
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()


class WebServer:
    """Serves an application at `settings.listen`; `given` is the socket that systemd handed over."""

    def __init__(self, app: ASGIApp, settings: HttpSettings, *, given: socket.socket | None = None) -> None:
        self._settings = settings
        self._given = given
        self._state = ServerState()
        self._lost = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self._config = Config(
            app,
            http=RequestProtocol,
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
        """Listen. Raises OSError when the place is taken, BadConfiguration when it is none."""
        loop = asyncio.get_running_loop()
        match self._settings.listen:
            case TcpEndpoint(host=host, port=port):
                self._server = await loop.create_server(self._protocol, host, port, backlog=BACKLOG)
            case UnixEndpoint(path=path):
                self._path = Path(path)
                self._server = await loop.create_server(self._protocol, sock=_bind(self._path), backlog=BACKLOG)
            case SystemdEndpoint():
                if self._given is None:
                    raise BadConfiguration('[http] listen = "systemd": systemd handed over no socket named http')
                self._server = await loop.create_server(self._protocol, sock=self._given, backlog=BACKLOG)
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

    def _protocol(self) -> RequestProtocol:
        return RequestProtocol(self._config, self._state, self._settings, self._lost)


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
