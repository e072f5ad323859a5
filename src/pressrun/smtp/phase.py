"""The phases of a dialogue: what it waits for, and so which time-out applies (RFC 5321 §4.5.3.2)."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """What the dialogue waits for: mostly the reply to the command of that name."""

    GREETING = "GREETING"
    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    HANDSHAKE = "HANDSHAKE"  # for `Dialogue.secured`
    AUTH = "AUTH"
    READY = "READY"  # for work
    RSET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "CONTENT"  # the reply to the final dot
    DISCARD = "DISCARD"  # the reply to a lone dot, sent to end a DATA that nobody was to receive
    QUIT = "QUIT"
    CLOSED = "CLOSED"  # for nothing any more
