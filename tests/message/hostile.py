"""Mails that make parsers slow, deep or large. REFUSED names those that are beyond our caps."""

from __future__ import annotations

_TYPE = b"Content-Type: multipart/mixed; boundary=x\r\n"


def _nested(depth: int) -> bytes:
    parts = [
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(depth)
    ]
    return b"".join(parts) + b"\r\nhello\r\n"


def _nested_by_folded_boundaries(depth: int) -> bytes:
    fields = [b"Content-Type: multipart/mixed; boundary=\r\n b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)]
    return b"".join(fields) + b"\r\n" * 500_000


HOSTILE: dict[str, bytes] = {
    "30 KB of folded semicolons": b"Content-Type: text/plain" + b";\r\n " * 10_000 + b"\r\n\r\nhello\r\n",
    "8 KB of semicolons": b"Content-Type: text/plain" + b";" * 8_000 + b"\r\n\r\nhello\r\n",
    "500 KB of To": b"To: " + b"<a@reader.example>,\r\n " * 23_000 + b"b@reader.example\r\n\r\nhello\r\n",
    "100,000 parts": _TYPE + b"\r\n" + b"--x\r\n\r\n" * 100_000 + b"--x--\r\n",
    "100,000 parts, boundary in pieces": (
        b"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\r\n\r\n" + b"--ab\r\n\r\n" * 10_000 + b"--ab--\r\n"
    ),
    "depth 2,000": _nested(2_000),
    "depth 100 by folded boundaries": _nested_by_folded_boundaries(100),
    "2,000 mails in mails": b"Content-Type: message/rfc822\r\n\r\n" * 2_000,
    "16 KB of parentheses": b"From: " + b"(" * 16_000 + b"a@reader.example\r\n\r\nhello\r\n",
    "8 KB of parentheses": b"From: " + b"(" * 8_000 + b"a@reader.example\r\n\r\nhello\r\n",
    "NULs": b"Subject: \0\0\r\nFrom: a\0@reader.example\r\n\r\n" + b"\0" * 5_000 + b"\r\n",
    "5,000-octet lines": b"Subject: x\r\n\r\n" + (b"y" * 5_000 + b"\r\n") * 100,
    "60,000-octet lines": b"Subject: x\r\n\r\n" + (b"y" * 60_000 + b"\r\n") * 34,
    "a line of 1 MB": b"Subject: x\r\n\r\n" + b"y" * 1_000_000 + b"\r\n",
    "a header that never ends": b"X: y\r\n" * 200_000,
    "50,000 short fields": b"a:\r\n" * 15_000 + b"\r\nhello\r\n",
    "encoded-words": b"Subject: " + b"=?utf-8?q?a?= " * 500 + b"\r\n\r\nhello\r\n",
    "half encoded-words": b"Subject: " + b"=?a?q?" * 1_300 + b"\r\n\r\nhello\r\n",
    "broken base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=A" * 1_000_000,
    "uuencoded nonsense": b"Content-Transfer-Encoding: x-uue\r\n\r\nbegin 666 x\r\n" + b"M\r\n" * 100_000,
    "quoted-printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\r\n=" * 400_000,
    "open tags": b"Content-Type: text/html\r\n\r\n" + b"<a\r\n" * 400_000,
    "open comments": b"Content-Type: text/html\r\n\r\n" + b"<!--\r\n" * 300_000,
    "long boundary": b'Content-Type: multipart/mixed; boundary="' + b"x" * 7_000 + b'"\r\n\r\n--x\r\n',
    "parameters in pieces": (
        b"Content-Type: text/plain; " + b"; ".join(b"a*%d=x" % n for n in range(700)) + b"\r\n\r\nhello\r\n"
    ),
}
REFUSED = frozenset(
    {
        "30 KB of folded semicolons",
        "500 KB of To",
        "100,000 parts",
        "100,000 parts, boundary in pieces",
        "depth 2,000",
        "depth 100 by folded boundaries",
        "2,000 mails in mails",
        "16 KB of parentheses",
        "a line of 1 MB",
        "a header that never ends",
        "50,000 short fields",
        "broken base64",
    }
)
