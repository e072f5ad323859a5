"""Whether a relay would take mail from us: a connection as for sending, with one message or none, and QUIT."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from pressrun.core.errors import BadConfiguration
from pressrun.delivery.relay.connection import Connection
from pressrun.delivery.relay.pool import session_terms
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.runtime.authorities import client_context
from pressrun.runtime.certificates import CertificatePeriod, read_period
from pressrun.smtp.errors import Problem
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import HandOver, Outgoing


class ProbedRelay(Struct, frozen=True, kw_only=True):
    """What a probe saw: why the relay cannot be used, or None; the period of its certificate, with TLS; what
    became of the message, if one was to be sent.
    """

    problem: str | None
    certificate: CertificatePeriod | None = None
    hand_over: HandOver | None = None


class _Probe:
    """The owner of one connection that has one message to send, or none."""

    def __init__(self, outgoing: Outgoing | None) -> None:
        self.problem: str | None = None
        self.certificate: CertificatePeriod | None = None
        self.hand_over: HandOver | None = None
        self._outgoing = outgoing
        self._has_opened = False
        self.is_over = asyncio.Event()

    def next(self) -> Outgoing | None:
        outgoing, self._outgoing = self._outgoing, None
        return outgoing

    def recorded(self, connection: Connection, outcomes: Sequence[RecipientOutcome]) -> None:
        self.hand_over = outcomes[0].result
        asyncio.get_running_loop().call_soon(connection.finish)

    def opened(self, connection: Connection) -> None:
        self._has_opened = True
        self.certificate = read_period(connection.peer_certificate)
        asyncio.get_running_loop().call_soon(connection.finish if self._outgoing is None else connection.wake)

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


async def examine_relay(
    settings: RelaySettings, *, helo_name: str, seconds: float, outgoing: Outgoing | None = None
) -> ProbedRelay:
    """Whether a relay can be used, TLS and log-in included; hands over one message if there is one.

    Gives up after `seconds`.
    """
    owner = _Probe(outgoing)
    try:
        tls = None if settings.security == "none" else client_context(settings.ca_file)
    except BadConfiguration as problem:
        return ProbedRelay(problem=str(problem))
    connection = Connection(settings, session_terms(settings, helo_name), tls, owner)
    task = asyncio.get_running_loop().create_task(connection.open(), name=f"probe of {settings.name}")
    timed_out = False
    try:
        async with asyncio.timeout(seconds):
            await owner.is_over.wait()
    except TimeoutError:
        timed_out = True
    finally:
        connection.abort(None)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return ProbedRelay(
        problem=f"no answer within {seconds:g} s" if timed_out and owner.hand_over is None else owner.problem,
        certificate=owner.certificate,
        hand_over=owner.hand_over,
    )
