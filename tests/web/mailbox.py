"""The mailbox of the demo, as a test fills it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.web.house import NOW

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


@dataclass(slots=True)
class Caught:
    """One mail in the box."""

    id: int
    rcpt_to: tuple[str, ...]
    content: bytes = MAIL
    received_at: float = NOW
    mail_from: str = ""


@dataclass(slots=True)
class Turned:
    """One refusal."""

    recipient: str
    reply: str
    count: int


@dataclass(slots=True)
class Box:
    """A mailbox that holds what a test puts in."""

    messages: list[Caught] = field(default_factory=list)
    refusals: list[Turned] = field(default_factory=list)
