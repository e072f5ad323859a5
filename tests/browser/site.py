"""A harness whose pages a browser can open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.web.harness import WebHarness, open_web

from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings
from pressrun.web.http.server import WebServer
from pressrun.web.settings import HttpSettings


@asynccontextmanager
async def open_site(root: Path, **changes: Any) -> AsyncIterator[WebHarness]:
    """A harness whose pages are served on a port of this machine; `changes` as for `open_web`."""
    port = free_port()
    settings = HttpSettings(listen=TcpEndpoint("127.0.0.1", port))
    async with open_web(root, base_url=f"http://127.0.0.1:{port}", settings=settings, **changes) as web:
        server = WebServer(web.app(), settings)
        await server.start()
        try:
            yield web
        finally:
            await server.stop(1)


@asynccontextmanager
async def besieged(root: Path, *, limit: int = 2, bits: int = 14, language: str = "en") -> AsyncIterator[WebHarness]:
    """A harness where `limit` sign-ups without work are taken, and so many came that work is asked for; one fits."""
    limits = LimitSettings(proof_of_work_above=Rate(limit, 3600.0), proof_of_work_bits=bits)
    async with open_site(root, limits=limits) as web:
        await web.add_list(language=language)
        async with web.client() as client:
            for number in range(limit - 1):
                await client.post("/news/subscribe", data={"email": f"first{number}@reader.example"})
        yield web
