"""What travels over the control socket: each message is its length in four octets (big-endian) and msgpack.

A client sends requests one after the other; each is answered by any number of `Progress` and one `VerbResult` or
`VerbFailure`. An error crosses the socket by the name of its class and comes out as the same class, with its exit code.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from pressrun.core.errors import BadInput, PressrunError

MAX_FRAME_BYTES = 64 * 1024 * 1024  # an edition with all its files, or a batch of rows
HEADER = struct.Struct(">I")


class BadFrame(ValueError):
    """The octets are not a message, so the connection must be closed."""


class VerbRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verb to carry out."""

    verb: str
    arguments: dict[str, Any]


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """One line for the person who waits."""

    text: str


class VerbResult(msgspec.Struct, frozen=True, kw_only=True, tag="result"):
    """The verb was carried out."""

    value: Any = None


class VerbFailure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """The verb failed: the class of the error, and its message."""

    error: str
    message: str


Response = Progress | VerbResult | VerbFailure

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(VerbRequest)
_responses = msgspec.msgpack.Decoder(Response)


def encode_frame(message: VerbRequest | Response) -> bytes:
    """The whole frame; raises BadInput for a message that is too long for one frame."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise BadInput(f"{len(body) >> 20} MiB is too large: at most {MAX_FRAME_BYTES >> 20} MiB are allowed")
    return HEADER.pack(len(body)) + body


def read_length(header: bytes) -> int:
    """The number of octets that follow; raises BadFrame when there are too many."""
    length: int = HEADER.unpack(header)[0]
    if length > MAX_FRAME_BYTES:
        raise BadFrame(f"a frame of {length} octets")
    return length


def decode_request(body: bytes) -> VerbRequest:
    """Decode a request; raises BadFrame."""
    try:
        return _requests.decode(body)
    except _UNREADABLE as problem:
        raise BadFrame(str(problem)) from None


def decode_response(body: bytes) -> Response:
    """Decode a response; raises BadFrame."""
    try:
        response: Response = _responses.decode(body)
    except _UNREADABLE as problem:
        raise BadFrame(str(problem)) from None
    return response


def failure_of(problem: PressrunError) -> VerbFailure:
    """The message for an error; a class outside core.errors is replaced by its nearest ancestor there."""
    known = _error_classes()
    name = next(ancestor.__name__ for ancestor in type(problem).__mro__ if ancestor.__name__ in known)
    return VerbFailure(error=name, message=str(problem))


def error_of(failure: VerbFailure) -> PressrunError:
    """The error to raise; an unknown class becomes PressrunError."""
    return _error_classes().get(failure.error, PressrunError)(failure.message)


def _error_classes() -> dict[str, type[PressrunError]]:
    classes = [PressrunError]
    for known in classes:
        classes += [below for below in known.__subclasses__() if below.__module__ == PressrunError.__module__]
    return {known.__name__: known for known in classes}
