"""Whether a relay would take mail from us: a connection as for mail, up to the point where mail would go, and QUIT."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pressrun.core.errors import BadConfiguration
from pressrun.delivery.relay.connection import Connection
from pressrun.delivery.relay.pool import session_terms
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.delivery.relay.tls import client_context
from pressrun.smtp.errors import Problem
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import Outgoing


class _Probe:
    """The owner of one connection that has nothing to send."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._has_opened = False
        self.is_over = asyncio.Event()

    def next(self) -> Outgoing | None:
        return None

    def recorded(self, connection: Connection, outcomes: Sequence[RecipientOutcome]) -> None:
        """Nothing is ever given to it."""

    def opened(self, connection: Connection) -> None:
        self._has_opened = True
        asyncio.get_running_loop().call_soon(connection.finish)

    def idled(self, connection: Connection) -> None:
        """It is about to end."""

    def filled(self, connection: Connection) -> None:
        """It is about to end."""

    def closed(self, _: Connection, problem: Problem | None) -> None:
        if problem is not None and not self._has_opened:
            self.problem = str(problem)
        self.is_over.set()

    def gone(self, _: Connection) -> None:
        self.is_over.set()


async def probe(settings: RelaySettings, *, helo_name: str, seconds: float) -> str | None:
    """Why a relay cannot be used, TLS and log-in included, or None; gives up after so many seconds."""
    owner = _Probe()
    try:
        tls = None if settings.security == "none" else client_context(settings.ca_file)
    except BadConfiguration as problem:
        return str(problem)
    connection = Connection(settings, session_terms(settings, helo_name), tls, owner)
    task = asyncio.get_running_loop().create_task(connection.open(), name=f"probe of {settings.name}")
    try:
        async with asyncio.timeout(seconds):
            await owner.is_over.wait()
    except TimeoutError:
        return f"no answer within {seconds:g} s"
    finally:
        connection.abort(None)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return owner.problem
