"""What is handed to a relay: one message for one recipient, and its outcome."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from pressrun.smtp.reply import Reply


class Outgoing(msgspec.Struct, frozen=True):
    """One message for one recipient.

    `mail_from` is `""` for the null return path; `content` has CRLF line ends and is not dot-stuffed; `eight_bit` is
    true if it contains octets above 127, `utf8` when envelope or header need SMTPUTF8 (RFC 6531). With `is_ours` the
    line ends are known to be right and no line begins with a dot: the code that built it ensured both. A connection
    that has carried `most` messages of one `kind` takes no further message; 0 means as many as come.
    """

    delivery_id: int
    mail_from: str
    rcpt_to: str
    content: bytes
    eight_bit: bool = False
    utf8: bool = False
    is_ours: bool = False
    kind: str = ""
    most: int = 0


class Outcome(StrEnum):
    """What became of a hand-over."""

    DELIVERED = "delivered"  # 2xx to the content, after 2xx to this message's own MAIL and RCPT
    DEFERRED = "deferred"  # 4xx at any stage: try again later
    REFUSED = "refused"  # 5xx at any stage
    UNKNOWN = "unknown"  # the connection ended before the reply to the content: it may have been taken
    UNSENT = "unsent"  # the content never went out: back to the queue as if it had not been tried


DELIVERED = Outcome.DELIVERED  # for what is done with every copy: to find a member takes long before Python 3.12


class Stage(StrEnum):
    """The phase of the dialogue that decided the outcome."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"  # the reply to the command: 354, or a refusal
    CONTENT = "CONTENT"  # the reply to the final dot, or to BDAT LAST


class HandOver(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """The outcome of one hand-over; `reply` is the deciding reply, None when the connection ended without one."""

    outcome: Outcome
    stage: Stage
    reply: Reply | None = None
