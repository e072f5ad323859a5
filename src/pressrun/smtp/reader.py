"""Octets into replies (RFC 5321 §4.2), however they were split on the way.

Liberal in what ends a line (CRLF, or LF alone) and in a missing text, strict in the rest: a line that does not begin
with a code, lines of one reply with different codes, endless lines and endless replies are protocol errors. Of a reply
within these limits the beginning is kept: nothing that reads it has more than MAX_TEXT_OCTETS before it.
"""

from __future__ import annotations

from pressrun.core.text.masking import without_addresses
from pressrun.smtp.errors import RemoteProtocolError
from pressrun.smtp.reply import MASK, Reply, split_enhanced

MAX_LINE_OCTETS = 2048  # RFC 5321 §4.5.3.1.5 says 512; servers that put addresses and links into replies say more
MAX_LINES = 100
MAX_TEXT_OCTETS = 8192  # of all lines of a reply together, which is several times what any EHLO takes

# How lines begin: those that end a reply, some of them without any text, and those that more lines follow.
_LAST = {b"%d%b" % (code, mark): code for code in range(200, 600) for mark in (b" ", b"\r", b"\n")}
_MORE = {b"%d-" % code: code for code in range(200, 600)}


class ReplyReader:
    """Feed it octets; `next_code` returns the code of each complete reply in turn, and `reply` that reply."""

    __slots__ = ("_at", "_before", "_buffer", "_code", "_earlier", "_kept", "_start")

    def __init__(self) -> None:
        self._buffer = b""
        self._start = 0  # of the text in the last line of the reply that next_code returned; it ends at `_at`
        self._at = 0
        self._code = 0
        self._earlier: list[bytes] = []  # the lines `250-…` of a reply whose last line is still to come
        self._before: list[bytes] = []  # those of the reply that next_code returned
        self._kept = 0  # octets of the lines in `_earlier`

    @property
    def pending(self) -> bool:
        """Whether there are octets after the replies read so far."""
        return self._at < len(self._buffer) or bool(self._earlier)

    def feed(self, data: bytes) -> None:
        """Add new octets, once all replies in the previous ones have been read."""
        if self._at < len(self._buffer):
            data = self._buffer[self._at :] + data
        self._buffer = data
        self._at = 0

    def next_code(self) -> int:
        """The code of the next complete reply, 0 if there is none yet; raises RemoteProtocolError."""
        buffer = self._buffer
        while True:
            start = self._at
            end = buffer.find(b"\n", start)
            if (end if end >= 0 else len(buffer)) - start > MAX_LINE_OCTETS:
                raise RemoteProtocolError(f"a reply line is longer than {MAX_LINE_OCTETS} octets")
            if end < 0:
                return 0
            begin = buffer[start : start + 4]
            last = _LAST.get(begin)
            code = last or _MORE.get(begin, 0)
            if not code or (self._earlier and code != self._code):
                shown = _text(buffer[start : min(end, start + 80)])
                raise RemoteProtocolError(f"invalid reply: {without_addresses(shown, MASK)!r}")
            self._at = end + 1
            self._code = code
            if last:
                self._start = start + 4
                self._before, self._earlier = self._earlier, []
                self._kept = 0
                return code
            line = buffer[start + 4 : min(end, start + 4 + MAX_TEXT_OCTETS - self._kept)]
            self._kept += len(line)
            self._earlier.append(line)
            if len(self._earlier) >= MAX_LINES:
                raise RemoteProtocolError(f"a reply has more than {MAX_LINES} lines")

    def reply(self) -> Reply:
        """The reply whose code `next_code` returned last, with its text; built on demand, because few are ever used."""
        room = MAX_TEXT_OCTETS - sum(map(len, self._before))
        lines = [*self._before, self._buffer[self._start : min(self._at - 1, self._start + room)]]
        enhanced, text = split_enhanced(_text(lines[0]))
        texts = [text]
        for line in lines[1:]:
            text = _text(line)
            code, rest = split_enhanced(text)
            texts.append(rest if enhanced and code == enhanced else text)
        return Reply(self._code, "\n".join(texts), enhanced)


def _text(line: bytes) -> str:
    text = line.rstrip(b"\r").decode("utf-8", "replace")
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
