"""What the daemon and its helper process say to each other: a length of four octets, then MessagePack.

The helper says `Ready` once, then answers each `Question` with a `Readable` or an `Unreadable`, in order.
"""

from __future__ import annotations

import struct
from enum import StrEnum
from typing import Any

import msgspec

from pressrun.message.editions.posted import Posted
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report

LENGTH = struct.Struct(">I")
MAX_FRAME = 64 * 1024 * 1024


class ReadAs(StrEnum):
    """What a mail is to be read as."""

    COMMAND = "command"
    REPORT = "report"
    EDITION = "edition"


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The helper has started and confined itself."""


class Question(msgspec.Struct, frozen=True, tag="question"):
    """A mail to be read."""

    content: bytes
    read_as: ReadAs = ReadAs.COMMAND


class Readable(msgspec.Struct, frozen=True, tag="readable"):
    """The mail was read."""

    mail: IncomingMail | Report | Posted


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """The mail is malformed or beyond the caps."""

    reason: str
    remark: dict[str, Any] | None = None


Answer = Ready | Readable | Unreadable

_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_QUESTIONS: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)


def encode_frame(value: Answer | Question) -> bytes:
    """A value with its length in front."""
    body = msgspec.msgpack.encode(value)
    return LENGTH.pack(len(body)) + body


def decode_answer(body: bytes) -> Answer:
    """What the helper said; raises ValueError for anything else."""
    return _ANSWERS.decode(body)


def decode_question(body: bytes) -> Question:
    """What the daemon asked; raises ValueError for anything else."""
    return _QUESTIONS.decode(body)
