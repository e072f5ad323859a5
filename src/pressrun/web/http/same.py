"""An answer that is the same for everybody, handed on whole: its octets are made once a second, not for each request.

An application inside the guard sends it as one message; the guard makes its fields, as for any answer. Our connection
over httptools takes the octets by an extension in the scope, which ASGI leaves to servers; where nothing offers that,
or something stands in the way of it, the same answer goes out in the two messages of ASGI.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import Message

SAME = "pressrun.response.same"  # the type of the message
WHOLE = "pressrun.response.whole"  # the extension: a SendWhole

Header = tuple[bytes, bytes]
SendWhole = Callable[[bytes], bool]  # False: nothing was sent, and it must go out in its parts


@dataclass(frozen=True, slots=True, eq=False)
class SameAnswer:
    """What an application says of the answer; the guard adds to the fields."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    @property
    def message(self) -> Message:
        """What to send."""
        return {"type": SAME, "answer": self}

    def parts(self) -> tuple[Message, Message]:
        """What ASGI has a server take."""
        return (
            {"type": "http.response.start", "status": self.status, "headers": self.headers},
            {"type": "http.response.body", "body": self.body},
        )

    def octets(self, headers: Sequence[Header]) -> bytes:
        """The whole answer with these fields, on a connection that stays open (RFC 9112 §2.1)."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()]
        lines += [b"%b: %b" % header for header in headers]
        return b"\r\n".join([*lines, b"", self.body])
