"""One SMTP connection, from the greeting to QUIT, without I/O: octets in, events and octets out (RFC 5321).

The connection passes on what arrives (`receive`), writes `outbox` and acts on the events; messages are pulled from
`source` when the dialogue can send one. However the input is split, the events and the output are the same. Which
replies may come when is decided in session_setup.py, steps.py and chunked.py; the last two hold the three delivery
modes. Times are seconds of any steady clock, and serve only to measure latency. Misbehaviour of the peer ends the
dialogue with `Closed(problem)`, after every message in flight has its outcome; misuse by our own code raises
LocalProtocolError.
"""

from __future__ import annotations

from collections import Counter

from pressrun.smtp import commands
from pressrun.smtp.chunked import Chunked
from pressrun.smtp.delivery_mode import DeliveryMode, mode_for
from pressrun.smtp.errors import Fault, LocalProtocolError, Problem, RemoteProtocolError
from pressrun.smtp.events import Closed, Event, RecipientOutcome, ServerReady, StartTls
from pressrun.smtp.handover import Outgoing
from pressrun.smtp.phase import Phase
from pressrun.smtp.reader import ReplyReader
from pressrun.smtp.reply import describe
from pressrun.smtp.session_setup import SessionSetup, SessionTerms
from pressrun.smtp.steps import LockStep, Pipelined
from pressrun.smtp.transactions import Source, Transactions
from pressrun.smtp.window import Window


class Dialogue:
    """The client's half of one connection; `source` gives the next message, or None, and must not raise.

    `window` is shared by all connections to the same relay.
    """

    __slots__ = (
        "_asked_at",
        "_busy",
        "_carried",
        "_events",
        "_finishing",
        "_left",
        "_now",
        "_opening",
        "_out",
        "_phase",
        "_reader",
        "_source",
        "_terms",
        "_transactions",
        "_window",
        "mode",
    )

    def __init__(self, terms: SessionTerms, source: Source, window: Window | None = None) -> None:
        self.mode: DeliveryMode | None = None  # how messages go, from READY on
        self._window = window or Window()
        self._terms = terms
        self._source = source
        self._reader = ReplyReader()
        self._out: list[bytes] = []
        self._events: list[Event] = []
        self._opening = SessionSetup(terms)
        self._transactions: Transactions | None = None  # from READY on
        self._phase: Phase | None = None  # QUIT or CLOSED, once one of them is reached
        self._left = terms.messages
        self._carried: Counter[str] = Counter()  # messages sent of each kind that has a limit
        self._finishing = False
        self._busy = False
        self._now = self._asked_at = 0.0

    @property
    def phase(self) -> Phase:
        """What the dialogue waits for: the reply to its oldest unanswered command, or READY if there is none."""
        if self._phase is not None:
            return self._phase
        if self._transactions is None:
            return self._opening.phase
        return self._transactions.phase

    @property
    def is_open(self) -> bool:
        """Whether the session is set up: TLS and AUTH are done, and messages have been or can be sent."""
        return self._transactions is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight and messages can be sent."""
        return self._phase is None and self._transactions is not None and not self._transactions.unanswered

    @property
    def has_room(self) -> bool:
        """Whether another message can be sent now, even if others are in flight."""
        if self._phase is not None or self._transactions is None or self._finishing or self._left <= 0:
            return False
        return self._transactions.has_room

    @property
    def has_proved(self) -> bool:
        """Whether the peer has ever accepted or refused a message."""
        return self._transactions is not None and self._transactions.proved

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Process octets from the peer. A reply can only answer what `outbox` has returned before."""
        if self._phase is Phase.CLOSED:
            raise LocalProtocolError("the dialogue is over")
        self._busy = True
        self._set_time(now)
        self._reader.feed(data)
        try:
            self._read(self._unanswered())
        except RemoteProtocolError as error:
            self._end(Problem(Fault.PROTOCOL, str(error)))
        if self.is_idle or self.has_room:
            self._proceed()
        self._busy = False
        return self._drain_events()

    def decided(self) -> list[RecipientOutcome]:
        """The outcomes so far of what is being received: the source may ask before it makes the next message."""
        if not self._events:  # as for all but the first message of several that are made in a row
            return []
        outcomes = [event for event in self._events if isinstance(event, RecipientOutcome)]
        self._events[:] = [event for event in self._events if not isinstance(event, RecipientOutcome)]
        return outcomes

    def secured(self, now: float) -> list[Event]:
        """The TLS handshake that `StartTls` asked for is done, and the certificate was verified."""
        self._asked_at = now
        self._out.append(self._opening.secured())
        return self._drain_events()

    def wake(self, now: float) -> list[Event]:
        """Ask the source for messages, if there is room. May be called at any time."""
        if self.has_room and not self._busy:
            self._busy = True
            self._set_time(now)
            self._proceed()
            self._busy = False
        return self._drain_events()

    def finish(self) -> list[Event]:
        """Pull nothing more, finish what is in flight, then QUIT; before READY, close at once. May be called again."""
        self._finishing = True
        if self._phase is not Phase.CLOSED and self._transactions is None:
            self._end(None)
        elif self.is_idle and not self._busy:
            self._proceed()
        return self._drain_events()

    def connection_lost(self, problem: Problem | None = None) -> list[Event]:
        """Record the outcome of messages in flight when the connection is lost or given up. No effect after the end."""
        if self._phase is not Phase.CLOSED:
            if problem is None and self._phase is not Phase.QUIT:
                problem = Problem(Fault.DROPPED, f"the connection was closed by the relay, awaiting {self.phase}")
            self._end(problem)
        return self._drain_events()

    def outbox(self) -> bytes:
        """What to write now, in one write; it is returned once."""
        out = self._out
        if not out:
            return b""
        if self._transactions is not None:
            self._transactions.written()
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        return data

    def _unanswered(self) -> int:
        if self._transactions is not None and self._phase is None:
            return self._transactions.unanswered
        return 0 if self._phase is None and self._opening.phase is Phase.HANDSHAKE else 1

    def _read(self, unanswered: int) -> None:
        while code := self._reader.next_code():
            if code == 421:  # at any time, asked or not, RFC 5321 §3.8
                return self._server_closing(answers=unanswered > 0)
            if not unanswered:
                raise RemoteProtocolError(f"{code} came unasked")
            unanswered -= 1
            if self._transactions is None:
                self._open()
                if self._phase is Phase.CLOSED:
                    return None
            elif self._phase is None:
                self._transactions.answer(code)
            else:
                return self._end(None)  # whatever it says to our QUIT, we are done
        if self._transactions is None and self._opening.phase is Phase.HANDSHAKE and self._reader.pending:
            # Somebody between us and the relay speaks for it, RFC 3207 §6.
            raise RemoteProtocolError("octets came between STARTTLS and the handshake")
        return None

    def _open(self) -> None:
        if self._opening.phase is Phase.EHLO:
            self._window.answered(self._now - self._asked_at)
        self._asked_at = self._now
        step = self._opening.answer(self._reader.reply())
        if isinstance(step, Problem):
            self._end(step)
        elif step is not None:
            self._out.append(step)
        elif self._opening.phase is Phase.HANDSHAKE:
            self._events.append(StartTls())
        else:
            offers = self._opening.capabilities
            self.mode = mode_for(offers, self._terms.fastest)
            if self.mode is DeliveryMode.CHUNKING:
                self._transactions = Chunked(offers, self._next_message, self._reader, self._out, self._window)
            else:
                steps = Pipelined if self.mode is DeliveryMode.PIPELINING else LockStep
                self._transactions = steps(offers, self._next_message, self._reader, self._out)
            self._transactions.events = self._events
            self._transactions.now = self._now
            self._events.append(ServerReady(offers))

    def _proceed(self) -> None:
        """Begin the next messages, or send QUIT if nothing is in flight and no more are to be sent."""
        transactions = self._transactions
        if transactions is None:
            return
        transactions.begin()
        if not transactions.unanswered and (self._finishing or self._left <= 0 or transactions.credit <= 0):
            self._out.append(commands.QUIT)
            self._phase = Phase.QUIT

    def _set_time(self, now: float) -> None:
        self._now = now
        if self._transactions is not None:
            self._transactions.now = now

    def _next_message(self) -> Outgoing | None:
        if self._finishing or self._left <= 0:
            return None
        outgoing = self._source()
        if outgoing is not None:
            self._left -= 1
            if outgoing.most:
                self._carried[outgoing.kind] += 1
                if self._carried[outgoing.kind] >= outgoing.most:
                    self._left = 0
        return outgoing

    def _server_closing(self, *, answers: bool) -> None:
        reply = self._reader.reply()
        quitting = self._phase is Phase.QUIT
        if self._transactions is not None and answers and not quitting:
            self._transactions.server_closes(reply)
        self._end(None if quitting else Problem(Fault.SHUT, f"the relay closes: {describe(reply)}", reply))

    def _end(self, problem: Problem | None) -> None:
        if self._transactions is not None:
            self._transactions.abandon()
        self._out.clear()
        self._phase = Phase.CLOSED
        self._events.append(Closed(problem))

    def _drain_events(self) -> list[Event]:
        events = self._events
        if events:
            self._events = []
            if self._transactions is not None:
                self._transactions.events = self._events
        return events
