"""Mails of every kind that come in for a list, as their senders' programs write them, and how to bring them."""

from __future__ import annotations

import zlib

from tests.e2e.instance import DOMAIN
from tests.faults.attacks import Line, Place


def join(number: int) -> tuple[str, str, bytes]:
    """A reader who subscribes by mail; envelope sender, recipient, content."""
    sender = f"join{number}@reader.example"
    return sender, f"news-subscribe@{DOMAIN}", _plain(sender, f"news-subscribe@{DOMAIN}", f"j{number}", "please\r\n")


def question(number: int) -> tuple[str, str, bytes]:
    """A reader who writes to the owner."""
    sender = f"ask{number}@reader.example"
    return (
        sender,
        f"news-owner@{DOMAIN}",
        _plain(sender, f"news-owner@{DOMAIN}", f"q{number}", "When is high water?\r\n"),
    )


def post(number: int, editor: str) -> tuple[str, str, bytes]:
    """An edition from its editor."""
    return editor, f"news@{DOMAIN}", _plain(editor, f"news@{DOMAIN}", f"p{number}", f"High water, number {number}.\r\n")


def _plain(sender: str, to: str, number: str, text: str) -> bytes:
    fields = (
        f"From: <{sender}>", f"To: <{to}>", f"Subject: mail {number}", "Date: Tue, 24 Nov 2026 12:00:00 +0000",
        f"Message-ID: <{number}@reader.example>", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
    )  # fmt: skip
    return ("\r\n".join(fields) + "\r\n\r\n" + text).encode()


def bounce(return_path: str, reader: str) -> tuple[str, str, bytes]:
    """What Postfix sends for a dead mailbox (RFC 3464), to the return path of a copy."""
    words = f"host mx.{reader.partition('@')[2]}[192.0.2.25] said: 550 5.1.1 <{reader}>: Recipient address rejected"
    mark = f"{zlib.crc32(return_path.encode()):08X}.1764000000/mx.relay.example"
    text = f"""\
Return-Path: <>
Date: Tue, 24 Nov 2026 12:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.relay.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {return_path}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="{mark}"
Content-Transfer-Encoding: 8bit
Message-Id: <{mark.replace("/", "@")}>

This is a MIME-encapsulated message.

--{mark}
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.relay.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<{reader}>: {words}: User unknown in
    virtual mailbox table (in reply to RCPT TO command)

--{mark}
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.relay.example
X-Postfix-Sender: rfc822; {return_path}
Arrival-Date: Tue, 24 Nov 2026 11:59:59 +0000 (UTC)

Final-Recipient: rfc822; {reader}
Original-Recipient: rfc822;{reader}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.{reader.partition("@")[2]}
Diagnostic-Code: smtp; 550 5.1.1 <{reader}>: Recipient address rejected: User
    unknown in virtual mailbox table

--{mark}
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers
Content-Transfer-Encoding: 8bit

Return-Path: <{return_path}>
From: The Quay <news@{DOMAIN}>
To: {reader}
Subject: High water

--{mark}--
"""
    return "", return_path, text.replace("\n", "\r\n").encode()


async def bring(line: Line, letter: tuple[str, str, bytes]) -> str:
    """One transaction; the reply to its content. No line of a letter begins with a dot."""
    sender, recipient, content = letter
    await line.begin(sender, recipient)
    line.writer.write(content)
    return await line.say(".")


def complaint(link: str, to: str) -> tuple[str, str, bytes]:
    """What a provider sends whose reader pressed the spam button on a copy with this link (RFC 5965)."""
    mark = f"{zlib.crc32(link.encode()):08X}"
    text = f"""\
From: <feedback@provider.example>
To: <{to}>
Subject: FW: High water
Date: Tue, 24 Nov 2026 12:00:00 +0000
Message-ID: <{mark}@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="{mark}"

--{mark}
Content-Type: text/plain

This is an email abuse report.

--{mark}
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1

--{mark}
Content-Type: text/rfc822-headers

From: <news@{DOMAIN}>
Subject: High water
List-Unsubscribe: <{link}>

--{mark}--
"""
    return "feedback@provider.example", to, text.replace("\n", "\r\n").encode()


def lmtp_at(port: int) -> Place:
    """Where Postfix would bring them."""
    return Place(name="LMTP", port=port, hello="LHLO")
