"""The messages between the daemon and a helper process, in frames (runtime.frames).

The process sends `HelperReady` once, then answers each task in order: a `Question` with a `Readable` or an
`Unreadable`, a `SourceTask` with a `SourceRead`, a `BuildTask` with an `EditionBuilt`, a `KeysTask` with a
`KeysChanged`, a `ShowTask` with a `Shown`, and each of these four also with a `NotMade`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.editions.orders import BuildOrder, ReadSource
from pressrun.message.editions.posted import Posted
from pressrun.message.editions.read_back import ShownMessage
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report
from pressrun.message.wire.skeleton import Skeleton
from pressrun.runtime.frames import FrameReader, encode_frame

# A draft of 32 MiB is in two skeletons in base64, and its files once more for the archive.
MAX_FRAME_BYTES = 192 * 1024 * 1024


class ReadAs(StrEnum):
    """As what kind of mail to parse a mail."""

    COMMAND = "command"
    REPORT = "report"
    EDITION = "edition"


class HelperReady(msgspec.Struct, frozen=True, tag="ready"):
    """The process has started and confined itself."""


class Question(msgspec.Struct, frozen=True, tag="question"):
    """A mail to parse."""

    content: bytes
    read_as: ReadAs = ReadAs.COMMAND


class SourceTask(msgspec.Struct, frozen=True, tag="source"):
    """The source of an edition to parse: its content, its suffix, and how many characters its text may have."""

    source: bytes
    suffix: str
    longest_text: int | None = None


class BuildTask(msgspec.Struct, frozen=True, tag="build"):
    """An edition to build."""

    order: BuildOrder


class KeysTask(msgspec.Struct, frozen=True, tag="keys"):
    """An edition file, the keys to change in it, and its new body, if any."""

    source: bytes
    keys: Mapping[str, str | Sequence[str] | None]
    body: str | None = None


class ShowTask(msgspec.Struct, frozen=True, tag="show"):
    """A copy of an edition to show."""

    message: bytes


class Readable(msgspec.Struct, frozen=True, tag="readable"):
    """The parsed mail."""

    mail: IncomingMail | Report | Posted


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """The mail is malformed or beyond the caps."""

    reason: str
    remark: dict[str, Any] | None = None


class SourceRead(msgspec.Struct, frozen=True, tag="read"):
    """The parsed source."""

    source: ReadSource


class EditionBuilt(msgspec.Struct, frozen=True, tag="built"):
    """The edition."""

    edition: BuiltEdition


class KeysChanged(msgspec.Struct, frozen=True, tag="changed"):
    """The edition file with its changed keys."""

    source: bytes


class Shown(msgspec.Struct, frozen=True, tag="shown"):
    """The copy."""

    message: ShownMessage


class NotMade(msgspec.Struct, frozen=True, tag="not made"):
    """Why something cannot be done with an edition, for its author."""

    reason: str


EditionTask = SourceTask | BuildTask | KeysTask | ShowTask
Task = Question | EditionTask
Made = SourceRead | EditionBuilt | KeysChanged | Shown
Answer = HelperReady | Readable | Unreadable | Made | NotMade


def _pack(value: object) -> object:
    if not isinstance(value, Skeleton):
        raise TypeError(f"a frame cannot hold {type(value).__name__}")
    return value.encode()


def _unpack(kind: type, value: Any) -> object:
    if kind is not Skeleton:
        raise TypeError(f"a frame cannot hold {kind.__name__}")
    return Skeleton.decode(value)


_encode = msgspec.msgpack.Encoder(enc_hook=_pack).encode
_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer, dec_hook=_unpack)
_TASKS: msgspec.msgpack.Decoder[Task] = msgspec.msgpack.Decoder(Task)


def answer_frame(answer: Answer) -> bytes:
    """The frame of an answer; raises BadInput for one that is too large, UnicodeEncodeError for half characters."""
    return encode_frame(answer, MAX_FRAME_BYTES, encode=_encode)


def answer_reader() -> FrameReader[Answer]:
    """Decodes what the process sends."""
    return FrameReader(_ANSWERS, MAX_FRAME_BYTES)


def task_reader() -> FrameReader[Task]:
    """Decodes what the daemon sends."""
    return FrameReader(_TASKS, MAX_FRAME_BYTES)
