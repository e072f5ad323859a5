"""What fuzzing begins with: the samples that other tests are made of, and words that the parsers know."""

from __future__ import annotations

from pathlib import Path

from tests.message.hostile import HOSTILE

_TESTS = Path(__file__).parents[1]
_HEADERS = (
    b"Auto-Submitted: auto-replied (vacation)\r\nPrecedence: bulk\r\n",
    b"Subject: Re: =?utf-8?q?confirm_=C3=A9?=\r\nFrom: =?latin1?b?5A==?= <ada@reader.example>\r\n",
    b'Content-Type: multipart/alternative; boundary*0=a; boundary*1="b c"\r\n',
    b"Authentication-Results: mx.example.org; dkim=pass (ok) header.d=reader.example; dmarc=pass\r\n",
)
REPORT = (
    b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n--x\r\n\r\n'
    b"This is the mail system at host mx.example.\r\n\r\n<ada@reader.example>: host mail.reader.example said:\r\n"
    b"    550 5.1.1 no such user (in reply to RCPT TO command)\r\n\r\n--x\r\n"
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; ada@reader.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--x\r\nContent-Type: text/rfc822-headers\r\n\r\n"
    b"Subject: High water\r\nMessage-ID: <m@news.example.org>\r\n\r\n--x--\r\n"
)
COMPLAINT = (
    b"From: fbl@provider.example\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n--x\r\n\r\nabuse\r\n--x\r\n"
    b"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: Some/1.0\r\nVersion: 1\r\n"
    b"Original-Rcpt-To: <ada@reader.example>\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Return-Path: <news-bounces+token@news.example.org>\r\nSubject: High water\r\n\r\ntext\r\n--x--\r\n"
)
POSTED = (
    b"From: Grace <grace@harbour.example>\r\nSubject: High water\r\nMessage-ID: <p1@harbour.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"T=C3=AAte\r\n--x\r\n"
    b'Content-Type: text/markdown; name="edition.md"\r\nContent-Disposition: attachment; filename="edition.md"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nLS0tCnN1YmplY3Q6IHgKLS0tCgojIHRleHQK\r\n--x--\r\n"
)


def mails() -> list[bytes]:
    """Mails of every kind: written for people, by machines, and against us."""
    mails = [_as_sent(path.read_bytes()) for path in sorted(_TESTS.rglob("*.eml"))]
    mails += [header + b"\r\nhello\r\n" for header in _HEADERS]
    return [*mails, REPORT, COMPLAINT, POSTED, *HOSTILE.values()]


def _as_sent(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def replies() -> list[bytes]:
    """What the servers of the dialogues say."""
    replies = []
    for path in sorted((_TESTS / "dialogues").glob("*.txt")):
        lines = [line[2:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("S:")]
        replies.append("".join(f"{line}\r\n" for line in lines).encode())
    return replies


WORDS = (
    b"\r\n", b"\n", b"\r", b"\0", b"\r\n.\r\n", b"\r\n\r\n", b"\r\n ", b"..", b"--x", b"--x--", b"=?utf-8?q?", b"?=",
    b"=?utf-8?b?", b"boundary=", b"boundary*0=", b"multipart/mixed", b"multipart/report", b"message/rfc822",
    b"message/delivery-status", b"message/feedback-report", b"text/html", b"text/plain", b"charset=", b"utf-16",
    b"utf-7", b"idna", b"punycode", b"base64", b"quoted-printable", b"x-uuencode", b"Content-Type: ", b"Subject: ",
    b"Content-Transfer-Encoding: ", b"Content-Disposition: attachment; filename=", b"From: ", b"Message-ID: <",
    b"Status: ", b"Action: failed", b"Final-Recipient: rfc822;", b"Diagnostic-Code: smtp;", b"550 5.1.1 ", b"250-",
    b"<!--", b"-->", b"<script>", b"</", b"<blockquote>", b"&#x110000;", b"&amp", b"\xff", b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b"---\n", b"subject: ", b"{{ name | default: x }}", b"confirm ", b"subscribe", b"unsubscribe", b"-bounces+", b"@",
    b"<", b">", b'"', b"'", b"\\", b";", b",", b"(", b")", b"%", b"TO:<", b"FROM:<", b" SIZE=1", b" SMTPUTF8",
    b"Auto-Submitted: ", b"*0*=utf-8''", b"!!python/object", b"&a [*a]", b"\xef\xbb\xbf", b"=\r\n",
    b"99999999999999999999",
)  # fmt: skip
"""Pieces that no random octets would come upon."""
