"""A session that is refused before the first message: what the relay refused, and with which fault it ends."""

from __future__ import annotations

import pytest

from pressrun.smtp.auth import Credentials
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.errors import Fault
from pressrun.smtp.events import Closed
from pressrun.smtp.session_setup import SessionTerms
from pressrun.smtp.window import Window

PLAIN = SessionTerms(helo_name="client.example")
BY_TLS = SessionTerms(helo_name="client.example", security="starttls")
ANN = Credentials(username="ann", password="secret")
BY_NAME = SessionTerms(helo_name="client.example", security="tls", credentials=ANN)
GREETED = ["220 relay.example"]
TLS_OFFERED, LOGIN_OFFERED = [*GREETED, "250-relay\r\n250 STARTTLS"], [*GREETED, "250-relay\r\n250 AUTH PLAIN"]


@pytest.mark.parametrize("code", [450, 550])
@pytest.mark.parametrize(
    ("terms", "before", "refused", "fault"),
    [
        (PLAIN, [], "the greeting", Fault.REFUSED),
        (PLAIN, [*GREETED, "500 what?"], "HELO", Fault.REFUSED),
        (BY_TLS, GREETED, "EHLO", Fault.REFUSED),
        (BY_NAME, GREETED, "EHLO", Fault.REFUSED),
        (BY_TLS, TLS_OFFERED, "STARTTLS", Fault.TLS),
        (BY_NAME, LOGIN_OFFERED, "AUTH", Fault.AUTHENTICATION),
    ],
    ids=["greeting", "HELO", "EHLO before TLS", "EHLO before AUTH", "STARTTLS", "AUTH"],
)
def test_what_was_refused_is_told(
    terms: SessionTerms, before: list[str], refused: str, fault: Fault, code: int
) -> None:
    dialogue = Dialogue(terms, lambda: None, Window())
    for reply in before:
        dialogue.receive(f"{reply}\r\n".encode(), 0.0)
        dialogue.outbox()
    [closed] = dialogue.receive(f"{code} no\r\n".encode(), 0.0)
    assert isinstance(closed, Closed)
    assert closed.problem is not None
    assert (fault, code) == (closed.problem.fault, closed.problem.reply and closed.problem.reply.code)
    assert refused.lower().removeprefix("the ") in str(closed.problem).lower()


def test_a_relay_that_knows_no_ehlo_is_asked_by_helo() -> None:
    """RFC 5321 §3.2, unless we need what only EHLO offers."""
    dialogue = Dialogue(PLAIN, lambda: None, Window())
    said = []
    for reply in [*GREETED, "502 what?"]:
        dialogue.receive(f"{reply}\r\n".encode(), 0.0)
        said.append(dialogue.outbox())
    assert [b"EHLO client.example\r\n", b"HELO client.example\r\n"] == said
