"""The mailbox of the demo, as a test fills it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.web.harness import NOW

from pressrun.web.editors.demo import DemoMail, DemoRefusal

MAIL = b"""From: news@news.example.org\r
To: ada@reader.example\r
Subject: =?utf-8?q?Please_confirm_=E2=9C=93?=\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary=B\r
\r
--B\r
Content-Type: text/plain; charset=utf-8\r
\r
Open https://news.example.org/confirm/abc.def. <b>\r
--B\r
Content-Type: text/html; charset=utf-8\r
\r
<html><head><title>x</title></head><body><a href="https://news.example.org/confirm/abc">Go</a></body></html>\r
--B--\r
"""


def demo_mail(
    number: int, rcpt_to: tuple[str, ...], content: bytes = MAIL, received_at: float = NOW, mail_from: str = ""
) -> DemoMail:
    """One message."""
    return DemoMail(id=number, rcpt_to=rcpt_to, content=content, received_at=received_at, mail_from=mail_from)


def demo_refusal(recipient: str, reply: str, count: int) -> DemoRefusal:
    """One refusal."""
    return DemoRefusal(recipient=recipient, reply=reply, count=count)


@dataclass(slots=True)
class Box:
    """A mailbox that holds what a test puts in."""

    messages: list[DemoMail] = field(default_factory=list)
    refusals: list[DemoRefusal] = field(default_factory=list)
