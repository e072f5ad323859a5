"""The test bounce of `doctor`: a delivery status notification (RFC 3464) about nobody."""

from __future__ import annotations

from pressrun.message.wire.headers import format_date

_NOTIFICATION = """\
From: Mail Delivery System <postmaster@{domain}>
To: <{recipient}>
Subject: Test of the return path
Date: {date}
Message-ID: <doctor.{number:x}@{domain}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=-{number:x}"

--=-{number:x}
Content-Type: text/plain; charset=us-ascii

This is a test by `pressrun doctor`: a bounce of no message, about nobody.

--=-{number:x}
Content-Type: message/delivery-status

Reporting-MTA: dns; {domain}

Final-Recipient: rfc822; nobody@{domain}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 a test

--=-{number:x}--
"""


def build_test_bounce(domain: str, recipient: str, number: int, at: int) -> bytes:
    """The message from `domain` to a bounce address, with CRLF line ends; `at` in UTC seconds."""
    text = _NOTIFICATION.format(domain=domain, recipient=recipient, number=number, date=format_date(at))
    return text.replace("\n", "\r\n").encode("ascii")
