"""One connection of a client: the server's half of SMTP and LMTP, over aiosmtpd's transport and STARTTLS.

aiosmtpd gives the protocol, the time-out and the handshake. The commands are ours, because its own answer an exception
with 500, take recipients without end, reply once to an LMTP mail for many, accept bare line ends and much that is no
address, and cancel a mail whose client has closed its half. RFC 5321, RFC 2033 (LMTP), RFC 2034, RFC 2920, RFC 1870,
RFC 6152, RFC 6531.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

from aiosmtpd.smtp import SMTP, TLSSetupException

from pressrun.core.errors import Unavailable
from pressrun.core.mail_routes import Route
from pressrun.inbound.envelope import Sender, parse_recipient, parse_sender
from pressrun.inbound.memory import Memory, Share
from pressrun.inbound.settings import SmtpSettings
from pressrun.inbound.wire import BareLineEnd, Content, LineTooLong, Wire
from pressrun.observe.log import event
from pressrun.services.incoming.mail_acceptance import NO_ROOM as WAITING
from pressrun.services.incoming.mail_acceptance import ArrivedMail, MailAcceptance
from pressrun.smtp.reply import Reply

log = logging.getLogger("pressrun.inbound")

MOST_ERRORS = 20  # then the client is sent away
MAX_CONTENT_IDLES = 6  # a content may take so many idle times in all, however it trickles

FULL = Reply(421, "too many connections, try again later", "4.3.2")
FAULT = Reply(451, "an error of ours, try again later", "4.3.0")
CLOSING = Reply(421, "closing, try again later", "4.3.2")
IDLE = Reply(421, "silent for too long", "4.4.2")
ERRORS = Reply(421, "too many errors", "4.7.0")
SURPLUS = Reply(452, "too many recipients, send the others in another transaction", "4.5.3")
NO_ROOM = Reply(452, "no room for a mail of this size now, try again later", "4.3.1")
TOO_BIG = Reply(552, "the mail is larger than this server takes", "5.3.4")
BARE_ENDS = Reply(550, "a CR or LF stands alone, which is not allowed in mail", "5.6.11")
NUL = Reply(554, "the mail contains a NUL octet, which is not allowed in mail", "5.6.0")
NO_GREETING = Reply(503, "say hello first", "5.5.1")
NO_MAIL = Reply(503, "send MAIL first", "5.5.1")
NO_RECIPIENTS = Reply(503, "no recipient was accepted", "5.5.1")
NESTED = Reply(503, "a transaction is under way", "5.5.1")
UNKNOWN_COMMAND = Reply(500, "this command is not known here", "5.5.1")
NO_ARGUMENT = Reply(501, "the command takes no argument", "5.5.4")
OK = Reply(250, "ok", "2.0.0")

Command = Callable[[str], Coroutine[Any, Any, None]]


def render(reply: Reply) -> bytes:
    """A reply of one line on the wire."""
    enhanced = f"{reply.enhanced} " if reply.enhanced else ""
    return f"{reply.code} {enhanced}{reply.text}\r\n".encode("ascii", "replace")


def _refuse_content(content: Content) -> Reply | None:
    """Why a content is not taken; None for a sound one."""
    if content.is_too_big:
        return TOO_BIG
    if content.found_no_room:
        return NO_ROOM
    if content.has_nul:
        return NUL
    return BARE_ENDS if content.has_bare_ends else None


def _writing(transport: asyncio.BaseTransport) -> asyncio.WriteTransport:
    """A stream's transport as what it is: those of uvloop do not descend from asyncio's."""
    return cast(asyncio.WriteTransport, transport)


class Door(Protocol):
    """What the sessions of one listener share."""

    settings: SmtpSettings
    acceptance: MailAcceptance
    tls: ssl.SSLContext | None
    memory: Memory
    speaks_lmtp: bool

    def enter(self, session: MailSession) -> bool:
        """Count a session in; False when there are too many."""

    def leave(self, session: MailSession) -> None: ...


class MailSession(SMTP):
    """One connection; `is_busy` while a mail is being stored."""

    line_length_limit = 16 * 1024  # of the stream's buffer: ours has limits of its own

    def __init__(self, door: Door) -> None:
        super().__init__(
            None,
            hostname=door.acceptance.site.mail_domain,
            data_size_limit=door.settings.max_message_bytes,
            enable_SMTPUTF8=True,
            tls_context=door.tls,
            timeout=door.settings.idle_seconds,
            loop=asyncio.get_running_loop(),
        )
        self._door = door
        self._domain = door.acceptance.site.mail_domain
        self._wire: Wire | None = None
        self._replies = bytearray()
        self._greeted = False
        self._sender: Sender | None = None
        self._recipients: list[Route] = []
        self._errors = 0
        self._is_turned_away = False
        self._is_ending = False
        self._content_ends_at: float | None = None
        self.is_busy = False
        greetings: dict[str, Command] = {"EHLO": self._ehlo, "HELO": self._helo}
        self._commands: dict[str, Command] = {
            **({"LHLO": self._ehlo} if door.speaks_lmtp else greetings),
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": self._noop,
            "QUIT": self._quit,
            "VRFY": self._vrfy,
            "EXPN": self._expn,
            "HELP": self._help,
            "STARTTLS": self._starttls,
        }

    # ------------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come, or has begun to speak TLS."""
        if self._original_transport is None and not self._door.enter(self):
            self._is_turned_away = True
            turned_away = _writing(transport)
            turned_away.write(render(FULL))
            turned_away.close()
            return
        self._forget_transaction()
        self._greeted = False
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Octets of the client."""
        if not self._is_turned_away:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """The client says no more; what it said is still answered."""
        if self._is_turned_away or self._is_ending:
            return False
        self._reader.feed_eof()
        return self.session is not None and self.session.ssl is None

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone; a mail that is being stored is stored."""
        if self._is_turned_away:
            return
        self._is_ending = True
        super().connection_lost(error)
        self._door.leave(self)

    def end(self) -> None:
        """Close now when nothing is under way, else after the mail at hand."""
        self._is_ending = True
        if not self.is_busy:
            self._close_with(CLOSING)

    def abort(self) -> None:
        """Close at once."""
        self._is_ending = True
        if self.transport is not None:
            _writing(self.transport).abort()

    def _timeout_cb(self) -> None:
        if self.is_busy:  # the database's time is not the client's silence
            self._reset_timeout()
            return
        if self.transport is not None and _writing(self.transport).get_write_buffer_size():
            self.abort()  # it does not read: closing would wait for that for ever
            return
        self._close_with(IDLE)

    def _close_with(self, reply: Reply) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._reply(reply)
            self._flush()
            self.transport.close()

    def _reply(self, reply: Reply) -> None:
        self._replies += render(reply)

    def _refuse(self, reply: Reply) -> None:
        self._errors += 1
        self._reply(reply)

    def _flush(self) -> None:
        """Replies of a pipelined group go out together (RFC 2920 §3.2)."""
        if self._replies and self.transport is not None and not self.transport.is_closing():
            self._writer.write(bytes(self._replies))
        self._replies.clear()

    def _heard(self) -> None:
        """Octets have come: enough during a content until its own end, while a command must come whole in time."""
        if self._content_ends_at is not None and self.loop.time() < self._content_ends_at:
            self._start_waiting()

    def _start_waiting(self) -> None:
        if self.transport is not None:
            self._reset_timeout()

    # ------------------------------------------------------------------ the dialogue

    async def _handle_client(self) -> None:
        """Greet, then answer one command after the other until the client or we have had enough."""
        self._wire = Wire(self._reader, self._flush, self._heard, self._door.memory.turn)
        self._replies += f"220 {self._domain} {'LMTP' if self._door.speaks_lmtp else 'ESMTP'}\r\n".encode()
        try:
            while not self._is_ending and await self._turn(self._wire):
                if self._errors > MOST_ERRORS:
                    self._close_with(ERRORS)
                    break
                await self._writer.drain()
        except (ConnectionError, TLSSetupException):
            pass
        except Exception:  # noqa: BLE001 - the edge: one connection's fault must not be more than that
            event(log, "inbound.failed", level=logging.ERROR, error=True)
            self._close_with(FAULT)
        finally:
            self._flush()
            if self.transport is not None:
                self.transport.close()

    async def _turn(self, wire: Wire) -> bool:
        """Read and answer one command; False when the client has closed."""
        try:
            line = await wire.line()
        except LineTooLong:
            self._refuse(Reply(500, "the line is too long", "5.5.6"))
            return True
        except BareLineEnd:
            self._refuse(Reply(500, "a line ends with CRLF", "5.5.2"))
            return True
        if line is None:
            return False
        self._start_waiting()
        verb, _, argument = line.partition(b" ")
        command = self._commands.get(verb.decode("ascii", "replace").upper())
        if command is None:
            self._refuse(UNKNOWN_COMMAND)
            return True
        try:
            text = argument.decode("utf-8")
        except UnicodeDecodeError:
            self._refuse(Reply(501, "the line is not UTF-8", "5.5.4"))
            return True
        await self._obey(command, text)
        self._start_waiting()
        return True

    async def _obey(self, command: Command, argument: str) -> None:
        try:
            await command(argument.rstrip(" "))
        except Unavailable as problem:
            event(log, "inbound.database_unavailable", level=logging.WARNING, problem=str(problem))
            self._reply(FAULT)
        except (ConnectionError, TLSSetupException):
            raise
        except Exception:  # noqa: BLE001 - the edge: the client tries again later and learns nothing of our insides
            event(log, "inbound.failed", level=logging.ERROR, error=True)
            self._reply(FAULT)

    async def _helo(self, argument: str) -> None:
        if not argument:
            self._refuse(Reply(501, "HELO takes the name of the client", "5.5.4"))
            return
        self._greeted = True
        self._forget_transaction()
        self._replies += f"250 {self._domain}\r\n".encode()

    async def _ehlo(self, argument: str) -> None:
        if not argument:
            self._refuse(Reply(501, "the command takes the name of the client", "5.5.4"))
            return
        self._greeted = True
        self._forget_transaction()
        lines = [self._domain, "PIPELINING", f"SIZE {self._door.settings.max_message_bytes}"]
        if self._may_start_tls():
            lines.append("STARTTLS")
        lines += ["ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"]
        shown = [f"250-{line}\r\n" for line in lines[:-1]] + [f"250 {lines[-1]}\r\n"]
        self._replies += "".join(shown).encode()

    async def _mail(self, argument: str) -> None:
        if not self._greeted:
            self._refuse(NO_GREETING)
            return
        if self._sender is not None:
            self._refuse(NESTED)
            return
        match parse_sender(argument):
            case Reply() as refusal:
                self._refuse(refusal)
            case Sender(size=size) if size > self._door.settings.max_message_bytes:
                self._refuse(TOO_BIG)
            case Sender(size=size) if not self._door.memory.has_room(size):
                self._reply(NO_ROOM)
            case sender:
                self._sender = sender
                self._reply(Reply(250, "sender ok", "2.1.0"))

    async def _rcpt(self, argument: str) -> None:
        if self._sender is None:
            self._refuse(NO_MAIL)
            return
        found = parse_recipient(argument, mail_domain=self._domain, utf8=self._sender.utf8)
        if isinstance(found, Reply):
            self._refuse(found)
            return
        if len(self._recipients) >= self._door.settings.recipients:
            self._reply(SURPLUS)
            return
        route = await self._door.acceptance.route(found.local)
        if isinstance(route, Reply):
            self._refuse(route)
            return
        if not await self._door.acceptance.has_room(route, self._recipients, self._sender.size):
            self._reply(WAITING)
            return
        self._recipients.append(route)
        self._reply(Reply(250, "recipient ok", "2.1.5"))

    async def _data(self, argument: str) -> None:
        if argument:
            self._refuse(NO_ARGUMENT)
            return
        if self._sender is None or not self._recipients:
            self._refuse(NO_MAIL if self._sender is None else NO_RECIPIENTS)
            return
        self._replies += b"354 end data with <CRLF>.<CRLF>\r\n"
        assert self._wire is not None
        self._content_ends_at = self.loop.time() + MAX_CONTENT_IDLES * self._door.settings.idle_seconds
        share = Share(self._door.memory)
        try:
            content = await self._wire.content(self._door.settings.max_message_bytes, share.grow_to)
            self._content_ends_at = None
            if content is None:
                return
            sender, recipients = self._sender, tuple(self._recipients)
            self._forget_transaction()
            replies = await self._take(sender, recipients, content, share)
        finally:
            share.give_back()
        if self._door.speaks_lmtp:
            for reply in replies:
                self._reply(reply)
        else:
            self._reply(next((reply for reply in replies if reply.is_positive), replies[0]))

    async def _take(self, sender: Sender, recipients: tuple[Route, ...], content: Content, share: Share) -> list[Reply]:
        """The reply for each recipient."""
        refusal = _refuse_content(content)
        if refusal is not None:
            return [refusal] * len(recipients)
        arrival = ArrivedMail(
            mail_from=sender.path,
            recipients=recipients,
            content=content.data,
            peer=self._peer(),
            utf8=sender.utf8,
            replies_each=self._door.speaks_lmtp,
        )
        self.is_busy = True
        storing = asyncio.create_task(self._door.acceptance.take(arrival), name="inbound storing")
        share.give_back_after(storing)
        try:
            return await asyncio.shield(storing)
        except Unavailable as problem:
            event(log, "inbound.database_unavailable", level=logging.WARNING, problem=str(problem))
        except Exception:  # noqa: BLE001 - the edge: nothing was stored, the client keeps the mail and tries again
            event(log, "inbound.failed", level=logging.ERROR, error=True)
        finally:
            self.is_busy = False
        return [FAULT] * len(recipients)

    async def _rset(self, argument: str) -> None:
        if argument:
            self._refuse(NO_ARGUMENT)
            return
        self._forget_transaction()
        self._reply(OK)

    async def _noop(self, argument: str) -> None:  # noqa: ARG002 - NOOP takes any argument
        self._reply(OK)

    async def _quit(self, argument: str) -> None:
        if argument:
            self._refuse(NO_ARGUMENT)
            return
        self._is_ending = True
        self._reply(Reply(221, "goodbye", "2.0.0"))

    async def _vrfy(self, argument: str) -> None:  # noqa: ARG002 - the same for every address
        self._reply(Reply(252, "send some mail, we will see", "2.5.2"))

    async def _expn(self, argument: str) -> None:  # noqa: ARG002 - the same for every list
        self._refuse(Reply(502, "lists are not shown", "5.5.1"))

    async def _help(self, argument: str) -> None:  # noqa: ARG002 - there is one text
        self._reply(Reply(214, "see RFC 5321", "2.0.0"))

    async def _starttls(self, argument: str) -> None:
        if argument:
            self._refuse(NO_ARGUMENT)
            return
        if not self._may_start_tls():
            self._refuse(Reply(503, "TLS is not offered", "5.5.1"))
            return
        assert self._wire is not None
        self._flush()
        self._wire.discard()
        await super().smtp_STARTTLS("")
        self._wire.discard()

    def _may_start_tls(self) -> bool:
        return self._door.tls is not None and self._tls_protocol is None

    def _forget_transaction(self) -> None:
        self._sender = None
        self._recipients = []

    def _peer(self) -> str:
        peer: Any = None if self.session is None else self.session.peer
        return str(peer[0]) if isinstance(peer, tuple) else "unix"
