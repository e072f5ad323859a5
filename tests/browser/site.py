"""A house whose pages a browser can open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.web.house import House, open_house

from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings
from pressrun.web.http.server import WebServer
from pressrun.web.settings import HttpSettings


@asynccontextmanager
async def open_site(root: Path, **changes: Any) -> AsyncIterator[House]:
    """A house whose pages are served on a port of this machine; `changes` as for `open_house`."""
    port = free_port()
    settings = HttpSettings(listen=TcpEndpoint("127.0.0.1", port))
    async with open_house(root, base_url=f"http://127.0.0.1:{port}", settings=settings, **changes) as house:
        server = WebServer(house.app(), settings)
        await server.start()
        try:
            yield house
        finally:
            await server.stop(1)


@asynccontextmanager
async def besieged(root: Path, *, limit: int = 2, bits: int = 14, language: str = "en") -> AsyncIterator[House]:
    """A house where `limit` sign-ups without work are taken, and so many came that work is asked for; one more fits."""
    limits = LimitSettings(proof_of_work_above=Rate(limit, 3600.0), proof_of_work_bits=bits)
    async with open_site(root, limits=limits) as house:
        await house.add_list(language=language)
        async with house.client() as client:
            for number in range(limit - 1):
                await client.post("/news/subscribe", data={"email": f"first{number}@reader.example"})
        yield house
