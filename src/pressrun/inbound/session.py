"""One client's dialogue: the server's half of SMTP and LMTP.

RFC 5321, RFC 2033 (LMTP), RFC 2034 (enhanced codes), RFC 2920 (PIPELINING), RFC 1870 (SIZE), RFC 6152 (8BITMIME),
RFC 6531 (SMTPUTF8).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from msgspec import Struct, field

from pressrun.core.addresses.mail_routes import Route
from pressrun.core.current import Current
from pressrun.core.errors import Unavailable
from pressrun.inbound.client_input import BareLineEnd, ClientInput, LineTooLong, ReceivedContent
from pressrun.inbound.connection import GONE, ClientConnection
from pressrun.inbound.envelope import NO_RELAYING, EnvelopeSender, parse_recipient, parse_sender
from pressrun.inbound.memory import ContentMemory, Memory
from pressrun.inbound.settings import SmtpSettings
from pressrun.observe.log import event
from pressrun.services.incoming.mail_acceptance import QUEUE_FULL, ArrivedMail, MailAcceptance
from pressrun.smtp.reply import Reply

log = logging.getLogger("pressrun.inbound")

MAX_CONTENT_IDLES = 6  # a content may take this many idle times in all, however slowly it arrives

FULL = Reply(421, "too many connections, try again later", "4.3.2")
FAULT = Reply(451, "internal error, try again later", "4.3.0")
CLOSING = Reply(421, "closing, try again later", "4.3.2")
IDLE = Reply(421, "idle for too long", "4.4.2")
ERRORS = Reply(421, "too many wrong commands", "4.7.0")
SURPLUS = Reply(452, "too many recipients, send the others in another transaction", "4.5.3")
NO_ROOM = Reply(452, "no room for a mail of this size now, try again later", "4.3.1")
TOO_BIG = Reply(552, "the mail exceeds the maximum size", "5.3.4")
BARE_ENDS = Reply(550, "bare CR or LF is not allowed in mail", "5.6.11")
NUL = Reply(554, "NUL is not allowed in mail", "5.6.0")
NO_GREETING = Reply(503, "send EHLO first", "5.5.1")
NO_GREETING_LMTP = Reply(503, "send LHLO first", "5.5.1")
NO_MAIL = Reply(503, "send MAIL first", "5.5.1")
NO_RECIPIENTS = Reply(503, "no valid recipients", "5.5.1")
NESTED = Reply(503, "a transaction is already in progress", "5.5.1")
UNKNOWN_COMMAND = Reply(500, "unknown command", "5.5.1")
NO_ARGUMENT = Reply(501, "the command takes no argument", "5.5.4")
NO_NAME = Reply(501, "the command needs the name of the client", "5.5.4")
OK = Reply(250, "ok", "2.0.0")

Command = Callable[[str], Coroutine[Any, Any, None]]


def render(reply: Reply) -> bytes:
    """A reply of one line on the wire."""
    enhanced = f"{reply.enhanced} " if reply.enhanced else ""
    return f"{reply.code} {enhanced}{reply.text}\r\n".encode("ascii", "replace")


def _refuse_content(content: ReceivedContent) -> Reply | None:
    """Why a content is refused; None for a sound one."""
    if content.is_too_big:
        return TOO_BIG
    if content.found_no_room:
        return NO_ROOM
    if content.has_nul:
        return NUL
    return BARE_ENDS if content.has_bare_ends else None


def _reply_to_all(replies: Sequence[Reply]) -> Reply:
    """The only reply that SMTP has: accepted where anybody has the mail, else later where anybody may still get it."""
    return min(replies, key=lambda reply: (not reply.is_positive, reply.is_permanent))


class SmtpTerms(Struct, frozen=True, kw_only=True):
    """The settings in force, and the TLS context of their certificate: a reload swaps both together."""

    settings: SmtpSettings
    tls: ssl.SSLContext | None


class ListenerState(Struct, frozen=True, kw_only=True):
    """What the sessions of one listener share."""

    name: str
    acceptance: MailAcceptance
    memory: Memory
    speaks_lmtp: bool
    terms: Current[SmtpTerms]
    sessions: set[MailSession] = field(default_factory=set)
    refused: set[MailSession] = field(default_factory=set)  # may stay to read the reason; as many as sessions
    left: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)  # set once it stops; new clients are turned away

    @property
    def settings(self) -> SmtpSettings:
        return self.terms.value.settings

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS context in force, None without a certificate."""
        return self.terms.value.tls


class MailSession(ClientConnection):
    """One connection; `is_busy` while a mail is being stored."""

    def __init__(self, listener: ListenerState) -> None:
        domain = listener.acceptance.site.mail_domain
        super().__init__(domain, listener.tls, listener.settings.idle_seconds)
        self._listener = listener
        self._domain = domain
        self._input: ClientInput | None = None
        self._replies = bytearray()
        self._greeted = False
        self._sender: EnvelopeSender | None = None
        self._recipients: list[Route] = []
        self._errors = 0
        self._content_ends_at: float | None = None
        self._is_sent_away = False
        self.is_busy = False
        greetings: dict[str, Command] = {"EHLO": self._ehlo, "HELO": self._helo}
        self._commands: dict[str, Command] = {
            **({"LHLO": self._ehlo} if listener.speaks_lmtp else greetings),
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

    def refuse(self) -> bytes | None:
        listener = self._listener
        if listener.closing.is_set():
            self._keep_refused()
            return render(CLOSING)
        if len(listener.sessions) >= listener.settings.connections:
            event(log, "inbound.full", level=logging.WARNING, listener=listener.name)
            self._keep_refused()
            return render(FULL)
        listener.sessions.add(self)
        return None

    def _keep_refused(self) -> None:
        if len(self._listener.refused) < self._listener.settings.connections:
            self._listener.refused.add(self)

    @property
    def may_linger(self) -> bool:
        return self in self._listener.refused

    def reset(self) -> None:
        self._forget_transaction()
        self._greeted = False

    def on_lost(self) -> None:
        self._listener.sessions.discard(self)
        self._listener.refused.discard(self)
        self._listener.left.set()

    def on_idle(self) -> None:
        if self.is_busy:  # the client is not silent: it waits for our database
            self.restart_timer()
        elif self.unread_octets:
            self.abort()  # it does not read, so closing would never end
        else:
            self._close_with(IDLE)

    def end(self) -> None:
        """Turn the client away: now if nothing is in progress, otherwise after the current mail."""
        self.is_ending = self._is_sent_away = True
        if not self.is_busy:
            self._close_with(CLOSING)

    def _close_with(self, reply: Reply) -> None:
        if self.is_open:
            self._reply(reply)
            self._flush()
            self.linger()

    def _reply(self, reply: Reply) -> None:
        self._replies += render(reply)

    def _refuse(self, reply: Reply) -> None:
        """Refuse a wrong command. Too many end the connection.

        What is wrong with an address or a mail does not count: a mail server in front of us passes on what others gave
        it. If it were sent away for that, it would hold all of our mail back for a while.
        """
        self._errors += 1
        self._reply(reply)

    def _flush(self) -> None:
        """Replies of a pipelined group go out together (RFC 2920 §3.2)."""
        if self._replies:
            self.write(bytes(self._replies))
        self._replies.clear()

    def _on_data(self) -> None:
        """Octets of a content restart the timer, until the content's deadline. A whole command must arrive in time."""
        if self._content_ends_at is not None and self.loop.time() < self._content_ends_at:
            self.restart_timer()

    # ------------------------------------------------------------------ the dialogue

    async def serve(self) -> None:
        """Greet, then answer one command after the other until either side ends it."""
        self._input = ClientInput(self.stream, self._flush, self._on_data, self._listener.memory.turn)
        self._replies += f"220 {self._domain} {'LMTP' if self._listener.speaks_lmtp else 'ESMTP'}\r\n".encode()
        try:
            while not self.is_ending and await self._serve_command(self._input):
                if self._errors > self._listener.settings.errors:
                    self._close_with(ERRORS)
                    break
                await self.drain()
            if self._is_sent_away:
                self._close_with(CLOSING)
        except GONE:
            pass
        except Exception:  # noqa: BLE001 - the edge: a fault in one connection must not reach beyond it
            event(log, "inbound.failed", level=logging.ERROR, exc_info=True)
            self._close_with(FAULT)
        finally:
            self._flush()
            self.close()

    async def _serve_command(self, received: ClientInput) -> bool:
        """Read and answer one command; False when the client has closed."""
        try:
            line = await received.read_line()
        except LineTooLong:
            self._refuse(Reply(500, "the line is too long", "5.5.6"))
            return True
        except BareLineEnd:
            self._refuse(Reply(500, "a line ends with CRLF", "5.5.2"))
            return True
        if line is None:
            return False
        self.restart_timer()
        verb, _, argument = line.partition(b" ")
        command = self._commands.get(verb.decode("ascii", "replace").upper())
        if command is None:
            self._refuse(UNKNOWN_COMMAND)
            return True
        try:
            text = argument.decode("utf-8")
        except UnicodeDecodeError:
            self._reply(Reply(501, "the line is not UTF-8", "5.5.4"))
            return True
        await self._run(command, text.rstrip(" "))
        self.restart_timer()
        return True

    async def _run(self, command: Command, argument: str) -> None:
        try:
            await command(argument)
        except GONE:
            raise
        except Exception as problem:  # noqa: BLE001 - the edge: the client retries, and learns nothing of our insides
            self._log_fault(problem)
            self._reply(FAULT)

    def _log_fault(self, problem: Exception) -> None:
        if isinstance(problem, Unavailable):
            event(log, "inbound.database_unavailable", level=logging.WARNING, problem=str(problem))
        else:
            event(log, "inbound.failed", level=logging.ERROR, exc_info=True)

    async def _helo(self, argument: str) -> None:
        if self._greet(argument):
            self._replies += f"250 {self._domain}\r\n".encode()

    async def _ehlo(self, argument: str) -> None:
        if not self._greet(argument):
            return
        lines = [self._domain, "PIPELINING", f"SIZE {self._listener.settings.max_message_bytes}"]
        if self._may_start_tls():
            lines.append("STARTTLS")
        lines += ["ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"]
        shown = [f"250-{line}\r\n" for line in lines[:-1]] + [f"250 {lines[-1]}\r\n"]
        self._replies += "".join(shown).encode()

    def _greet(self, name: str) -> bool:
        if not name:
            self._refuse(NO_NAME)
            return False
        self._greeted = True
        self._forget_transaction()
        return True

    async def _mail(self, argument: str) -> None:
        if not self._greeted:
            self._refuse(NO_GREETING_LMTP if self._listener.speaks_lmtp else NO_GREETING)
            return
        if self._sender is not None:
            self._refuse(NESTED)
            return
        match parse_sender(argument):
            case Reply() as refusal:
                self._reply(refusal)
            case EnvelopeSender(size=size) if size > self._listener.settings.max_message_bytes:
                self._reply(TOO_BIG)
            case EnvelopeSender(size=size) if not self._listener.memory.has_room(size):
                self._reply(NO_ROOM)
            case sender:
                self._sender = sender
                self._reply(Reply(250, "sender ok", "2.1.0"))

    async def _rcpt(self, argument: str) -> None:
        if self._sender is None:
            self._reply(NO_MAIL)  # of a pipelined group whose MAIL was refused
            return
        recipient = parse_recipient(argument, mail_domain=self._domain, utf8=self._sender.utf8)
        if isinstance(recipient, Reply):
            self._reply(recipient)
            return
        if len(self._recipients) >= self._listener.settings.recipients:
            self._reply(SURPLUS)
            return
        acceptance = self._listener.acceptance
        if isinstance(recipient, str):
            route = await acceptance.resolve_route(recipient)
        else:
            route = await acceptance.resolve_old_route(recipient.local, recipient.domain) or NO_RELAYING
        if isinstance(route, Reply):
            self._reply(route)
            return
        if not await acceptance.has_room(route, self._recipients, self._sender.size):
            self._reply(QUEUE_FULL)
            return
        self._recipients.append(route)
        self._reply(Reply(250, "recipient ok", "2.1.5"))

    async def _data(self, argument: str) -> None:
        if self._refuses_argument(argument):
            return
        if self._sender is None or not self._recipients:
            self._reply(NO_MAIL if self._sender is None else NO_RECIPIENTS)
            return
        self._replies += b"354 end data with <CRLF>.<CRLF>\r\n"
        assert self._input is not None
        settings = self._listener.settings
        self._content_ends_at = self.loop.time() + MAX_CONTENT_IDLES * settings.idle_seconds
        memory = ContentMemory(self._listener.memory)
        try:
            content = await self._input.read_content(settings.max_message_bytes, memory.grow_to)
            self._content_ends_at = None
            if content is None or self.is_lingering:  # it was turned away while it was sending
                return
            sender, recipients = self._sender, tuple(self._recipients)
            self._forget_transaction()
            replies = await self._accept(sender, recipients, content, memory)
        finally:
            memory.release()
        if self._listener.speaks_lmtp:
            for reply in replies:
                self._reply(reply)
        else:
            self._reply(_reply_to_all(replies))

    async def _accept(
        self, sender: EnvelopeSender, recipients: tuple[Route, ...], content: ReceivedContent, memory: ContentMemory
    ) -> list[Reply]:
        """The reply for each recipient."""
        refusal = _refuse_content(content)
        if refusal is not None:
            return [refusal] * len(recipients)
        arrived = ArrivedMail(
            mail_from=sender.path,
            recipients=recipients,
            content=content.data,
            peer=self.peer,
            utf8=sender.utf8,
            replies_each=self._listener.speaks_lmtp,
        )
        self.is_busy = True
        storing = asyncio.create_task(self._listener.acceptance.accept(arrived), name="inbound storing")
        memory.release_after(storing)
        try:
            return await asyncio.shield(storing)
        except Exception as problem:  # noqa: BLE001 - the edge: nothing was stored, the client keeps the mail and retries
            self._log_fault(problem)
        finally:
            self.is_busy = False
        return [FAULT] * len(recipients)

    async def _rset(self, argument: str) -> None:
        if not self._refuses_argument(argument):
            self._forget_transaction()
            self._reply(OK)

    async def _noop(self, argument: str) -> None:  # noqa: ARG002 - NOOP takes any argument
        self._reply(OK)

    async def _quit(self, argument: str) -> None:
        if not self._refuses_argument(argument):
            self.is_ending = True
            self._reply(Reply(221, "closing connection", "2.0.0"))

    async def _vrfy(self, argument: str) -> None:  # noqa: ARG002 - the same for every address
        self._reply(Reply(252, "cannot verify, but will accept mail and attempt delivery", "2.5.2"))

    async def _expn(self, argument: str) -> None:  # noqa: ARG002 - the same for every list
        self._refuse(Reply(502, "EXPN is not supported", "5.5.1"))

    async def _help(self, argument: str) -> None:  # noqa: ARG002 - there is one text
        self._reply(Reply(214, "see RFC 5321", "2.0.0"))

    async def _starttls(self, argument: str) -> None:
        if self._refuses_argument(argument):
            return
        if not self._may_start_tls():
            self._refuse(Reply(503, "TLS is not offered", "5.5.1"))
            return
        assert self._input is not None
        self._flush()
        self._input.discard()
        await self.start_tls()
        self._input.discard()

    def _refuses_argument(self, argument: str) -> bool:
        if argument:
            self._refuse(NO_ARGUMENT)
        return bool(argument)

    def _may_start_tls(self) -> bool:
        return self._listener.tls is not None and not self.is_tls

    def _forget_transaction(self) -> None:
        self._sender = None
        self._recipients = []
