"""One HTTP/1.1 connection: uvicorn's protocols, with limits that they lack.

A request must be here whole in time, or it is answered 408 and the connection closed; an answer must be taken in time,
or the connection is cut; what arrives for one request is counted, header and trailer included, and what all requests
hold together is bounded. With httptools, where it is installed, a connection costs a quarter of what it does with h11;
both keep the same limits.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from pressrun.web.http.memory import FREE_BYTES, BodyMemory, Share
from pressrun.web.http.one_segment import OneSegment
from pressrun.web.http.same import WHOLE
from pressrun.web.settings import HttpSettings

MAX_HEAD_BYTES = FREE_BYTES  # of a request line and its header: h11 has the same limit
_BUSY = (503, "Service Unavailable", "Retry-After: 5\r\n")
_NO_HTTP = (400, "Bad Request", "")
_TOO_LATE = (408, "Request Timeout", "")
_TOO_LARGE = (413, "Content Too Large", "")
_HEAD_TOO_LARGE = (431, "Request Header Fields Too Large", "")


class WatchedConnection(asyncio.Protocol, ABC):
    """The limits; mixed in before one of uvicorn's protocols. `lost` is set whenever a connection ends."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    connections: set[Any]
    cycle: Any  # None until the first request

    def watch(self, settings: HttpSettings, memory: BodyMemory, lost: asyncio.Event) -> None:
        """Take the settings; before the connection is made."""
        self._settings = settings
        self._share = Share(memory)
        self._lost = lost
        self._arrival: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._is_turned_away = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self._settings.connections:
            self._is_turned_away = True
            transport.write(_plain_answer(*_BUSY))
            transport.close()
            return
        self._segments = OneSegment(transport, self.is_arriving)
        super().connection_made(self._segments)
        self._start_arrival()

    def data_received(self, data: bytes) -> None:
        if self._is_turned_away or self.transport.is_closing():
            return
        super().data_received(data)
        if not self._share.grow(len(data)):
            self.refuse(*_BUSY)
        self._set_share()
        self._set_arrival()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_taking()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_taking()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_turned_away:
            return
        self._stop_arrival()
        self._stop_taking()
        self._segments.lost()
        self._share.give_back()
        super().connection_lost(exc)
        self._lost.set()

    def after_response(self) -> None:
        """An answer is written: watch that it is taken, and whether the next request has begun."""
        self._stop_taking()
        self._segments.flush()
        if self.transport.get_write_buffer_size():
            self._start_taking()
        self._set_share()
        self._set_arrival()

    @abstractmethod
    def is_arriving(self) -> bool:
        """Whether a request has begun and is not whole."""

    @abstractmethod
    def can_answer(self) -> bool:
        """Whether the request that is arriving has no answer yet, and none before it waits for its own."""

    def send_400_response(self, _words: str) -> None:
        """Refuse what is no HTTP; the handler that waits for the rest of it learns that nobody listens any more."""
        self.refuse(*_NO_HTTP)

    def refuse(self, status: int, reason: str, fields: str = "") -> None:
        """Answer the request that is arriving or waits for its answer, as far as that can be done, and close."""
        if self.transport.is_closing():
            return
        if (self.is_arriving() or self._is_waiting()) and self.can_answer():
            self.transport.write(_plain_answer(status, reason, fields))
        if self._is_waiting():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
        self._share.give_back()
        self._start_taking()

    def _is_waiting(self) -> bool:
        """Whether a request whose header is here has no whole answer yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _set_share(self) -> None:
        """What comes of a request that is answered is dropped; a header alone is never more than what is free."""
        if not self._is_waiting():
            self._share.give_back()

    def _set_arrival(self) -> None:
        """A request that has begun must end in time; between requests the keep-alive time-out watches."""
        if self.is_arriving():
            self._start_arrival()
        else:
            self._stop_arrival()

    def _start_arrival(self) -> None:
        if self._arrival is None:
            self._arrival = self.loop.call_later(self._settings.request_seconds, self._out_of_time)

    def _stop_arrival(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _start_taking(self) -> None:
        if self._taking is None:
            self._taking = self.loop.call_later(self._settings.answer_seconds, self.transport.abort)

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _out_of_time(self) -> None:
        self._arrival = None
        self.refuse(*_TOO_LATE)


class PlainConnection(WatchedConnection, H11Protocol):
    """With h11, in Python alone."""

    def __init__(
        self, config: Config, state: ServerState, settings: HttpSettings, memory: BodyMemory, lost: asyncio.Event
    ) -> None:
        H11Protocol.__init__(self, config, state, {}, asyncio.get_running_loop())
        self.watch(settings, memory, lost)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.after_response()

    def shutdown(self) -> None:
        """Finish the request at hand, then close."""
        if self.conn.our_state is h11.ERROR:
            self.transport.close()
        else:
            super().shutdown()

    def is_arriving(self) -> bool:
        waiting, _ = self.conn.trailing_data
        theirs = self.conn.their_state
        return theirs in (h11.SEND_BODY, h11.ERROR) or (theirs is h11.IDLE and bool(waiting))

    def can_answer(self) -> bool:
        return self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE)


def _plain_answer(status: int, reason: str, fields: str) -> bytes:
    return f"HTTP/1.1 {status} {reason}\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
except ImportError:  # the extra [fast] is not installed
    CONNECTION: type[WatchedConnection] = PlainConnection
else:

    class FastConnection(WatchedConnection, HttpToolsProtocol):
        """With httptools, which itself limits nothing."""

        def __init__(
            self, config: Config, state: ServerState, settings: HttpSettings, memory: BodyMemory, lost: asyncio.Event
        ) -> None:
            HttpToolsProtocol.__init__(self, config, state, {}, asyncio.get_running_loop())
            self.watch(settings, memory, lost)
            self._is_head = False
            self._is_body = False
            self._octets = 0
            self._extensions: dict[str, Any] = {WHOLE: self._send_whole}
            # Twice, since what is sent in small chunks takes more than it holds.
            self._most_octets = MAX_HEAD_BYTES + 2 * settings.max_body_bytes

        def data_received(self, data: bytes) -> None:
            self._octets += len(data)
            super().data_received(data)
            if self._is_head and self._octets > MAX_HEAD_BYTES:
                self.refuse(*_HEAD_TOO_LARGE)
            elif self._is_body and self._octets > self._most_octets:
                self.refuse(*_TOO_LARGE)

        def send_400_response(self, words: str) -> None:
            """Behind a request that waits for its answer, what is no HTTP ends the line once that one is given."""
            if self._is_body or self.cycle is None or self.cycle.response_complete:
                super().send_400_response(words)
            else:
                self._is_head = False
                self.cycle.keep_alive = False

        def on_message_begin(self) -> None:
            self._is_head = True
            super().on_message_begin()
            self.scope["extensions"] = self._extensions

        def on_headers_complete(self) -> None:
            super().on_headers_complete()  # raises for a target that it cannot read
            self.scope["raw_path"] = self.url.partition(b"?")[0]  # as it was sent, a whole address too, as with h11
            self._is_head, self._is_body = False, True

        def on_message_complete(self) -> None:
            self._is_body = False
            self._octets = 0
            super().on_message_complete()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self.after_response()

        def _send_whole(self, octets: bytes) -> bool:
            """What a cycle does with both parts of an answer, without looking through the fields."""
            cycle = self.cycle  # what is answered now, where no other request waits behind it
            if self.pipeline or cycle.response_started or cycle.disconnected or not cycle.keep_alive:
                return False
            if self.flow.write_paused or cycle.scope["method"] == "HEAD":
                return False
            cycle.response_started = cycle.response_complete = True
            self.transport.write(octets)
            cycle.message_event.set()
            cycle.on_response()
            return True

        def is_arriving(self) -> bool:
            return self._is_head or self._is_body

        def can_answer(self) -> bool:
            if self.pipeline:
                return False
            if self._is_head:
                return self.cycle is None or self.cycle.response_complete
            return not self.cycle.response_started

    CONNECTION = FastConnection
