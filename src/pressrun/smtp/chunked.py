"""Whole messages pipelined (RFC 3030 with RFC 2920): RSET, MAIL, RCPT, BDAT with all octets, several in flight.

  RSET ──► MAIL ──► RCPT ──► CONTENT ──► decided      four replies for each message, in the order of the messages

Invariants, besides those in transactions.py:
- RSET opens every group. Whatever happened to the previous message, and whether or not the peer ended its transaction,
  the next RCPT goes out under its own return path or under none.
- The octets are sent before the envelope is answered. BDAT counts them, so the peer never searches them for an end,
  and a refused envelope is followed by a refused BDAT. The result of the copy is the first refusal of its envelope, and
  is recorded when the reply to its BDAT arrives.
- A peer that accepts content after refusing its envelope, or no longer knows a command that it offered, has lost track
  of which reply belongs to which command. The connection is closed, and the outcome of messages in flight is unknown.
- 421 ends a session at the command that it answers. The peer did not process what was sent after that command.
"""

from __future__ import annotations

from collections import deque

import msgspec

from pressrun.smtp import commands
from pressrun.smtp.capabilities import Capabilities
from pressrun.smtp.errors import RemoteProtocolError
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.phase import Phase
from pressrun.smtp.reader import ReplyReader
from pressrun.smtp.reply import Reply
from pressrun.smtp.transactions import Source, Transactions
from pressrun.smtp.window import Window

OCTETS_IN_FLIGHT = 1024 * 1024  # with this many in flight no further message is sent, however wide the window

_PHASES = (Phase.RSET, Phase.MAIL, Phase.RCPT, Phase.CONTENT)
_STAGES = (Stage.MAIL, Stage.MAIL, Stage.RCPT, Stage.CONTENT)
_RSET, _CONTENT = 0, 3
_OUTCOMES = {2: Outcome.DELIVERED, 4: Outcome.DEFERRED, 5: Outcome.REFUSED}
# After a clean RSET and an accepted envelope these mean that the command was not understood. They do not judge the
# message.
_AT_A_LOSS = frozenset({500, 502, 503})


class InFlight(msgspec.Struct, eq=False):
    """One message in flight; `verdict` is the refusal of its envelope, `full` means that more waited than had room.

    It was sent `alone` if no earlier message waited for a reply.
    """

    outgoing: Outgoing
    octets: int
    sent_at: float
    alone: bool
    full: bool = False
    verdict: HandOver | None = None


class Chunked(Transactions):
    """As many messages in flight as the window allows."""

    __slots__ = ("_flights", "_octets", "_step", "_unwritten", "_window")

    def __init__(
        self, offers: Capabilities, source: Source, reader: ReplyReader, out: list[bytes], window: Window
    ) -> None:
        super().__init__(offers, source, reader, out)
        self._window = window
        self._flights: deque[InFlight] = deque()  # oldest first
        self._step = _RSET  # which reply to the oldest comes next
        self._octets = 0
        self._unwritten = 0  # how many of the youngest are in `out`

    @property
    def unanswered(self) -> int:
        return len(self._flights) * len(_PHASES) - self._step

    @property
    def phase(self) -> Phase:
        return _PHASES[self._step] if self._flights else Phase.READY

    @property
    def has_room(self) -> bool:
        count = len(self._flights)
        return count < self._window.size and count < self.credit and (self._octets < OCTETS_IN_FLIGHT or not count)

    def begin(self) -> None:
        flights, out = self._flights, self._out
        before = len(flights)
        while self.has_room:
            following = self._next()
            if following is None:
                return
            outgoing, mail, rcpt = following
            bdat, content = commands.chunk(outgoing.content)
            out.append(commands.RSET + mail + rcpt + bdat)
            out.append(content)
            flights.append(InFlight(outgoing, len(content), self.now, alone=not flights))
            self._octets += len(content)
            self._unwritten += 1
        if len(flights) < self.credit:
            for place in range(before, len(flights)):
                flights[place].full = True

    def answer(self, code: int) -> None:
        message, step, kind = self._flights[0], self._step, code // 100
        if step == _CONTENT:
            self._end(message, code)
            return
        if kind == 2:
            if step == _RSET and message.alone:
                self._window.answered(self.now - message.sent_at)
        elif step == _RSET or kind == 3 or (code in _AT_A_LOSS and message.verdict is None):
            message.verdict = None  # as in _end
            raise RemoteProtocolError(f"{code} is not a valid reply to {_PHASES[step]}")
        elif message.verdict is None:
            message.verdict = HandOver(_OUTCOMES[kind], _STAGES[step], self._reader.reply())
        self._step = step + 1

    def written(self) -> None:
        self._unwritten = 0

    def server_closes(self, reply: Reply) -> None:
        message = self._flights.popleft()
        if self._step == _RSET:
            self._record(message.outgoing, HandOver(Outcome.UNSENT, Stage.MAIL))
        elif message.verdict is not None:
            self._judge(message.verdict.outcome)
            self._record(message.outgoing, message.verdict)
        else:
            self._record(message.outgoing, HandOver(Outcome.DEFERRED, _STAGES[self._step], reply))
        self._unwritten = len(self._flights)  # the peer has closed before it came to them, RFC 5321 §3.8
        self.abandon()

    def abandon(self) -> None:
        written = len(self._flights) - self._unwritten
        for place, message in enumerate(self._flights):
            if message.verdict is not None:
                self._judge(message.verdict.outcome)
                self._record(message.outgoing, message.verdict)
            elif place < written:
                self._record(message.outgoing, HandOver(Outcome.UNKNOWN, Stage.CONTENT))
            else:
                self._record(message.outgoing, HandOver(Outcome.UNSENT, Stage.MAIL))
        self._flights.clear()
        self._step = _RSET
        self._octets = self._unwritten = 0

    def _end(self, message: InFlight, code: int) -> None:
        """Apply the reply to BDAT, which decides the outcome of the message."""
        kind = code // 100
        result = message.verdict
        if kind == 3 or (kind == 2 and result is not None) or (code in _AT_A_LOSS and result is None):
            message.verdict = None  # the refusal may have been about something else
            raise RemoteProtocolError(f"{code} is not a valid reply to {Phase.CONTENT} after {_envelope(result)}")
        if result is None:
            result = HandOver(_OUTCOMES[kind], _STAGES[_CONTENT], self._reader.reply())
        self._flights.popleft()
        self._step = _RSET
        self._octets -= message.octets
        self._window.served(self.now, self.now - message.sent_at, full=message.full)
        self._judge(result.outcome)
        self._record(message.outgoing, result)


def _envelope(verdict: HandOver | None) -> str:
    return "a good envelope" if verdict is None else f"a refused {verdict.stage}"
