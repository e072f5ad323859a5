"""An SMTP server of our own for the demo: it keeps what it gets in memory, and misbehaves on purpose.

By the start of the recipient's local part: `hard-` is refused for good, `soft-` twice for now and then accepted,
`full-` always for now, `blocked-` by policy, and `slow-` is accepted after a second. It delivers nothing anywhere and
forgets the oldest messages first.
"""

# ruff: noqa: ARG002 - aiosmtpd calls its hooks with all of this

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Callable

from aiosmtpd.smtp import SMTP, Envelope, Session

from pressrun.runtime.clock import utc_now
from pressrun.web.editors.demo import DemoMail, DemoRefusal

MAX_MESSAGES = 1000
MAX_REFUSALS = 1000
SLOW_SECONDS = 1.0
SOFT_TIMES = 2

_REPLIES = {
    "hard-": "550 5.1.1 There is no such mailbox",
    "soft-": "451 4.2.1 The mailbox cannot take mail just now",
    "full-": "452 4.2.2 The mailbox is full",
    "blocked-": "550 5.7.1 Mail from this sender is not accepted",
}


class Capture:
    """The server; `start` it on the event loop and `stop` it there."""

    def __init__(self, *, clock: Callable[[], float] = utc_now, max_messages: int = MAX_MESSAGES) -> None:
        self._clock = clock
        self._messages: deque[DemoMail] = deque(maxlen=max_messages)
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._ids = itertools.count(1)
        self._sessions: set[_CaptureSession] = set()
        self._server: asyncio.Server | None = None

    @property
    def messages(self) -> list[DemoMail]:
        """What was captured, newest first."""
        return list(reversed(self._messages))

    @property
    def refusals(self) -> list[DemoRefusal]:
        """Who was refused, in the order of the first time."""
        return [DemoRefusal(recipient=r, reply=reply, count=n) for (r, reply), n in self._refusals.items()]

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen, and say where; port 0 takes a free one. Raises OSError."""
        self._server = await asyncio.get_running_loop().create_server(self._session, host, port)
        where = self._server.sockets[0].getsockname()
        return str(where[0]), int(where[1])

    async def stop(self) -> None:
        """Close the listener and every session."""
        if self._server is None:
            return
        self._server.close()
        tasks = [task for session in list(self._sessions) if (task := session.hang_up()) is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def _session(self) -> _CaptureSession:
        return _CaptureSession(_CaptureHandler(self), self._sessions)

    def keep(self, mail_from: str, rcpt_to: tuple[str, ...], content: bytes) -> None:
        """Add a message as the newest."""
        self._messages.append(
            DemoMail(
                id=next(self._ids), received_at=self._clock(), mail_from=mail_from, rcpt_to=rcpt_to, content=content
            )
        )

    def refusal_of(self, recipient: str) -> str | None:
        """The reply that refuses this recipient this time, counted; None if it is accepted."""
        reply = next((reply for start, reply in _REPLIES.items() if recipient.lower().startswith(start)), None)
        if reply is None or (recipient.lower().startswith("soft-") and self._refusals[recipient, reply] >= SOFT_TIMES):
            return None
        if len(self._refusals) >= MAX_REFUSALS and (recipient, reply) not in self._refusals:
            del self._refusals[next(iter(self._refusals))]
        self._refusals[recipient, reply] += 1
        return reply


class _CaptureSession(SMTP):
    """One connection, known to the capture so that it can be closed."""

    def __init__(self, handler: _CaptureHandler, sessions: set[_CaptureSession]) -> None:
        super().__init__(
            handler,
            hostname="capture.invalid",
            ident="Pressrun capture",
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> asyncio.Task[None] | None:
        """Close the connection; returns the task that still serves it."""
        if self.transport is not None:
            self.transport.close()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        return self._handler_coroutine


class _CaptureHandler:
    """aiosmtpd's hooks; their names and shapes are its own."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # aiosmtpd answers pipelined commands in order, but does not offer PIPELINING.
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        refusal = self._capture.refusal_of(address)
        if refusal is not None:
            return refusal
        if address.lower().startswith("slow-"):
            await asyncio.sleep(SLOW_SECONDS)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient accepted"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        mail_from = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        content = envelope.original_content or b""
        self._capture.keep(mail_from, tuple(envelope.rcpt_tos), content)
        return "250 2.0.0 Captured"

    async def handle_exception(self, error: Exception) -> str:
        return f"451 4.3.0 The capture failed: {type(error).__name__}"
