"""One HTTP/1.1 connection: uvicorn's protocols, with the limits that they lack.

A request that is not complete in time is answered 408 and its connection closed. A connection whose client does not
read its answer is cut. What arrives for one request is counted, header and trailer included, and what all requests
hold together is bounded. httptools, where it is installed, costs a quarter of h11; both keep the same limits.

This is the only module that uses more of uvicorn than its documented interface, because uvicorn has no setting for any
of these limits. It overrides callbacks of the two protocol classes and reads attributes of theirs. The `USED_OF_…`
tuples name them all, and `tests/web/http/test_connections.py` fails when uvicorn no longer has one of them.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import h11
from msgspec import Struct, field
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from pressrun.core.current import Holder
from pressrun.runtime.shared_memory import MemoryShare, SharedMemory
from pressrun.web.http.joined_writes import JoinedWrites
from pressrun.web.settings import HttpSettings

USED_OF_PROTOCOLS = (
    "cycle",
    "loop",
    "on_response_complete",
    "scope",
    "send_400_response",
    "shutdown",
    "timeout_keep_alive_handler",
    "transport",
)
USED_OF_HTTPTOOLS = ("on_headers_complete", "on_message_begin", "on_message_complete", "pipeline", "url")
USED_OF_CYCLES = ("keep_alive", "response_complete", "response_started")
USED_OF_HTTPTOOLS_CYCLES = ("chunked_encoding", "expected_content_length")

# What requests hold together is bounded, but for the beginning of each: there is always room for a one-click POST, a
# sign-up or a confirmation. A larger request without room is answered 503.
FREE_BYTES = 16 * 1024
MAX_HEAD_BYTES = FREE_BYTES  # of a request line and its header: h11 has the same limit
LINGER_SECONDS = 5.0  # how long a client may go on sending after a refusal before it is reset
# How long a client that has just connected may take to begin its request while the server stops: it is on its way.
FIRST_SECONDS = 0.5
_BUSY = (503, "Service Unavailable", "Retry-After: 5\r\n")
_NOT_HTTP = (400, "Bad Request", "")
_TOO_LATE = (408, "Request Timeout", "")
_TOO_LARGE = (413, "Content Too Large", "")
_HEAD_TOO_LARGE = (431, "Request Header Fields Too Large", "")


CountRefusal = Callable[[int], None]


class ConnectionPool(Struct, eq=False):
    """What all connections of a server share. `lost` is set whenever one ends, `stopping` once the server stops.

    `count` is called with the status of each answer that no application gave.
    """

    settings: HttpSettings
    config: Config
    memory: SharedMemory
    max_body_bytes: int
    count: CountRefusal
    state: ServerState = field(default_factory=ServerState)
    connections: set[LimitedConnection] = field(default_factory=set)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def build_pool(
    app: ASGIApp,
    settings: HttpSettings,
    connection: type[LimitedConnection],
    max_body_bytes: int,
    count: CountRefusal,
) -> ConnectionPool:
    """A pool that hands requests to `app`. uvicorn logs nothing, names no server and believes no proxy.

    No request may be larger than `max_body_bytes`; the application accepts less in most places.
    """
    config = Config(
        app,
        http=connection,
        ws="none",
        lifespan="off",
        interface="asgi3",  # which uvicorn does not see of a bound method
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the application sets it
        timeout_keep_alive=settings.keep_alive_seconds,  # type: ignore[arg-type]  # call_later takes fractions
    )
    config.load()
    return ConnectionPool(
        settings, config, SharedMemory(Holder(settings.body_memory_bytes), FREE_BYTES), max_body_bytes, count
    )


class Transfer:
    """What the handler of a request says about it, and learns of its connection: `transfer` in the state of the scope.

    `closing` is set when the connection closes after the request at hand: an answer without an end has to end then.
    """

    __slots__ = ("_connection", "closing")

    def __init__(self, connection: LimitedConnection) -> None:
        self._connection = connection
        self.closing = asyncio.Event()

    def proceed(self) -> None:
        """All that has arrived was put away. It no longer takes memory, and the rest has its time from now on."""
        self._connection.proceed()


class LimitedConnection(asyncio.Protocol, ABC):
    """The limits; mixed in before one of uvicorn's protocols."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    cycle: Any  # uvicorn's request at hand, None before the first

    def __init__(self, pool: ConnectionPool) -> None:
        base: Any = super()
        self._transfer = Transfer(self)
        base.__init__(pool.config, pool.state, {"transfer": self._transfer}, asyncio.get_running_loop())
        self._pool = pool
        self._settings = pool.settings
        self._share = MemoryShare(pool.memory)
        self._arrival_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None
        self._linger_timer: asyncio.TimerHandle | None = None
        self._first_timer: asyncio.TimerHandle | None = None
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self._pool.connections) >= self._settings.connections:
            self._is_refused = True
            self._pool.count(_BUSY[0])
            transport.write(_plain_answer(*_BUSY))
            transport.close()
            return
        self._pool.connections.add(self)
        self._writes = JoinedWrites(transport, self.loop)
        super().connection_made(self._writes)
        self._start_arrival_timer()
        if self._pool.stopping.is_set():
            self.shutdown()

    def data_received(self, data: bytes) -> None:
        if self._is_refused or self.transport.is_closing():
            return
        super().data_received(data)
        if not self._share.grow(len(data)):
            self.refuse(*_BUSY)
        self._update_limits()
        self._leave_if_stopping()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_answer_timer()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_answer_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_arrival_timer()
        self._stop_answer_timer()
        for timer in (self._linger_timer, self._first_timer):
            if timer is not None:
                timer.cancel()
        self._share.give_back()
        if not self._is_refused:
            super().connection_lost(exc)
        self._pool.connections.discard(self)
        self._pool.lost.set()

    def shutdown(self) -> None:
        """Finish the request at hand, then close. One that is arriving, or on its way, is a request at hand."""
        self._transfer.closing.set()
        if self._is_refused:
            self.transport.close()
        elif self.transport.is_closing():
            return
        elif self.cycle is None and self._first_timer is None:
            self._first_timer = self.loop.call_later(FIRST_SECONDS, self.shutdown)
        elif self._is_waiting() or not self.is_arriving():
            super().shutdown()  # type: ignore[misc]  # of uvicorn's protocol

    def _leave_if_stopping(self) -> None:
        """A request that has come during a stop is the last one."""
        if self._pool.stopping.is_set() and self._is_waiting() and not self._is_refused:
            self.shutdown()

    def proceed(self) -> None:
        """Restart the count of what arrives for this request, and its time."""
        self._share.give_back()
        self._stop_arrival_timer()
        self._update_limits()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abort()

    def on_response_complete(self) -> None:
        """An answer is written. See that the client reads it, and whether the next request has begun."""
        self._writes.flush()
        super().on_response_complete()  # type: ignore[misc]  # of uvicorn's protocol
        self._stop_answer_timer()
        if self.transport.get_write_buffer_size():
            self._start_answer_timer()
        self._update_limits()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection without a request, unless it is lingering after a refusal."""
        if not self._is_refused:
            super().timeout_keep_alive_handler()  # type: ignore[misc]  # of uvicorn's protocol

    def send_400_response(self, _words: str) -> None:
        """Refuse what is not HTTP. Its handler, if it has one already, sees that the client is gone."""
        self.refuse(*_NOT_HTTP)

    @abstractmethod
    def is_arriving(self) -> bool:
        """Whether a request has begun and is not complete."""

    @abstractmethod
    def can_answer(self) -> bool:
        """Whether the request that is arriving has no answer yet, and no request before it is waiting for one."""

    def refuse(self, status: int, reason: str, fields: str = "") -> None:
        """Answer the request that is arriving or waits for its answer, if that is still possible, and close.

        What the client goes on sending is read and dropped for a while: if the connection were reset, the client might
        never see the answer that says why (RFC 9112 §9.6).
        """
        if self._is_refused or self.transport.is_closing():
            return
        is_arriving = self.is_arriving()
        if (is_arriving or self._is_waiting()) and self.can_answer():
            self._pool.count(status)
            self.transport.write(_plain_answer(status, reason, fields))
        self._is_refused = True
        super().connection_lost(ConnectionAbortedError())  # tells the handler
        self._share.give_back()
        self._stop_arrival_timer()
        self._start_answer_timer()
        if is_arriving:
            self.transport.resume_reading()
            self.transport.write_eof()
            self._linger_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()

    def _is_waiting(self) -> bool:
        """Whether a request whose header is here has no complete answer yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _update_limits(self) -> None:
        """A request that has begun must end in time; uvicorn's keep-alive timer covers the time between requests.

        What arrives for a request that is already answered is dropped, and a header alone fits into what is free.
        """
        if self._is_refused:
            return
        if not self._is_waiting():
            self._share.give_back()
        if self.is_arriving():
            self._start_arrival_timer()
        else:
            self._stop_arrival_timer()

    def _start_arrival_timer(self) -> None:
        if self._arrival_timer is None:
            self._arrival_timer = self.loop.call_later(self._settings.request_seconds, self.refuse, *_TOO_LATE)

    def _stop_arrival_timer(self) -> None:
        if self._arrival_timer is not None:
            self._arrival_timer.cancel()
            self._arrival_timer = None

    def _start_answer_timer(self) -> None:
        if self._answer_timer is None:
            self._answer_timer = self.loop.call_later(self._settings.answer_seconds, self.transport.abort)

    def _stop_answer_timer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None


class H11Connection(LimitedConnection, H11Protocol):
    """With h11, which is written in Python."""

    def is_arriving(self) -> bool:
        waiting, _ = self.conn.trailing_data
        theirs = self.conn.their_state
        return theirs in (h11.SEND_BODY, h11.ERROR) or (theirs is h11.IDLE and bool(waiting))

    def can_answer(self) -> bool:
        return self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE)


def _plain_answer(status: int, reason: str, fields: str) -> bytes:
    return f"HTTP/1.1 {status} {reason}\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
except ImportError:  # the extra [fast] is not installed
    DEFAULT_CONNECTION: type[LimitedConnection] = H11Connection
else:

    class _UnchunkedCycle(RequestResponseCycle):
        """An answer for a client of HTTP/1.0, which knows no chunks: without a length it ends with the connection.

        RFC 9112 §6.1, §6.3. uvicorn sends chunks with httptools; h11 does the same as this.
        """

        is_unmeasured = False

        async def send(self, message: Any) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message.get("headers", ())}
                has_body = self.scope["method"] != "HEAD" and message["status"] not in (204, 304)
                self.is_unmeasured = has_body and b"content-length" not in names
                if self.is_unmeasured:
                    self.chunked_encoding, self.keep_alive = False, False
            elif self.is_unmeasured:  # as much as is sent
                body = len(message.get("body", b""))
                self.expected_content_length = body + message.get("more_body", False)
            await super().send(message)

    class HttptoolsConnection(LimitedConnection, HttpToolsProtocol):
        """With httptools, which limits nothing by itself."""

        def __init__(self, pool: ConnectionPool) -> None:
            super().__init__(pool)
            self._is_head = False
            self._is_body = False
            self._octets = 0
            # Twice, because a body sent in small chunks is longer than what it holds.
            self._max_octets = MAX_HEAD_BYTES + 2 * pool.max_body_bytes

        def data_received(self, data: bytes) -> None:
            self._octets += len(data)
            super().data_received(data)
            if self._is_head and self._octets > MAX_HEAD_BYTES:
                self.refuse(*_HEAD_TOO_LARGE)
            elif self._is_body and self._octets > self._max_octets:
                self.refuse(*_TOO_LARGE)

        def send_400_response(self, words: str) -> None:
            """Behind a complete request, answer that first. Then close."""
            if self._is_body or self.cycle is None or self.cycle.response_complete:
                super().send_400_response(words)
            else:
                self._is_head = False
                self.cycle.keep_alive = False

        def on_message_begin(self) -> None:
            self._is_head = True
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            super().on_headers_complete()  # raises for a target that it cannot parse
            self.scope["raw_path"] = self.url.partition(b"?")[0]  # as it was sent, even a whole URL, as h11 does
            self._is_head, self._is_body = False, True
            if self.scope["http_version"] == "1.0":
                self.cycle.__class__ = _UnchunkedCycle

        def on_message_complete(self) -> None:
            self._is_body = False
            self._octets = 0
            super().on_message_complete()

        def is_arriving(self) -> bool:
            return self._is_head or self._is_body

        def can_answer(self) -> bool:
            if self.pipeline:
                return False
            if self._is_head:
                return self.cycle is None or self.cycle.response_complete
            return not self.cycle.response_started

    DEFAULT_CONNECTION = HttptoolsConnection
