"""Octets into replies (RFC 5321 §4.2), however they are cut up on the way.

Liberal in what ends a line (CRLF, or LF alone) and in a missing text, strict in the rest: a line that does not begin
with a code, lines of one reply with different codes, endless lines and endless replies are protocol errors.
"""

from __future__ import annotations

from pressrun.smtp.errors import RemoteProtocolError
from pressrun.smtp.reply import Reply, split_enhanced, without_addresses

MAX_LINE_OCTETS = 2048  # RFC 5321 §4.5.3.1.5 says 512; servers that put addresses and links into replies say more
MAX_LINES = 100

_CODES = {str(code).encode(): code for code in range(200, 600)}


class ReplyReader:
    """Feed it octets; `next_code` gives the code of each whole reply in turn, and `reply` the reply just read."""

    __slots__ = ("_at", "_buffer", "_code", "_earlier", "_last")

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0
        self._code = 0
        self._earlier: list[bytes] = []  # the lines `250-…` of a reply whose last line is still to come
        self._last: list[bytes] = []  # the lines of the reply that next_code returned

    @property
    def pending(self) -> bool:
        """Whether octets are left that belong to no reply read so far."""
        return self._at < len(self._buffer) or bool(self._earlier)

    def feed(self, data: bytes) -> None:
        """Take what came in."""
        if self._at < len(self._buffer):
            data = self._buffer[self._at :] + data
        self._buffer = data
        self._at = 0

    def next_code(self) -> int:
        """The code of the next whole reply, 0 when there is none yet; raises RemoteProtocolError."""
        buffer = self._buffer
        while True:
            end = buffer.find(b"\n", self._at)
            if end - self._at > MAX_LINE_OCTETS or (end < 0 and len(buffer) - self._at > MAX_LINE_OCTETS):
                raise RemoteProtocolError(f"a reply line is longer than {MAX_LINE_OCTETS} octets")
            if end < 0:
                return 0
            line = buffer[self._at : end]
            self._at = end + 1
            code = _CODES.get(line[:3], 0)
            mark = line[3:4]
            if not code or mark not in b" -\r" or (self._earlier and code != self._code):
                raise RemoteProtocolError(f"this is no reply: {without_addresses(_text(line[:80]))!r}")
            if mark != b"-":
                self._last = [*self._earlier, line] if self._earlier else [line]
                if self._earlier:
                    self._earlier = []
                self._code = code
                return code
            self._code = code
            self._earlier.append(line)
            if len(self._earlier) >= MAX_LINES:
                raise RemoteProtocolError(f"a reply has more than {MAX_LINES} lines")

    def reply(self) -> Reply:
        """The reply whose code `next_code` gave last, with its text; built on demand, because few are ever read."""
        enhanced, first = split_enhanced(_text(self._last[0][4:]))
        texts = [first]
        for line in self._last[1:]:
            text = _text(line[4:])
            code, rest = split_enhanced(text)
            texts.append(rest if enhanced and code == enhanced else text)
        return Reply(self._code, "\n".join(texts), enhanced)


def _text(line: bytes) -> str:
    text = line.rstrip(b"\r").decode("utf-8", "replace")
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
