"""The phrases of tests/bounces/phrases, each in the frames of the programs that report it."""

from __future__ import annotations

from collections.abc import Iterable
from email.header import Header
from itertools import product

import pytest
from tests.bounces.corpus import CORPUS

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.refusals import class_of_refusal
from pressrun.core.lifecycles.delivery import FailureKind
from pressrun.message.reports.reading import read_report

_POSTFIX = """\
From: MAILER-DAEMON@mx.relay.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain; charset=utf-8

This is the mail system at host mx.relay.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<reader@firm.example>: host mx.firm.example[192.0.2.3] said: {reply} (in reply to RCPT TO command)

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.relay.example

Final-Recipient: rfc822; reader@firm.example
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp; {reply}

--b--
"""
_QMAIL = """\
From: MAILER-DAEMON@mx.relay.example
Subject: failure notice

Hi. This is the qmail-send program at mx.relay.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<reader@firm.example>:
192.0.2.3 does not like recipient.
Remote host said: {reply}
Giving up on 192.0.2.3.

--- Below this line is a copy of the message.

Return-Path: <news-bounces+k4q7m2xw5ra3tz6b@lists.harbour.example>
"""
_TEXT = """\
{head}To: news-bounces+k4q7m2xw5ra3tz6b@lists.harbour.example
Subject: {subject}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

{text}
"""
_WRITERS = (
    "Return-Path: <>\nFrom: postmaster@firm.example\n",
    "From: postmaster@firm.example\n",
    "Return-Path: <>\nAuto-Submitted: auto-replied\nFrom: Microsoft Outlook <MicrosoftExchange329e71ec@firm.example>\n",
)
_ANSWERERS = (
    "From: reader@firm.example\n",
    "Return-Path: <>\nFrom: reader@firm.example\n",
    "Return-Path: <>\nAuto-Submitted: auto-replied\nFrom: reader@firm.example\n",
)


def rows(name: str) -> list[list[str]]:
    """The rows of a file, in their cells."""
    lines = (CORPUS / "phrases" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split(" |")] for line in lines if not line.startswith("#")]


def text_mail(head: str, subject: str, text: str) -> bytes:
    return _TEXT.format(head=head, subject=Header(subject, "utf-8").encode(), text=text).encode()


def read_as(content: str | bytes) -> str:
    told = read_report(content if isinstance(content, bytes) else content.encode()).of("")
    return str(told.bounce) if told is not None else "nothing"


def differing(readings: Iterable[tuple[str, str, str]]) -> list[str]:
    return [f"{wanted}, not {got}: {phrase}" for wanted, got, phrase in readings if wanted != got]


@pytest.mark.parametrize("frame", [_POSTFIX, _QMAIL], ids=["postfix", "qmail"])
def test_what_servers_answer_to_a_recipient(frame: str) -> None:
    """A status of 5.0.0 or none, so that the words decide."""
    replies = rows("refusals")
    assert 400 <= len(replies)
    assert [] == differing((wanted, read_as(frame.format(reply=reply)), reply) for wanted, reply in replies)


def test_a_bare_550_whose_words_we_know_takes_no_reader_at_hand_over() -> None:
    """The same replies, from the relay itself."""
    spared = [reply for wanted, reply in rows("refusals") if wanted in ("policy", "full") and reply.startswith("550 ")]
    bare = [reply[4:] for reply in spared if not reply[4:].lstrip("#[").startswith("5.")]
    assert 150 <= len(bare)
    hard = [
        text
        for text in bare
        if FailureKind.HARD is class_of_refusal(code=550, enhanced="", text=text, at_recipient=True).kind
    ]
    assert [] == hard


@pytest.mark.parametrize("head", _WRITERS, ids=["null sender", "no mark", "exchange"])
def test_notices_that_are_text_alone(head: str) -> None:
    """Without a code in any language, so that subject, opening and reason must all be known."""
    readings = []
    for wanted, _, subject, opening, reason in rows("notices"):
        text = f"{opening}\n\n  reader@firm.example\n\n{reason}"
        readings.append((wanted, read_as(text_mail(head, subject, text)), reason or opening))
    assert 150 <= len(readings)
    assert [] == differing(readings)


def test_answers_of_programs_are_neither_notifications_nor_a_persons() -> None:
    """However they come; a null sender makes no notification of them."""
    answers = rows("answers")
    assert 10 <= len({language for language, _ in answers})
    assert [] == [
        text
        for head, (_, text) in product(_ANSWERERS, answers)
        if (report := read_report(text_mail(head, "Re: News", text))).recipients or report.automatic is None
    ]


@pytest.mark.parametrize(
    ("named", "bounce"),
    [("reader@firm.example", BounceClass.GONE), ("news-bounces+x@lists.harbour.example", BounceClass.POLICY)],
)
def test_a_server_that_asks_back_tells_whom_it_asked_about(named: str, bounce: BounceClass) -> None:
    """Exim verifies senders and recipients in the same words."""
    reply = f"550-Callback setup failed while verifying <{named}>\n 550 Unknown user, verification failed permanently"
    assert str(bounce) == read_as(_POSTFIX.format(reply=reply))


@pytest.mark.parametrize(
    ("reason", "bounce"),
    [
        ("Host not found", BounceClass.GONE),
        ("Host not found, try again", BounceClass.UNREACHABLE),
        ("Host found but no data record of requested type", BounceClass.UNREACHABLE),
    ],
)
def test_a_domain_that_is_no_more_is_gone_and_one_without_an_answer_is_not(reason: str, bounce: BounceClass) -> None:
    """Though both have a code that says only that the mail found no way."""
    words = f"Host or domain name not found. Name service error for name=firm.example type=AAAA: {reason}"
    frame = _POSTFIX.replace("5.0.0", "5.4.4").replace("Diagnostic-Code: smtp", "Diagnostic-Code: X-Postfix")
    assert str(bounce) == read_as(frame.format(reply=words))
