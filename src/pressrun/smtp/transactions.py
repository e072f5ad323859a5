"""Handing over messages on one connection: what the ways of doing it share. They are in steps.py and chunked.py.

**Always**, whatever the peer does:
- A copy is delivered only if its own MAIL and RCPT were answered 2xx and its content was too.
- Every message that was taken is settled once.
- What this peer could not take, by what it offers, is never sent to it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from pressrun.smtp import commands
from pressrun.smtp.capabilities import Capabilities
from pressrun.smtp.errors import LocalProtocolError
from pressrun.smtp.events import Event, RecipientOutcome
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.phase import Phase
from pressrun.smtp.reader import ReplyReader
from pressrun.smtp.reply import Reply

Source = Callable[[], Outgoing | None]


class Transactions(ABC):
    """What all ways share; `now` is the time of what is being dealt with, in seconds of any steady clock."""

    __slots__ = ("_next_message", "_offers", "_out", "_reader", "_since", "events", "now", "proved")

    def __init__(self, offers: Capabilities, source: Source, reader: ReplyReader, out: list[bytes]) -> None:
        self.events: list[Event] = []
        self.now = 0.0
        self._since = 0.0  # when the oldest message in flight became the oldest
        self.proved = False  # whether the peer has ever decided on a message
        self._offers = offers
        self._next_message = source
        self._reader = reader
        self._out = out

    @property
    @abstractmethod
    def unanswered(self) -> int:
        """How many replies are to come."""

    @property
    @abstractmethod
    def phase(self) -> Phase:
        """What the oldest thing unanswered is; READY when there is none."""

    @property
    @abstractmethod
    def has_room(self) -> bool:
        """Whether a message could be taken at once."""

    @abstractmethod
    def begin(self) -> None:
        """Take what may go now, if there is anything, and put it out."""

    @abstractmethod
    def answer(self, code: int) -> None:
        """Take the reply, just read, to the oldest thing that awaits one; raises RemoteProtocolError."""

    @abstractmethod
    def written(self) -> None:
        """All that was put out has been handed to the transport."""

    @abstractmethod
    def server_closes(self, reply: Reply) -> None:
        """421 answers what waits longest: that message is deferred. Nothing further will be answered."""

    @abstractmethod
    def abandon(self) -> None:
        """No further reply will come: what was written may have been taken, what was not is as if never tried."""

    def _next(self) -> tuple[Outgoing, bytes, bytes] | None:
        """A message that this peer can take, with its MAIL and RCPT; those that it cannot take are settled."""
        if not self.unanswered:
            self._since = self.now
        while (outgoing := self._next_message()) is not None:
            refusal = _unfit(outgoing, self._offers)
            if refusal is None:
                try:
                    return outgoing, commands.mail(outgoing, self._offers), commands.rcpt(outgoing, self._offers)
                except (LocalProtocolError, UnicodeError):
                    refusal = Reply(553, "the address cannot be put into a command", "5.1.3")
            self._record(outgoing, HandOver(Outcome.REFUSED, Stage.MAIL, refusal))
        return None

    def _record(self, outgoing: Outgoing, result: HandOver) -> None:
        now = self.now
        self.events.append(RecipientOutcome(outgoing, result, now - self._since))
        self._since = now


def _unfit(outgoing: Outgoing, offers: Capabilities) -> Reply | None:
    """The refusal that we give in the peer's place, without sending, when it could not take this message."""
    if commands.needs_utf8(outgoing) and not offers.utf8:
        return Reply(550, "the address needs SMTPUTF8, and the relay does not offer it", "5.6.7")
    if outgoing.eight_bit and not offers.eight_bit:
        return Reply(554, "8-bit content, and the relay does not offer 8BITMIME", "5.6.1")
    if offers.size is not None and len(outgoing.content) > offers.size:
        return Reply(552, f"{len(outgoing.content)} octets, and the relay takes at most {offers.size}", "5.3.4")
    if not outgoing.is_ours and commands.has_bare_line_end(outgoing.content):
        return Reply(554, "the content has line ends other than CRLF", "5.6.0")
    return None
