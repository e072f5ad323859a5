"""The messages on the control socket, in frames (runtime.frames).

A client sends requests one after the other; each is answered by any number of `Progress` and one `VerbResult` or
`VerbFailure`. An error crosses the socket by the name of its class and comes out as the same class, with its exit code.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pressrun.core.errors import IncompleteAnswer, PressrunError
from pressrun.runtime.frames import FrameReader, encode_frame

CALLER = "caller"  # not a verb: `{"sudo_user": …}`, who became root by sudo; a daemon that does not know it refuses it
NOT_FOR_YOU = (
    "only root, the owner of the data and, with `[control] group = true`, members of their group may use the control "
    "socket. Run pressrun with sudo"
)
MAX_FRAME_BYTES = 64 * 1024 * 1024  # an edition with all its files, or a batch of rows


class VerbRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verb to carry out; the verb itself knows the type of its arguments."""

    verb: str
    arguments: msgspec.Raw


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """One line for the person who is waiting."""

    text: str


class VerbResult(msgspec.Struct, frozen=True, kw_only=True, tag="result"):
    """The verb was carried out."""

    value: Any = None


class VerbFailure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """The verb failed: the class of the error, and its message."""

    error: str
    message: str


Response = Progress | VerbResult | VerbFailure


class _RequestDecoder:
    """Copies the octets first: arguments that are not decoded yet refer to them."""

    _decoder = msgspec.msgpack.Decoder(VerbRequest)

    def decode(self, octets: memoryview, /) -> VerbRequest:
        return self._decoder.decode(bytes(octets))


_REQUESTS = _RequestDecoder()
_RESPONSES: msgspec.msgpack.Decoder[Response] = msgspec.msgpack.Decoder(Response)


def encode_arguments(arguments: object) -> msgspec.Raw:
    """The arguments of a verb as they travel."""
    return msgspec.Raw(msgspec.msgpack.encode(arguments))


def encode_message(message: VerbRequest | Response) -> bytes:
    """The frame of a message; raises BadInput for one that is too long."""
    return encode_frame(message, MAX_FRAME_BYTES)


def request_reader() -> FrameReader[VerbRequest]:
    """Decodes what a client sends."""
    return FrameReader(_REQUESTS, MAX_FRAME_BYTES)


def response_reader() -> FrameReader[Response]:
    """Decodes what the daemon sends."""
    return FrameReader(_RESPONSES, MAX_FRAME_BYTES)


class _Members(dict[str, Any]):
    """An object in the answer to a verb, which knows the verb and the whole of it."""

    verb: str
    whole: Any

    def __missing__(self, member: str) -> Any:
        raise IncompleteAnswer(
            f"{self.verb} was carried out, but by a daemon of another version, whose answer has no {member!r}. "
            "Do not repeat that. Restart the service, so that it runs the version of this command",
            answer=self.whole,
        )


def answer_of(verb: str, result: VerbResult) -> Any:
    """The answer to a verb; reading a member that it does not have raises IncompleteAnswer.

    That names the verb, as a command may have called one that only reads before the one that acts.
    """
    return _with_members(result.value, verb, result.value)


def _with_members(value: Any, verb: str, whole: Any) -> Any:
    if isinstance(value, list):
        return [_with_members(item, verb, whole) for item in value]
    if not isinstance(value, dict):
        return value
    members = _Members({name: _with_members(item, verb, whole) for name, item in value.items()})
    members.verb, members.whole = verb, whole
    return members


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
