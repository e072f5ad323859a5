"""The octets that we send: commands and message content, strict in everything (RFC 5321 §2.3.8, §4.1.1, §4.5.2).

CR, LF and NUL never get into a command, and content is sent only with CRLF line ends: a server that reads a bare
line end as the end of a message would otherwise accept mail from the author of that content.
"""

from __future__ import annotations

import re

from pressrun.smtp.capabilities import Capabilities
from pressrun.smtp.errors import LocalProtocolError
from pressrun.smtp.handover import Outgoing

CRLF = b"\r\n"
RSET = b"RSET\r\n"
DATA = b"DATA\r\n"
QUIT = b"QUIT\r\n"
STARTTLS = b"STARTTLS\r\n"
LONE_DOT = b".\r\n"

_LEADING_DOT = re.compile(rb"\r\n\.")  # `in` takes twice as long on Python 3.11


def hello(verb: str, name: str) -> bytes:
    """`EHLO name`; raises LocalProtocolError."""
    return f"{verb} {_clean(name)}\r\n".encode("ascii")


def mail(outgoing: Outgoing, offers: Capabilities) -> bytes:
    """MAIL with the parameters that the message needs and the peer offers; raises LocalProtocolError."""
    line = f"MAIL FROM:<{_clean(outgoing.mail_from)}>"
    if outgoing.eight_bit and offers.eight_bit:
        line += " BODY=8BITMIME"
    if needs_utf8(outgoing):
        line += " SMTPUTF8"
    if offers.size_offered:
        line += f" SIZE={len(outgoing.content)}"
    return (line + "\r\n").encode()


def rcpt(outgoing: Outgoing, offers: Capabilities) -> bytes:
    """RCPT; a message with a null return path requests no report (RFC 3834 §3.3). Raises LocalProtocolError."""
    if offers.dsn and not outgoing.mail_from:
        return f"RCPT TO:<{_clean(outgoing.rcpt_to)}> NOTIFY=NEVER\r\n".encode()
    return f"RCPT TO:<{_clean(outgoing.rcpt_to)}>\r\n".encode()


def needs_utf8(outgoing: Outgoing) -> bool:
    """Whether the message can only go to a peer that offers SMTPUTF8 (RFC 6531 §3.1)."""
    return outgoing.utf8 or not (outgoing.mail_from.isascii() and outgoing.rcpt_to.isascii())


def has_bare_line_end(content: bytes) -> bool:
    """Whether a CR or LF stands alone (RFC 5321 §2.3.8)."""
    rest = b"".join(content.split(CRLF))  # half the time of counting, and this is most of what a message costs us
    return b"\n" in rest or b"\r" in rest


def stuffed(outgoing: Outgoing) -> tuple[bytes, bytes]:
    """The content as sent, with leading dots doubled and the final line with a single dot (RFC 5321 §4.5.2)."""
    content = outgoing.content if outgoing.is_ours else _with_dots_doubled(outgoing.content)
    return content, LONE_DOT if not content or content.endswith(CRLF) else CRLF + LONE_DOT


def chunk(content: bytes) -> tuple[bytes, bytes]:
    """BDAT for a message of one chunk, and its octets without dot-stuffing (RFC 3030 §2).

    The last line gets a line end, so that a relay receives the same octets as after DATA.
    """
    if content and not content.endswith(CRLF):
        content += CRLF
    return b"BDAT %d LAST\r\n" % len(content), content


def _with_dots_doubled(content: bytes) -> bytes:
    if _LEADING_DOT.search(content):
        content = content.replace(b"\r\n.", b"\r\n..")
    return b"." + content if content.startswith(b".") else content


def _clean(text: str) -> str:
    if text.isprintable() or not ("\r" in text or "\n" in text or "\0" in text):
        return text
    raise LocalProtocolError("a command must not hold CR, LF or NUL")
