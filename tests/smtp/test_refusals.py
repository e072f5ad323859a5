"""When a connection ends because of refusals: after few in a row or in all, in each delivery mode."""

from __future__ import annotations

from collections import Counter, deque

import pytest
from tests.smtp.script import Still

from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.events import Closed, Event, RecipientOutcome
from pressrun.smtp.handover import Outcome, Outgoing
from pressrun.smtp.session_setup import SessionTerms
from pressrun.smtp.transactions import REFUSALS_IN_A_ROW, REFUSALS_IN_ALL

MANY = 40
OFFERS = {
    DeliveryMode.CHUNKING: "250-PIPELINING\r\n250 CHUNKING",
    DeliveryMode.PIPELINING: "250 PIPELINING",
    DeliveryMode.LOCK_STEP: "250 relay.example",
}


class Session:
    """One connection to a relay that refuses recipients with `hard`, defers those with `soft`, and counts errors."""

    def __init__(self, mode: DeliveryMode, recipients: str, *, window: int = 1) -> None:
        """`recipients` has a letter for each: g(ood), h(ard), s(oft)."""
        kinds = {"g": "good", "h": "hard", "s": "soft"}
        queue = deque(
            Outgoing(n, "a@news.example", f"{kinds[kind]}-{n}@readers.example", b"Subject: x\r\n\r\nx\r\n")
            for n, kind in enumerate(recipients)
        )
        self.in_flight: list[int] = []  # how many, after each write
        self.commands: Counter[str] = Counter()
        self.errors = 0
        self.events: list[Event] = []
        self._rcpt_accepted = self._in_content = False
        self._dialogue = Dialogue(
            SessionTerms(helo_name="client.example"), lambda: queue.popleft() if queue else None, Still(window)
        )
        self._offers = OFFERS[mode]
        self._play()

    @property
    def outcomes(self) -> list[Outcome]:
        return [event.result.outcome for event in self.events if isinstance(event, RecipientOutcome)]

    def _play(self) -> None:
        self._say("220 relay.example")
        while (written := self._dialogue.outbox()) and Closed(None) not in self.events:
            lines = written.decode().split("\r\n")[:-1]
            self.in_flight.append(sum(line.startswith("MAIL") for line in lines))
            self._say(*[reply for line in lines if (reply := self._reply(line))])

    def _say(self, *replies: str) -> None:
        self.events += self._dialogue.receive("".join(f"{reply}\r\n" for reply in replies).encode(), 0.0)

    def _reply(self, line: str) -> str:
        verb = line.replace(":", " ").split()[0] if line else ""
        if self._in_content:
            self._in_content = line != "."
            return "" if self._in_content else "250 accepted"
        if verb not in {"EHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT"}:
            return ""  # a line of a chunk
        self.commands[verb] += 1
        if verb == "RCPT":
            self._rcpt_accepted = "good" in line
            refusal = "450 later" if "soft" in line else "550 no such mailbox"
            reply = "250 ok" if self._rcpt_accepted else refusal
        elif verb in {"DATA", "BDAT"} and not self._rcpt_accepted:
            reply = "554 no valid recipients"
        else:
            self._in_content = verb == "DATA"
            reply = {"EHLO": self._offers, "DATA": "354 go ahead", "QUIT": "221 bye"}.get(verb, "250 ok")
        self.errors += reply[0] in "45"
        return "250-relay.example\r\n" + reply if verb == "EHLO" and "\r\n" in reply else reply


@pytest.mark.parametrize("kind", ["h", "s", "hs"])
@pytest.mark.parametrize("mode", DeliveryMode)
def test_a_session_ends_after_a_few_refusals_in_a_row(mode: DeliveryMode, kind: str) -> None:
    """Before Postfix delays its replies (after ten errors), with QUIT, and with nothing left unanswered."""
    session = Session(mode, "gg" + kind * MANY)
    assert (2, REFUSALS_IN_A_ROW) == (session.outcomes.count(Outcome.DELIVERED), len(session.outcomes) - 2)
    assert 1 == session.commands["QUIT"]
    assert Closed(None) == session.events[-1]
    assert session.errors < 10


@pytest.mark.parametrize("mode", DeliveryMode)
def test_an_accepted_message_starts_the_count_anew(mode: DeliveryMode) -> None:
    """Refusals among deliveries leave the connection open."""
    session = Session(mode, "hhghhghhg")
    assert (9, 0) == (len(session.outcomes), session.commands["QUIT"])


@pytest.mark.parametrize("window", [1, 4])
@pytest.mark.parametrize("mode", DeliveryMode)
def test_a_session_ends_after_some_refusals_in_all(mode: DeliveryMode, window: int) -> None:
    """Before Exim counts the eleventh RSET that follows a refused message."""
    session = Session(mode, "hg" * MANY, window=window)
    refused = session.outcomes.count(Outcome.REFUSED)
    assert REFUSALS_IN_ALL <= refused <= REFUSALS_IN_ALL + 3
    assert Closed(None) == session.events[-1]


def test_a_new_connection_fills_the_window_only_after_an_accepted_message() -> None:
    """However wide the window, no more are in flight than may be refused."""
    refused = Session(DeliveryMode.CHUNKING, "h" * MANY, window=16)
    assert [0, 3, 0] == refused.in_flight
    assert REFUSALS_IN_A_ROW == len(refused.outcomes)
    accepted = Session(DeliveryMode.CHUNKING, "g" * MANY, window=16)
    assert [0, 3, 16, 16, 5] == accepted.in_flight
    assert MANY == len(accepted.outcomes)


def test_what_was_refused_here_does_not_count() -> None:
    """A message that is too large for the relay never goes out, so the relay made no error."""
    queue = deque(Outgoing(n, "a@news.example", f"r{n}@readers.example", b"x" * 99 + b"\r\n") for n in range(MANY))
    dialogue = Dialogue(SessionTerms(helo_name="client.example"), lambda: queue.popleft() if queue else None)
    dialogue.receive(b"220 relay.example\r\n", 0.0)
    dialogue.outbox()
    events = dialogue.receive(b"250-relay.example\r\n250-PIPELINING\r\n250 SIZE 50\r\n", 0.0)
    assert MANY == sum(isinstance(event, RecipientOutcome) for event in events)
    assert b"" == dialogue.outbox()
