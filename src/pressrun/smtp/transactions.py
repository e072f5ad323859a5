"""Mail transactions on one connection: what the delivery modes share. The modes are in steps.py and chunked.py.

**Always**, whatever the peer does:
- A copy counts as delivered only after 2xx replies to its own MAIL, its own RCPT and its content.
- Every message pulled from the source gets exactly one outcome.
- A message that needs an extension which the peer does not offer is never sent.
- A connection ends after a few refusals, before the peer slows it down or closes it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from pressrun.smtp import commands
from pressrun.smtp.capabilities import Capabilities
from pressrun.smtp.errors import LocalProtocolError
from pressrun.smtp.events import Event, RecipientOutcome
from pressrun.smtp.handover import DELIVERED, HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.phase import Phase
from pressrun.smtp.reader import ReplyReader
from pressrun.smtp.reply import Reply

Source = Callable[[], Outgoing | None]

# A connection ends after this many refusals in a row. Postfix delays every reply of a session, even that to QUIT, after
# 10 errors without a delivery (smtpd_soft_error_limit). A refused message makes up to three, since RCPT and the content
# are pipelined behind MAIL: 9 errors for three messages.
REFUSALS_IN_A_ROW = 3
# It ends after this many refusals in all, too. Exim refuses a session's eleventh RSET that follows a refused message,
# and closes (smtp_accept_max_nonmail). With three more in flight, which may be refused as well, ten RSETs follow.
REFUSALS_IN_ALL = 8
_UNLIMITED = 1 << 30  # more than any window


class Transactions(ABC):
    """The base of all delivery modes; the dialogue sets `now` before each call, in seconds of any steady clock."""

    __slots__ = (
        "_next_message",
        "_offers",
        "_out",
        "_reader",
        "_refused",
        "_since",
        "credit",
        "events",
        "now",
        "proved",
    )

    def __init__(self, offers: Capabilities, source: Source, reader: ReplyReader, out: list[bytes]) -> None:
        self.events: list[Event] = []
        self.now = 0.0
        self._since = 0.0  # when the oldest message in flight became the oldest
        self.proved = False  # whether the peer has ever decided on a message
        # How many messages may be in flight: as many as the peer may refuse until the connection ends, and any number
        # after it has accepted one.
        self.credit = REFUSALS_IN_A_ROW
        self._refused = 0
        self._offers = offers
        self._next_message = source
        self._reader = reader
        self._out = out

    @property
    @abstractmethod
    def unanswered(self) -> int:
        """How many replies are still to come."""

    @property
    @abstractmethod
    def phase(self) -> Phase:
        """The phase of the oldest outstanding reply; READY if none is outstanding."""

    @property
    @abstractmethod
    def has_room(self) -> bool:
        """Whether another message can be sent now."""

    @abstractmethod
    def begin(self) -> None:
        """Pull the messages that can be sent now, if any, and append their octets to the output."""

    @abstractmethod
    def answer(self, code: int) -> None:
        """Apply the reply just read to the oldest command that awaits one; raises RemoteProtocolError."""

    @abstractmethod
    def written(self) -> None:
        """Record that the whole output has been passed to the transport."""

    @abstractmethod
    def server_closes(self, reply: Reply) -> None:
        """Handle a 421 in reply to the oldest outstanding command: no other reply will come."""

    @abstractmethod
    def abandon(self) -> None:
        """Record what is still in flight when no more replies will come.

        What was written may have been accepted; the rest counts as never attempted.
        """

    def _next(self) -> tuple[Outgoing, bytes, bytes] | None:
        """The next message that this peer can accept, with its MAIL and RCPT; refuses those that it cannot accept."""
        if not self.unanswered:
            self._since = self.now
        while self.credit > 0 and (outgoing := self._next_message()) is not None:
            refusal = _local_refusal(outgoing, self._offers)
            if refusal is None:
                try:
                    return outgoing, commands.mail(outgoing, self._offers), commands.rcpt(outgoing, self._offers)
                except (LocalProtocolError, UnicodeError):
                    refusal = Reply(553, "the address cannot be put into a command", "5.1.3")
            self._record(outgoing, HandOver(Outcome.REFUSED, Stage.MAIL, refusal))
        return None

    def _judge(self, outcome: Outcome) -> None:
        """Learn from a message that the peer itself has decided on."""
        self.proved = True
        if outcome is not DELIVERED:
            self._refused += 1
            self.credit = min(self.credit, REFUSALS_IN_A_ROW) - 1 if self._refused < REFUSALS_IN_ALL else 0
        elif self._refused < REFUSALS_IN_ALL:
            self.credit = _UNLIMITED

    def _record(self, outgoing: Outgoing, result: HandOver) -> None:
        now = self.now
        self.events.append(RecipientOutcome(outgoing, result, now - self._since))
        self._since = now


def _local_refusal(outgoing: Outgoing, offers: Capabilities) -> Reply | None:
    """The refusal that we record, without sending, for a message that the peer could not accept; None if it could."""
    if commands.needs_utf8(outgoing) and not offers.utf8:
        return Reply(550, "the address needs SMTPUTF8, and the relay does not offer it", "5.6.7")
    if outgoing.eight_bit and not (offers.eight_bit or offers.utf8):  # SMTPUTF8 includes it (RFC 6531 §3.1)
        return Reply(554, "8-bit content, and the relay does not offer 8BITMIME", "5.6.1")
    if offers.size is not None and len(outgoing.content) > offers.size:
        return Reply(552, f"{len(outgoing.content)} octets, and the relay takes at most {offers.size}", "5.3.4")
    if not outgoing.is_ours and commands.has_bare_line_end(outgoing.content):
        return Reply(554, "the content has line ends other than CRLF", "5.6.0")
    return None
