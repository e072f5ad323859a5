"""What travels over the control socket: each message is its length in four octets (big-endian) and msgpack.

A client sends requests one after the other; each is answered by any number of `Progress` and one `Result` or `Failure`.
Pure: octets in, values out.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from pressrun.core.errors import BadInput

MAX_FRAME_BYTES = 64 * 1024 * 1024  # an edition with all its files, or a batch of rows
HEADER = struct.Struct(">I")


class BadFrame(ValueError):
    """Octets that are no message: the connection cannot go on."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verb to be carried out."""

    verb: str
    arguments: dict[str, Any]


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """One line for the person who waits."""

    text: str


class Result(msgspec.Struct, frozen=True, kw_only=True, tag="result"):
    """The verb was carried out."""

    value: Any = None


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """The verb was not carried out: the class of the error, and what it says."""

    error: str
    message: str


Answer = Progress | Result | Failure

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_answers = msgspec.msgpack.Decoder(Answer)


def encode_frame(message: Request | Answer) -> bytes:
    """The whole frame; raises BadInput when the message is longer than a frame may be."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise BadInput(f"that is {len(body) >> 20} MiB in one piece; at most {MAX_FRAME_BYTES >> 20} MiB are allowed")
    return HEADER.pack(len(body)) + body


def read_length(header: bytes) -> int:
    """How many octets follow; raises BadFrame when they are too many."""
    length: int = HEADER.unpack(header)[0]
    if length > MAX_FRAME_BYTES:
        raise BadFrame(f"a frame of {length} octets")
    return length


def decode_request(body: bytes) -> Request:
    """Read a request; raises BadFrame."""
    try:
        return _requests.decode(body)
    except _UNREADABLE as problem:
        raise BadFrame(str(problem)) from None


def decode_answer(body: bytes) -> Answer:
    """Read an answer; raises BadFrame."""
    try:
        answer: Answer = _answers.decode(body)
    except _UNREADABLE as problem:
        raise BadFrame(str(problem)) from None
    return answer
