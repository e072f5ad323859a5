"""The messages between the daemon and its parser process, in frames (runtime.frames).

The process sends `HelperReady` once, then answers each `Question` with a `Readable` or an `Unreadable`, in order.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from pressrun.message.editions.posted import Posted
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report
from pressrun.runtime.frames import FrameReader

MAX_FRAME_BYTES = 64 * 1024 * 1024


class ReadAs(StrEnum):
    """What to parse a mail as."""

    COMMAND = "command"
    REPORT = "report"
    EDITION = "edition"


class HelperReady(msgspec.Struct, frozen=True, tag="ready"):
    """The process has started and confined itself."""


class Question(msgspec.Struct, frozen=True, tag="question"):
    """A mail to parse."""

    content: bytes
    read_as: ReadAs = ReadAs.COMMAND


class Readable(msgspec.Struct, frozen=True, tag="readable"):
    """The parsed mail."""

    mail: IncomingMail | Report | Posted


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """The mail is malformed or beyond the caps."""

    reason: str
    remark: dict[str, Any] | None = None


Answer = HelperReady | Readable | Unreadable

_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_QUESTIONS: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)


def answer_reader() -> FrameReader[Answer]:
    """Decodes what the process sends."""
    return FrameReader(_ANSWERS, MAX_FRAME_BYTES)


def question_reader() -> FrameReader[Question]:
    """Decodes what the daemon sends."""
    return FrameReader(_QUESTIONS, MAX_FRAME_BYTES)
