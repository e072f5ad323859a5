"""One connection to a relay: an asyncio transport around smtp.dialogue.

It connects, does TLS, writes each group of the dialogue in one write, keeps the time-out of every phase (RFC 5321
§4.5.3.2), and hands the outcome of each message to its owner exactly once: by reply, by the end of the connection, or
by being given up. It decides nothing about messages and knows no other connection.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import time
from asyncio.trsock import TransportSocket
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from pressrun.delivery.relay.deadline import Deadline
from pressrun.delivery.relay.settings import RelaySettings, RelayTimeouts
from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.errors import Fault, Problem
from pressrun.smtp.events import Closed, Event, RecipientOutcome, ServerReady, StartTls
from pressrun.smtp.handover import Outcome, Outgoing
from pressrun.smtp.phase import Phase
from pressrun.smtp.session_setup import SessionTerms
from pressrun.smtp.window import Window

log = logging.getLogger("pressrun.relay")

RECEIVED_BYTES = 16 * 1024  # read at a time; replies are short


class ConnectionOwner(Protocol):
    """What a connection reports to, and gets its messages from. None of these may raise."""

    def next(self) -> Outgoing | None: ...

    def recorded(self, connection: Connection, outcomes: Sequence[RecipientOutcome]) -> None:
        """These messages have their outcomes; their replies arrived together."""

    def opened(self, connection: Connection) -> None:
        """The session is set up: it takes messages from now on."""

    def idled(self, connection: Connection) -> None:
        """It could take a message, now or when woken; called again whenever something happened or it was woken."""

    def filled(self, connection: Connection) -> None:
        """It can take no further message for the moment."""

    def closed(self, connection: Connection, problem: Problem | None) -> None:
        """It takes no more messages, and no more outcomes will come; called once, before `gone`."""

    def gone(self, connection: Connection) -> None:
        """Its socket is closed; called once."""


class Connection(asyncio.BufferedProtocol):
    """Call `open` as a task; everything after that happens in callbacks."""

    def __init__(
        self,
        settings: RelaySettings,
        terms: SessionTerms,
        tls: ssl.SSLContext | None,
        owner: ConnectionOwner,
        *,
        number: int = 1,
        window: Window | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._settings = settings
        self._tls = tls
        self._owner = owner
        self._limits = _limits(settings.timeouts)
        self._dialogue = Dialogue(terms, self._next, window)
        shortest_seconds = min(*self._limits.values(), settings.timeouts.block_seconds)
        self._deadline = Deadline(loop, self._limit, self._expired, shortest_seconds=shortest_seconds)
        self._transport: asyncio.Transport | None = None
        self._socket: TransportSocket | None = None
        self._wrote = False
        self._wants_tls: asyncio.Future[bool] = loop.create_future()
        self._awaits: Phase | None = None  # what the deadline counts from
        self._closed = False
        self._gone = False
        # One buffer for all replies: asyncio's own 256 KiB for each read leave the heap in pieces, more of them with
        # each connection. A view, since asyncio's TLS reads into slices of it.
        self._received = memoryview(bytearray(RECEIVED_BYTES))
        self._stalled_at: int | None = None  # octets that the transport still held when it asked us to stop writing
        self.number = number  # which connection to its relay this is, counted from 1
        self.carried = 0
        self.unknown = 0  # messages that may or may not have been taken

    @property
    def is_open(self) -> bool:
        """Whether the session is set up, so that it takes messages."""
        return self._dialogue.is_open

    @property
    def is_connected(self) -> bool:
        """Whether there is a transport in use."""
        return self._transport is not None and not self._closed

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight, and messages could go."""
        return self._dialogue.is_idle

    @property
    def has_proved(self) -> bool:
        """Whether the relay decided about at least one message on this connection."""
        return self._dialogue.has_proved

    @property
    def mode(self) -> DeliveryMode | None:
        """How messages go; None before it is open."""
        return self._dialogue.mode

    @property
    def peer_certificate(self) -> Mapping[str, object] | None:
        """The relay's certificate as `ssl` describes it; None without TLS."""
        return None if self._transport is None else self._transport.get_extra_info("peercert")

    async def open(self) -> None:
        """Connect, with TLS if configured; errors of the network go to `ConnectionOwner.closed` and are not raised."""
        try:
            await self._connect()
            if await self._wants_tls:
                await self._upgrade()
        except asyncio.CancelledError:
            self.abort(None)
            self._vanish()  # a transport whose set-up was cancelled may never call connection_lost
            raise
        except OSError as error:
            self.abort(_problem(error, "cannot connect"))
        except Exception as error:
            log.exception("relay.connection_error", extra={"fields": {"relay": self._settings.name}})
            self.abort(Problem(Fault.CONNECT, f"cannot connect: {type(error).__name__}"))

    def wake(self) -> bool:
        """Take work, if there is any; returns whether there was."""
        taken = self.carried
        events = self._dialogue.wake(time.monotonic())
        if self.carried == taken and not events:
            if self._dialogue.has_room:
                self._owner.idled(self)
            return False
        self._act(events)
        return self.carried != taken

    def finish(self) -> None:
        """Take nothing more, finish what is in flight, QUIT and close."""
        if not self._closed:
            self._act(self._dialogue.finish())

    def abort(self, problem: Problem | None) -> None:
        """Close now; messages without a reply get their outcome by the rules of the dialogue."""
        if not self._closed:
            self._act(self._dialogue.connection_lost(problem))

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)  # what create_connection makes; uvloop's is no subclass
        if self._closed:
            stream.abort()
            return
        self._transport = stream
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = sock
        self._moved()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's own name
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        if not self._closed:
            self._act(self._dialogue.receive(bytes(self._received[:nbytes]), time.monotonic()))
            if self._socket is not None and not self._wrote and not self._dialogue.is_idle:
                # A relay may hold back the last of several small replies until the others are acknowledged, and our
                # side would wait 40 ms before it did so by itself: Nagle's algorithm against delayed acknowledgements.
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def pause_writing(self) -> None:
        self._stalled_at = self._unwritten()
        self._moved()

    def resume_writing(self) -> None:
        self._stalled_at = None
        self._moved()

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort(_problem(exc, "the connection broke") if exc is not None else None)
        self._vanish()

    # ---

    async def _connect(self) -> None:
        settings, limits = self._settings, self._settings.timeouts
        tls = self._tls if settings.security == "tls" else None
        async with asyncio.timeout(limits.connect_seconds + (limits.tls_seconds if tls else 0.0)):
            await self._loop.create_connection(
                lambda: self,
                settings.host,
                settings.port,
                ssl=tls,
                server_hostname=settings.host if tls else None,
                ssl_handshake_timeout=limits.tls_seconds if tls else None,
            )

    async def _upgrade(self) -> None:
        plain = self._transport
        if plain is None or self._tls is None:
            return
        try:
            transport = await self._loop.start_tls(
                plain,
                self,
                self._tls,
                server_hostname=self._settings.host,
                ssl_handshake_timeout=self._settings.timeouts.tls_seconds,
            )
        except BaseException:
            # The plain transport may no longer be able to report its end: let it close, then report that ourselves.
            self._transport = None
            plain.abort()
            await asyncio.sleep(0)
            raise
        if self._closed or transport is None or transport.is_closing():
            plain.abort()
            self._transport = None
            self.abort(Problem(Fault.TLS, "the connection was closed during the TLS handshake"))
            self._vanish()
            return
        self._transport = transport
        self._act(self._dialogue.secured(time.monotonic()))

    def _next(self) -> Outgoing | None:
        self._report(self._dialogue.decided())  # composing and signing take longer than all else, and a kill may come
        outgoing = self._owner.next()
        if outgoing is not None:
            self.carried += 1
        return outgoing

    def _act(self, events: list[Event]) -> None:
        """Report first, then write: a kill repeats what is in flight, but nothing that was answered (decision 37)."""
        outcomes = [event for event in events if isinstance(event, RecipientOutcome)]
        self._report(outcomes)
        out = self._dialogue.outbox()
        self._wrote = bool(out)
        if out and self._transport is not None:
            self._transport.write(out)
        if len(outcomes) < len(events):
            for event in events:
                self._change(event)
        if not self._closed:
            phase = self._dialogue.phase
            # Half a reply is no progress: a relay that sends one bit by bit counts as stalled.
            if events or out or phase is not self._awaits:
                self._awaits = phase
                self._deadline.moved()
            if self._dialogue.has_room:
                self._owner.idled(self)
            else:
                self._owner.filled(self)

    def _report(self, outcomes: Sequence[RecipientOutcome]) -> None:
        if outcomes:
            self.unknown += sum(
                [outcome.result.reply is None and outcome.result.outcome is Outcome.UNKNOWN for outcome in outcomes]
            )
            self._owner.recorded(self, outcomes)

    def _change(self, event: Event) -> None:
        if isinstance(event, Closed):
            self._close(event.problem)
        elif isinstance(event, ServerReady):
            self._turn(tls=False)
            self._owner.opened(self)
        elif isinstance(event, StartTls):
            if self._transport is not None:
                self._transport.pause_reading()  # what comes now belongs to the handshake
            self._turn(tls=True)

    def _turn(self, *, tls: bool) -> None:
        if not self._wants_tls.done():
            self._wants_tls.set_result(tls)

    def _close(self, problem: Problem | None) -> None:
        self._closed = True
        self._socket = None
        self._deadline.cancel()
        self._turn(tls=False)
        if self._transport is not None:
            # Nothing that is still in its buffer may go out, except after a QUIT, when there is nothing.
            self._transport.abort()
        self._owner.closed(self, problem)
        if self._transport is None:
            self._vanish()

    def _vanish(self) -> None:
        if not self._gone:
            self._gone = True
            self._owner.gone(self)

    def _unwritten(self) -> int:
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _moved(self) -> None:
        if not self._closed:
            self._deadline.moved()

    def _limit(self) -> float:
        stalled = self._stalled_at is not None
        return self._settings.timeouts.block_seconds if stalled else self._limits[self._dialogue.phase]

    def _expired(self) -> None:
        if self._stalled_at is not None and self._unwritten() < self._stalled_at:
            self._stalled_at = self._unwritten()  # slow, but it makes progress
            self._moved()
            return
        phase = self._dialogue.phase
        if phase is Phase.READY:
            self.finish()
        elif phase is Phase.QUIT:
            self.abort(None)
        else:
            what = "sending" if self._stalled_at is not None else f"awaiting {phase}"
            self.abort(Problem(Fault.TIMEOUT, f"the relay took too long, {what}"))


# OpenSSL's reasons when the relay offers only versions of TLS that we do not accept.
_OLD_TLS = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "WRONG_SSL_VERSION")


def _limits(timeouts: RelayTimeouts) -> dict[Phase, float]:
    return {
        Phase.GREETING: timeouts.greeting_seconds,
        Phase.EHLO: timeouts.ehlo_seconds,
        Phase.HELO: timeouts.ehlo_seconds,
        Phase.STARTTLS: timeouts.ehlo_seconds,
        Phase.HANDSHAKE: timeouts.tls_seconds,
        Phase.AUTH: timeouts.auth_seconds,
        Phase.READY: timeouts.idle_seconds,
        Phase.RSET: timeouts.mail_seconds,
        Phase.MAIL: timeouts.mail_seconds,
        Phase.RCPT: timeouts.rcpt_seconds,
        Phase.DATA: timeouts.data_seconds,
        Phase.CONTENT: timeouts.final_dot_seconds,
        Phase.DISCARD: timeouts.final_dot_seconds,
        Phase.QUIT: timeouts.quit_seconds,
        Phase.CLOSED: timeouts.quit_seconds,
    }


def _problem(error: Exception, what: str) -> Problem:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Problem(Fault.TLS, f"TLS failed: the certificate is not to be trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        if error.reason in _OLD_TLS:
            return Problem(
                Fault.TLS, "TLS failed: the relay does not offer a version that Pressrun accepts (TLS 1.2 or later)"
            )
        return Problem(Fault.TLS, f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}")
    if isinstance(error, TimeoutError) and error.errno is None:
        return Problem(Fault.TIMEOUT, f"{what}: it took too long")
    reason = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        reason = (error.strerror or reason) if isinstance(error, socket.gaierror) else os.strerror(error.errno)
    return Problem(Fault.CONNECT, f"{what}: {reason}")
