"""The messages between the daemon and a helper process, in frames (runtime.frames).

The process answers each task in order, with what the task asks for or with a reason. Whoever asks knows the type of the
answer, so no other can be decoded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from pressrun.message.editions.orders import BuildOrder
from pressrun.message.wire.skeleton import Skeleton
from pressrun.runtime.frames import FrameReader, encode_frame

# A draft of 32 MiB is in two skeletons in base64, and its files once more for the archive.
MAX_FRAME_BYTES = 192 * 1024 * 1024

T = TypeVar("T")


class ReadAs(StrEnum):
    """What kind of mail to parse a mail as."""

    COMMAND = "command"
    REPORT = "report"
    EDITION = "edition"


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


class Made(msgspec.Struct, Generic[T], frozen=True, tag="made"):
    """What a task asks for. The first answer, with None, comes without a task: the process has confined itself."""

    value: T


class NotMade(msgspec.Struct, frozen=True, tag="not made"):
    """Why it cannot be done, for whoever wrote the mail or edition; `remark` is the same to be translated."""

    reason: str
    remark: dict[str, Any] | None = None


EditionTask = SourceTask | BuildTask | KeysTask | ShowTask
Task = Question | EditionTask
Answer = Made[T] | NotMade


def _pack(value: object) -> object:
    if not isinstance(value, Skeleton):
        raise TypeError(f"a frame cannot hold {type(value).__name__}")
    return value.encode()


def _unpack(kind: type, value: Any) -> object:
    if kind is not Skeleton:
        raise TypeError(f"a frame cannot hold {kind.__name__}")
    return Skeleton.decode(value)


_encode = msgspec.msgpack.Encoder(enc_hook=_pack).encode
_TASKS: msgspec.msgpack.Decoder[Task] = msgspec.msgpack.Decoder(Task)


def answer_frame(answer: Answer[Any]) -> bytes:
    """The frame of an answer; raises BadInput for one that is too large, UnicodeEncodeError for half characters."""
    return encode_frame(answer, MAX_FRAME_BYTES, encode=_encode)


def answer_reader(kind: type[T]) -> FrameReader[Answer[T]]:
    """Decodes what the process sends in answer to a task that asks for this type."""
    answer: Any = Made[kind] | NotMade  # type: ignore[valid-type]
    return FrameReader(msgspec.msgpack.Decoder(answer, dec_hook=_unpack), MAX_FRAME_BYTES)


def task_reader() -> FrameReader[Task]:
    """Decodes what the daemon sends."""
    return FrameReader(_TASKS, MAX_FRAME_BYTES)
