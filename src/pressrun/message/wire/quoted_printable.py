"""Quoted-printable for text that is cut into pieces (RFC 2045 §6.7): 7-bit, lines of at most 76, safe in transit.

Each piece is encoded as if it began a line and ends with a line break, which is soft where the text goes on, so that
pieces can be joined in any order. A dot or `From ` at the start of a line is encoded, because relays and mailboxes
treat both specially. So is a blank at the end of a line.
"""

from __future__ import annotations

import re

SOFT = b"=\r\n"
_ROOM = 75  # leaves one octet for the `=` of a soft line break
_UNSAFE = re.compile(rb"[^\t -<>-~]")
_PLAIN = re.compile(r"(?!\.|From )[ -<>-~]{1,75}", re.ASCII)
_BREAKS = re.compile(r"\r\n|\r|\n")
_HEX = tuple(f"={octet:02X}".encode() for octet in range(256))


def normalise_lines(text: str) -> str:
    """All line ends as CRLF."""
    return _BREAKS.sub("\r\n", text)


def encode_piece(text: str) -> bytes:
    """Encode a piece of text. The result is empty or ends a line, softly where the text does not."""
    if len(text) <= _ROOM and _PLAIN.fullmatch(text):
        return text.encode("ascii") + SOFT
    lines = _BREAKS.split(text)
    encoded = [_encode_line(line) + b"\r\n" for line in lines[:-1]]
    if lines[-1]:
        encoded.append(_wrap(_escape(lines[-1])) + SOFT)
    return b"".join(encoded)


def encode_link(link: str) -> bytes:
    """The same for a link of ours, where only `=` needs an escape (core.site.Site): one or two lines are just cut."""
    octets = link.encode("ascii").replace(b"=", b"=3D")
    if len(octets) <= _ROOM:
        return octets + SOFT
    first, rest = octets[:_ROOM], octets[_ROOM:]
    if len(rest) <= _ROOM and not rest.startswith(b".") and b"=" not in first[-2:]:
        return b"%b=\r\n%b=\r\n" % (first, rest)
    return encode_piece(link)


def _encode_line(line: str) -> bytes:
    escaped = _escape(line)
    if escaped[-1:] in (b" ", b"\t"):
        escaped = escaped[:-1] + _HEX[escaped[-1]]
    return _wrap(escaped)


def _escape(line: str) -> bytes:
    return _UNSAFE.sub(lambda match: _HEX[match[0][0]], line.encode("utf-8", "replace"))


def _wrap(escaped: bytes) -> bytes:
    lines = []
    position, end = 0, len(escaped)
    while True:
        start = b""
        if escaped.startswith((b".", b"From "), position):
            start = _HEX[escaped[position]]
            position += 1
        cut = position + _ROOM - len(start)
        if cut >= end:
            lines.append(start + escaped[position:])
            return SOFT.join(lines)
        if escaped[cut - 1] == 0x3D:
            cut -= 1
        elif escaped[cut - 2] == 0x3D:
            cut -= 2
        lines.append(start + escaped[position:cut])
        position = cut
