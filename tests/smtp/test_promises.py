"""The promises, against a server that answers at random but keeps RFC 5321's account of what it took.

The server is a model of its own: it knows its reverse path, its recipients and the messages that it has accepted, and
draws each reply. What it has accepted is then compared with what the dialogue has reported.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.smtp.script import Still

from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.events import Closed, Event, RecipientOutcome
from pressrun.smtp.handover import Outcome, Outgoing
from pressrun.smtp.phase import Phase
from pressrun.smtp.session_setup import SessionTerms

COUNT = 6


@dataclass(slots=True)
class Server:
    """Keeps state as RFC 5321 §3.3 has it; `forgiving` servers answer 354 without a recipient, as some do.

    A refused BDAT ends the transaction at some servers and leaves it open at others: `resetting` (RFC 3030 §2).
    """

    replies: deque[int]
    forgiving: bool
    resetting: bool
    unread: bytes = b""
    mail_from: str | None = None
    rcpt_to: list[str] = field(default_factory=list)
    in_data: bool = False
    chunk: int | None = None  # octets that the last BDAT announced
    accepted: list[tuple[str | None, tuple[str, ...], bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    gone: bool = False

    def answer(self, data: bytes) -> list[bytes]:
        """The replies to what came; when it has gone, the last one is 421, or none."""
        self.unread += data
        replies: list[bytes] = []
        while not self.gone:
            piece = self._next()
            if piece is None:
                break
            if piece.startswith(b"BDAT ") and not self.in_data:
                self.in_data, self.chunk = True, int(piece.split()[1])
                continue
            draw = self.replies.popleft() if self.replies else 2
            if draw == 0:  # drops the line
                self.gone = True
                break
            if draw == 1:
                self.gone = True
                replies.append(b"421 4.3.2 closing\r\n")
                break
            if draw == 3 and self.in_data:  # takes the content, and drops the line before it says so
                self._content(piece, 2)
                self.gone = True
                break
            code = self._content(piece, draw) if self.in_data else self._command(piece.decode(), draw)
            replies.append(f"{code} drawn\r\n".encode())
        return replies

    def _next(self) -> bytes | None:
        """The next command or content, when it has come whole."""
        if self.in_data and self.chunk is not None:
            if len(self.unread) < self.chunk:
                return None
            piece, self.unread = self.unread[: self.chunk], self.unread[self.chunk :]
            return piece[:-2]
        end = b"\r\n.\r\n" if self.in_data and not self.unread.startswith(b".\r\n") else b"\r\n"
        piece, separator, rest = self.unread.partition(end)
        if not separator:
            return None
        self.unread = rest
        return piece

    def _command(self, line: str, draw: int) -> int:
        self.commands.append(line)
        verb = line.split(":", maxsplit=1)[0]
        if verb == "RSET":
            self.mail_from, self.rcpt_to = None, []
            return 250
        if verb == "QUIT":
            return 221
        refusal = {4: 451, 5: 550}.get(draw)
        if verb == "MAIL FROM":
            if self.mail_from is not None:
                return 503
            if refusal is None:
                self.mail_from = line[11:].split(">", maxsplit=1)[0]
            return refusal or 250
        if verb == "RCPT TO":
            if self.mail_from is None and not self.forgiving:
                return 503
            if refusal is None:
                self.rcpt_to.append(line[9:].split(">", maxsplit=1)[0])
            return refusal or 250
        if not self.rcpt_to and not self.forgiving:
            return 503
        self.in_data = refusal is None
        return refusal or 354

    def _content(self, content: bytes, draw: int) -> int:
        self.in_data = False
        refusal = {4: 451, 5: 554}.get(draw)
        if self.chunk is not None:
            self.chunk = None
            if self.mail_from is None or not self.rcpt_to:
                return 503
            if refusal is not None and not self.resetting:
                return refusal
        if refusal is None:
            self.accepted.append((self.mail_from, tuple(self.rcpt_to), content))
        self.mail_from, self.rcpt_to = None, []
        return refusal or 250


def _message(number: int) -> Outgoing:
    return Outgoing(number, f"from-{number}@news.example", f"to-{number}@readers.example", b"Hello %d\r\n" % number)


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from([2, 2, 2, 2, 4, 5, 5, 3, 1, 0]), max_size=40),
    st.sampled_from(DeliveryMode),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(1, 6),
    st.integers(1, 4),
)
def test_delivered_means_accepted_under_its_own_envelope(
    draws: list[int], way: DeliveryMode, forgiving: bool, resetting: bool, one_by_one: bool, limit: int, window: int
) -> None:
    """Each message taken is settled once; what is reported delivered was accepted, and nothing else for anybody."""
    server = Server(deque(draws), forgiving, resetting)
    queue = deque(_message(n) for n in range(COUNT))
    terms = SessionTerms(helo_name="client.example", fastest=way, messages=limit)
    dialogue = Dialogue(terms, lambda: queue.popleft() if queue else None, Still(window))
    events: list[Event] = dialogue.receive(b"220 hi\r\n", 0.0)
    dialogue.outbox()
    events += dialogue.receive(b"250-hi\r\n250-CHUNKING\r\n250 PIPELINING\r\n", 0.0)
    while out := dialogue.outbox():
        replies = server.answer(out)
        for piece in replies if one_by_one else [b"".join(replies)]:
            if piece and dialogue.phase is not Phase.CLOSED:
                events += dialogue.receive(piece, 0.0)
    events += dialogue.finish() if dialogue.is_idle else dialogue.connection_lost()

    settled = {e.outgoing.delivery_id: e.result.outcome for e in events if isinstance(e, RecipientOutcome)}
    taken = COUNT - len(queue)
    assert list(range(taken)) == sorted(e.outgoing.delivery_id for e in events if isinstance(e, RecipientOutcome))
    assert taken <= limit
    assert sum(isinstance(e, Closed) for e in events) <= 1

    mine = {n: (m.mail_from, (m.rcpt_to,), m.content[:-2]) for n in range(COUNT) for m in [_message(n)]}
    full = [taken_in for taken_in in server.accepted if taken_in[2] not in {b"", b"."}]
    for number, outcome in settled.items():
        if outcome is Outcome.DELIVERED:
            assert mine[number] in full
        elif outcome is not Outcome.UNKNOWN:
            assert mine[number] not in full
    assert all(taken_in in mine.values() for taken_in in full)
    empty = [taken_in for taken_in in server.accepted if taken_in[2] in {b"", b"."}]
    assert all(not rcpt_to for _, rcpt_to, _ in empty)  # a lone dot reached nobody
