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

from tests.web.house import House, open_house

from pressrun.core.endpoint import TcpEndpoint
from pressrun.core.quantities import Rate
from pressrun.core.tokens import WebPurpose
from pressrun.services.settings import LimitSettings
from pressrun.web.connections import WatchedConnection
from pressrun.web.security import Guard
from pressrun.web.server import WebServer
from pressrun.web.settings import HttpSettings

SECONDS = 20.0
# So that no run is over before it has seen everything.
OPEN = LimitSettings(sign_ups_per_ip=Rate(10**9, 1.0), preference_links_per_ip=Rate(10**9, 1.0))
SETTINGS = HttpSettings(listen=TcpEndpoint("127.0.0.1", 0), request_seconds=1.0, keep_alive_seconds=1.0)


class _Faults(logging.Handler):
    """Keeps what went wrong inside."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


@dataclass(slots=True, kw_only=True)
class Door:
    """Where the server listens, what it knows, and every fault of ours so far."""

    port: int
    routes: frozenset[str]
    tokens: dict[str, str]
    faults: list[str] = field(default_factory=list)

    def ask(self, request: bytes, *, ends: bool = False) -> bytes:
        """Everything that comes back until the server closes: as the request says, or as nothing more comes: `ends`."""
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


async def _furnish(house: House) -> dict[str, str]:
    number = await house.add_list()
    reader = await house.add_reader(number)
    edition = await house.add_edition(number, assets=[("1-a.png", "image/png", b"x")])
    await house.add_list("old")
    await house.close_list("old")
    make = house.tokens.make
    later = int(house.clock()) + 10**6
    return {
        "confirm": make(WebPurpose.CONFIRM, 1, later),
        "unsubscribe": make(WebPurpose.UNSUBSCRIBE, reader, edition),
        "never-again": make(WebPurpose.NEVER_AGAIN, 0, *range(6)),
        "preferences": make(WebPurpose.PREFERENCES, 1, 0, 0),
        "approve": make(WebPurpose.APPROVE, edition, later),
        "read": make(WebPurpose.READ, reader, 0),
    }


@contextmanager
def open_door(folder: Path, connection: type[WatchedConnection]) -> Iterator[Door]:
    """A house with a list, a reader and an edition, behind a door of this kind."""
    ready: list[Door] = []
    opened, closing = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with open_house(folder, limits=OPEN, settings=SETTINGS) as house:
            tokens = await _furnish(house)
            app = house.app()
            assert isinstance(app, Guard)
            server = WebServer(app, SETTINGS, connection=connection)
            await server.start()
            requests = asyncio.create_task(house.asking.run())
            port = int(server.address.rpartition(":")[2])
            ready.append(Door(port=port, routes=app.routes, tokens=tokens))
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
    logging.getLogger("pressrun").addHandler(faults)
    thread = threading.Thread(target=run, name="door")
    thread.start()
    try:
        assert opened.wait(SECONDS)
        ready[0].faults = faults.found
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(closing.set)
        thread.join(SECONDS)
        logging.getLogger("pressrun").removeHandler(faults)
