"""The pages behind a real socket, in a loop of their own, for tests that send octets of every kind."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.web.harness import open_web
from tests.web.mailbox import MAIL, Box, demo_mail, demo_refusal
from tests.web.supply import Supply

from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings
from pressrun.web.http.connections import LimitedConnection
from pressrun.web.http.security import Guard
from pressrun.web.http.server import WebServer
from pressrun.web.settings import HttpSettings

SECONDS = 20.0
# So that no run is over before it has seen everything.
_FREE = Rate(10**9, 1.0)
OPEN = LimitSettings(
    sign_ups_per_ip=_FREE,
    preference_links_per_ip=_FREE,
    searches_per_ip=_FREE,
    confirmations=_FREE,
    confirmations_per_domain=_FREE,
    unproven_sign_ups=_FREE,
    address_changes_per_reader=_FREE,
)
SETTINGS = HttpSettings(listen=TcpEndpoint("127.0.0.1", 0), request_seconds=1.0, keep_alive_seconds=1.0)


class _Faults(logging.Handler):
    """Keeps what went wrong inside: an error of ours, and whatever a client can make a library say into our log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or not record.name.startswith("pressrun"):
            self.lines.append(self.format(record))


@dataclass(slots=True, kw_only=True)
class ServedPages:
    """A running server: its port, its routes, its tokens, and every fault of ours so far."""

    port: int
    routes: frozenset[str]
    loop: asyncio.AbstractEventLoop
    supply: Supply
    faults: list[str] = field(default_factory=list)

    def token(self, kind: str) -> str:
        """A token of this kind that has not been used yet."""
        return asyncio.run_coroutine_threadsafe(self.supply.token(kind), self.loop).result(SECONDS)

    def new_faults(self) -> list[str]:
        """The faults since the last call."""
        faults = list(self.faults)
        self.faults.clear()
        return faults

    def send(self, request: bytes, *, ends: bool = False) -> bytes:
        """The whole answer, until the server closes; `ends` shuts down our side after the request."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as line:
            try:
                line.sendall(request)
                if ends:
                    line.shutdown(socket.SHUT_WR)
                while data := line.recv(65536):
                    answer += data
            except ConnectionError:
                pass  # it does not read on where it has refused
        return answer


def _mailbox() -> Box:
    """What the demo caught: a mail of ours, and what can hardly be read."""
    mails = (MAIL, MAIL.replace(b"=B", b"=C"), b"\xff\0\r\n\r\n")
    caught = [demo_mail(number, ("ada@reader.example",), content) for number, content in enumerate(mails, start=1)]
    return Box(messages=caught, refusals=[demo_refusal("eve@reader.example", "550 5.1.1 <b>no</b>", 2)])


@contextmanager
def serve_pages(
    folder: Path, connection: type[LimitedConnection], settings: HttpSettings = SETTINGS
) -> Iterator[ServedPages]:
    """A harness with a list, a reader and an edition, served by connections of this kind."""
    ready: list[ServedPages] = []
    opened, closing = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with open_web(folder, limits=OPEN, settings=settings, mailbox=_mailbox()) as web:
            supply = Supply(web)
            await supply.set_up()
            app = web.app()
            assert isinstance(app, Guard)
            server = WebServer(app, settings, connection=connection)
            await server.start()
            requests = asyncio.create_task(web.web_requests.run())
            port = int(server.address.rpartition(":")[2])
            ready.append(ServedPages(port=port, routes=app.routes, loop=loop, supply=supply))
            opened.set()
            await closing.wait()
            requests.cancel()
            await server.stop(1.0)

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            opened.set()
            loop.close()

    faults = _Faults()
    logging.getLogger().addHandler(faults)
    thread = threading.Thread(target=run, name="served-pages")
    thread.start()
    try:
        assert opened.wait(SECONDS)
        ready[0].faults = faults.lines
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(closing.set)
        thread.join(SECONDS)
        logging.getLogger().removeHandler(faults)
