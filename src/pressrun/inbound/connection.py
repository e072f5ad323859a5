"""The one module that reaches into aiosmtpd: its connection, time-out and STARTTLS, without its commands.

aiosmtpd's own loop answers an exception with 500, takes recipients without end, replies once to an LMTP mail for many,
accepts bare line ends, and cancels a mail whose client has closed its half. Its hooks cannot change that, so
`_handle_client` and `_timeout_cb` are replaced here, and `_reader`, `_writer`, `_reset_timeout`, `_original_transport`
and `_tls_protocol` are used. tests/inbound/test_connection.py fails when a release changes one of them.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from typing import Any, cast

from aiosmtpd.smtp import SMTP, TLSSetupException

LINGER_SECONDS = 1.0  # out of the two seconds of a stop; a client that reads closes at once

GONE = (ConnectionError, TLSSetupException)  # raised if the client has left, or the handshake failed


class ClientConnection(SMTP, ABC):
    """One client; `serve` is run as a task from its greeting to its end."""

    line_length_limit = 16 * 1024  # the stream's buffer; ClientInput has limits of its own

    def __init__(self, hostname: str, tls: ssl.SSLContext | None, idle_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(None, hostname=hostname, tls_context=tls, timeout=idle_seconds, loop=loop)
        self._is_refused = False
        self._has_said_all = False
        self._linger_timer: asyncio.TimerHandle | None = None
        self.is_ending = False

    @abstractmethod
    def refuse(self) -> bytes | None:
        """The reply that turns a client away as soon as it connects; None lets it in."""

    @property
    @abstractmethod
    def may_linger(self) -> bool:
        """Whether there is room for a refused client to stay until it has read the reason."""

    @abstractmethod
    def reset(self) -> None:
        """Forget what the client said, because it has just come or begun to speak TLS (RFC 3207 §4.2)."""

    @abstractmethod
    async def serve(self) -> None:
        """Hold the dialogue."""

    @abstractmethod
    def on_idle(self) -> None:
        """Deal with a client that has been silent for too long."""

    @abstractmethod
    def on_lost(self) -> None:
        """Deal with the end of the connection; a task that `serve` has started may go on."""

    @property
    def stream(self) -> asyncio.StreamReader:
        """What the client sends."""
        return self._reader

    @property
    def is_open(self) -> bool:
        """Whether something can be written."""
        return self.transport is not None and not self.transport.is_closing() and not self.is_lingering

    @property
    def is_lingering(self) -> bool:
        """Whether the client was turned away, and what it still sends is dropped."""
        return self._linger_timer is not None

    @property
    def is_tls(self) -> bool:
        """Whether TLS has begun."""
        return self._tls_protocol is not None

    @property
    def peer(self) -> str:
        """The address of the client, or `unix`."""
        peer: Any = None if self.session is None else self.session.peer
        return str(peer[0]) if isinstance(peer, tuple) else "unix"

    @property
    def unread_octets(self) -> int:
        """How much was written that the client has not taken yet."""
        return 0 if self.transport is None else _write_end(self.transport).get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Send, where the connection is open."""
        if self.is_open:
            self._writer.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken what was written; raises one of GONE."""
        await self._writer.drain()

    def close(self) -> None:
        """Close once everything is sent, unless the connection lingers."""
        if self.transport is not None and not self.is_lingering:
            self.transport.close()

    def linger(self) -> None:
        """Say no more, and close when the client has closed or LINGER_SECONDS are over.

        Until then what it sends is read and dropped: closing with octets unread resets the connection, and a client
        that is told so may never read the last reply (RFC 1122 §4.2.2.13). Our half of the connection is closed at
        once; under TLS it cannot be, since no half is left open there.
        """
        if self._has_said_all or not self.is_open:
            self.close()
            return
        assert self.transport is not None
        self.is_ending = True
        self._linger_timer = self.loop.call_later(LINGER_SECONDS, self._stop_lingering)
        self._reader.feed_eof()  # for the code that waits for the client
        end = _write_end(self.transport)
        if end.can_write_eof():
            end.write_eof()
        cast(asyncio.ReadTransport, self.transport).resume_reading()

    def _refuse_at(self, transport: asyncio.BaseTransport, refusal: bytes) -> None:
        """Turn a client away as soon as it connects; it may have sent something before it could read the reply."""
        end = _write_end(transport)
        end.write(refusal)
        if not self.may_linger:
            end.close()
            return
        if end.can_write_eof():
            end.write_eof()
        self._linger_timer = self.loop.call_later(LINGER_SECONDS, end.abort)

    def _stop_lingering(self) -> None:
        if self.unread_octets:
            self.abort()
        elif self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Close at once."""
        self.is_ending = True
        if self.transport is not None:
            _write_end(self.transport).abort()

    def restart_timer(self) -> None:
        """Restart the client's idle time."""
        if self.transport is not None:
            self._reset_timeout()

    async def start_tls(self) -> None:
        """Answer STARTTLS with 220 and do the handshake; raises one of GONE."""
        await self.smtp_STARTTLS("")

    # aiosmtpd and asyncio call these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._original_transport is None and (refusal := self.refuse()) is not None:
            self._is_refused = True
            self._refuse_at(transport, refusal)
            return
        self.reset()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._is_refused and not self.is_lingering:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """The client will send no more; what it sent is still answered."""
        if self._is_refused or self.is_ending:
            return False
        self._has_said_all = True
        self._reader.feed_eof()
        return self.session is not None and self.session.ssl is None

    def connection_lost(self, error: Exception | None) -> None:
        if self._linger_timer is not None:
            self._linger_timer.cancel()
        if self._is_refused:
            self.on_lost()
            return
        self.is_ending = True
        super().connection_lost(error)
        self.on_lost()

    def _timeout_cb(self) -> None:
        self.on_idle()

    async def _handle_client(self) -> None:
        await self.serve()


def _write_end(transport: asyncio.BaseTransport) -> asyncio.WriteTransport:
    """The transport under its real type: uvloop's do not inherit from asyncio's."""
    return cast(asyncio.WriteTransport, transport)
