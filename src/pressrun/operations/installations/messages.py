"""The messages of old archives: of mbox files, plain or compressed, and of folders with a file for each message.

Of the header, only what describes the content is kept. Authors, hops and what a list added are not carried over, so an
archive contains no more addresses than its texts do. A message that cannot be used is reported by its number; one at a
time is in memory.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from pressrun.core.errors import NoInput, reason_of
from pressrun.message.incoming.header_scan import find_written_at, header_fields
from pressrun.operations.opened_files import open_source, open_unpacked, sources_in

LARGEST_MESSAGE = 25 << 20  # octets, with its attachments: what mail servers accept at most
_LONGEST_LINE = 1 << 20
_READ_AT_ONCE = 1 << 20
_LONGEST_FROM_LINE = 1000  # octets: the time for its pattern grows with the square of its length
_FUTURE_SECONDS = 86_400
# The line between two messages (RFC 4155), with the time that it ends in. The sender may be missing.
_FROM_LINE = re.compile(
    rb"From (?:\S.*?| )((?:[A-Z][a-z]{2},? +){1,2}\d{1,2} +\d{1,2}:\d\d(?::\d\d)?.* \d{4}).*\r?\n?\Z"
)
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|>From ")  # what the line below it begins with
_QUOTED_FROM = re.compile(rb">+From ")
_KEPT = re.compile(rb"(?:subject|mime-version|content-[a-z-]+)[ \t]*:", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")


class OldMessage(Struct, frozen=True, kw_only=True):
    """A message as an edition: its source, when it was written, and what tells it from others (its Message-ID)."""

    number: int
    place: str
    source: bytes
    published_at: int
    identity: str


class BadMessage(Struct, frozen=True, kw_only=True):
    """A message that cannot be used, by its number in the archive, where it is, and why."""

    number: int
    place: str
    reason: str


def check_archive(path: Path) -> None:
    """Raise NoInput for an mbox file that cannot be read to its end, or a folder that cannot be listed."""
    try:
        if path.is_dir():
            sources_in(path)
            return
        with open_unpacked(path) as file:
            while file.read(_READ_AT_ONCE):
                pass
    except (OSError, EOFError, zlib.error) as problem:
        raise _unreadable(path, problem) from None


def read_messages(path: Path, now: int) -> Iterator[OldMessage | BadMessage]:
    """The messages of an mbox file, or of the files in a folder, in order; raises NoInput."""
    for number, (name, source, sent_at) in enumerate(_sources(path), start=1):
        place = str(path / name) if name else f"message {number} of {path}"
        if isinstance(source, bytes):
            yield _read(number, place, source, sent_at, now)
        else:
            yield BadMessage(number=number, place=place, reason=source)


_TOO_LARGE = f"is larger than {LARGEST_MESSAGE >> 20} MiB"


def _sources(path: Path) -> Iterator[tuple[str, bytes | str, str]]:
    """The name of each file of a folder, its message or why there is none, and the time in the line above it."""
    try:
        if path.is_dir():
            for entry in sorted(sources_in(path), key=_by_number):
                yield entry.name, _whole(entry), ""
            return
        with open_unpacked(path) as file:
            for source, sent_at in _split(iter(lambda: file.readline(_LONGEST_LINE), b"")):
                yield "", source, sent_at
    except (OSError, EOFError, zlib.error) as problem:
        raise _unreadable(path, problem) from None


def _unreadable(path: Path, problem: Exception) -> NoInput:
    """An archive that fails as a whole, and what to do."""
    reason = reason_of(problem) if isinstance(problem, OSError) else str(problem)
    return NoInput(f"cannot read the archive {path}: {reason}. Mend it, or move without archives by --no-archives")


def _by_number(path: Path) -> tuple[int, str]:
    digits = re.match(r"\d{1,18}", path.name)
    return int(digits[0]) if digits else 0, path.name


def _whole(path: Path) -> bytes | str:
    """The message in a file, or why there is none: the others do not wait until somebody has mended it."""
    try:
        if path.stat().st_size > LARGEST_MESSAGE:
            return _TOO_LARGE
        with open_source(path) as file:
            return _bare(file)
    except OSError as problem:
        return f"cannot be read: {reason_of(problem)}"
    except NoInput as problem:
        return str(problem)


def _bare(file: BinaryIO) -> bytes:
    """A message without the line that a spool may have put above it."""
    content = file.read(LARGEST_MESSAGE + 1)
    first, _, rest = content.partition(b"\n")
    return rest if first.startswith(b"From ") else content


def _split(lines: Iterable[bytes]) -> Iterator[tuple[bytes | str, str]]:
    """The messages of an mbox, or why one cannot be used, each with the time in its first line."""
    message: list[bytes] | None = None
    size, sent_at, after_blank = 0, "", True
    for line, following in pairwise(chain(lines, [b""])):
        # A header follows the line between messages; below a line of a text that only looks like it, more text does.
        is_start = after_blank and len(line) <= _LONGEST_FROM_LINE and (message is None or _FIELD.match(following))
        start = _FROM_LINE.match(line) if is_start else None
        if start is not None:
            if message is not None:
                yield _joined(message, size), sent_at
            message, size, sent_at = [], 0, start[1].decode("latin-1")
        elif message is not None:
            size += len(line)
            if size <= LARGEST_MESSAGE:
                message.append(line[1:] if _QUOTED_FROM.match(line) else line)
        after_blank = line in (b"\n", b"\r\n")
    if message is not None:
        yield _joined(message, size), sent_at


def _joined(lines: list[bytes], size: int) -> bytes | str:
    return b"".join(lines) if size <= LARGEST_MESSAGE else _TOO_LARGE


def _read(number: int, place: str, source: bytes, sent_at: str, now: int) -> OldMessage | BadMessage:
    plain = source.replace(b"\0", b"").replace(b"\r\n", b"\n")
    header, _, body = plain.partition(b"\n\n")
    crlf = header.replace(b"\n", b"\r\n") + b"\r\n\r\n"
    written_at = find_written_at(crlf)
    if written_at is None or not 0 < written_at <= now + _FUTURE_SECONDS:
        written_at = _parse_date(sent_at)
    if written_at is None or not 0 < written_at <= now + _FUTURE_SECONDS:
        return BadMessage(number=number, place=place, reason="has no date that could be right")
    named = next((value for name, value in header_fields(crlf) if name == "message-id"), "")
    match = _MESSAGE_ID.search(named)
    identity = match[1] if match else hashlib.sha256(plain).hexdigest()
    return OldMessage(
        number=number, place=place, source=_cleaned(header, body), published_at=written_at, identity=identity
    )


def _parse_date(text: str) -> int | None:
    """UTC seconds of the time in a line between messages, as ctime writes it, or as the Date field does."""
    parts = re.fullmatch(r"(?:[A-Z][a-z]{2},? +)?([A-Z][a-z]{2}) +(\d{1,2}) +([\d:]+).* (\d{4})", text)
    if parts is None:
        return None
    month, day, clock, year = parts.groups()
    seconds = clock if clock.count(":") > 1 else f"{clock}:00"
    return find_written_at(f"Date: {day} {month} {year} {seconds} +0000\r\n\r\n".encode())


def _cleaned(header: bytes, body: bytes) -> bytes:
    """The source of the edition: the fields that describe the content, and the content."""
    kept: list[bytes] = []
    is_kept = False
    for line in header.split(b"\n"):
        if line[:1] not in (b" ", b"\t"):
            is_kept = _KEPT.match(line) is not None
        if is_kept:
            kept.append(line)
    if not any(line[:8].lower() == b"subject:" and line[8:].strip() for line in kept):
        kept = [line for line in kept if line[:8].lower() != b"subject:"]
        kept.insert(0, b"Subject: (no subject)")
    return b"\r\n".join([*kept, b"", body.replace(b"\n", b"\r\n")])
