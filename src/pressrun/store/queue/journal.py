"""The journal: mails that a relay has accepted, kept where they survive a kill before the database knows of them.

Results are recorded some milliseconds after the relay's reply, many together, and a daemon that is killed in between
would send those mails again. So each is appended at once to a file of fixed size, without a wait for the disk; the next
start reads it. A power cut may lose the last entries, as it may lose what was only recorded.

The file has a section for each worker process, and each section is a ring of slots. It holds nothing about readers:
numbers and the relay's codes, but not its words, which may name an address.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

import msgspec

SLOTS = 4096  # more than may be journaled and not recorded (delivery.queue.broker.UNRECORDED_AT_MOST)
# sequence, delivery, first attempt, session, attempts, code, enhanced code, relay
_RECORD = struct.Struct(">QqqqHH12p64p")
_FORMER_RECORD = struct.Struct(">QqqHH12p64p")  # of versions without sessions: a kill may have preceded the upgrade
_CHECK = struct.Struct(">I")  # CRC-32: a slot may have been half written when the power went
_SLOT = 128
_SECTION = SLOTS * _SLOT
_SECTIONS_AT_MOST = 128  # many times the number of workers: a damaged file can have any size, and a start reads it all
_LARGEST_ATTEMPTS = 0xFFFF
_RELEASE_SECONDS = 7.0  # the workers of a daemon that was killed write their last entries for less
_POLL_SECONDS = 0.05


class Claim(msgspec.Struct, frozen=True):
    """Which claim of a mail it was: the row as the claim left it. A copy that is sent anew later has another one.

    `session` is the one that claimed; 0 is a version without sessions.
    """

    delivery_id: int
    attempts: int
    first_attempt_at: int
    session: int


class JournalEntry(msgspec.Struct, frozen=True):
    """A relay accepted a mail, with a reply of this code."""

    claim: Claim
    relay: str
    code: int
    enhanced: str


class Journal:
    """One open file, whose `section` this process appends to; no other does. Any method may raise OSError."""

    def __init__(self, descriptor: int, section: int = 0) -> None:
        self._descriptor = descriptor
        self._start = section * _SECTION
        self._sequence = self._newest()

    @classmethod
    def open(cls, path: Path, sections: int = 1) -> Self:
        """Open the file with `sections` at full size, so that a full disk shows here and not when a copy is sent."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, sections * _SECTION)
            return cls(descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def lock(self) -> bool:
        """Lock the file for this daemon and the processes that inherit it; False while others, maybe dying, have it.

        The lock is the open file's, so it ends with the last process that has it, be it a worker without its daemon.
        """
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._sequence = self._newest()
        return True

    def fileno(self) -> int:
        """For a process that appends in our place."""
        return self._descriptor

    def close(self) -> None:
        os.close(self._descriptor)

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Write these so that they survive a kill; at most as many as there are slots."""
        first = (self._sequence + 1) % SLOTS
        octets = b"".join([self._slot(entry) for entry in entries])
        until_end = (SLOTS - first) * _SLOT
        self._write(octets[:until_end], self._start + first * _SLOT)
        self._write(octets[until_end:], self._start)

    def _slot(self, entry: JournalEntry) -> bytes:
        claim = entry.claim
        self._sequence += 1
        record = _RECORD.pack(
            self._sequence,
            claim.delivery_id,
            claim.first_attempt_at,
            claim.session,
            min(claim.attempts, _LARGEST_ATTEMPTS),
            entry.code,
            entry.enhanced.encode(),
            entry.relay.encode(),
        )
        return (record + _CHECK.pack(zlib.crc32(record))).ljust(_SLOT, b"\0")

    def _write(self, octets: bytes, place: int) -> None:
        while octets:
            written = os.pwrite(self._descriptor, octets, place)
            octets, place = octets[written:], place + written

    def entries(self) -> dict[Claim, JournalEntry]:
        """The latest entries of all sections, whether the database knows of them by now or not."""
        entries = [entry for start in self._starts() for entry in self._read(start)]
        return {entry.claim: entry for _, entry in sorted(entries, key=itemgetter(0))}

    def oldest(self) -> set[Claim]:
        """The first claim of each section that is full: of what relays accepted before it the journal knows nothing."""
        sections = [sorted(self._read(start), key=itemgetter(0)) for start in self._starts()]
        return {section[0][1].claim for section in sections if len(section) == SLOTS}

    def _starts(self) -> range:
        """Where the sections begin, also those of more workers than there are now."""
        size = os.fstat(self._descriptor).st_size
        return range(0, min(size, _SECTIONS_AT_MOST * _SECTION), _SECTION)

    def _newest(self) -> int:
        return max((sequence for sequence, _ in self._read(self._start)), default=0)

    def _read(self, start: int) -> list[tuple[int, JournalEntry]]:
        content = os.pread(self._descriptor, _SECTION, start)
        slots = [content[at : at + _SLOT] for at in range(0, len(content) - _SLOT + 1, _SLOT)]
        return [entry for slot in slots if any(slot[:8]) and (entry := _parse(slot)) is not None]


def read_entries(path: Path) -> Mapping[Claim, JournalEntry]:
    """What a journal holds, once the workers of a daemon that was killed have written their last entries to it."""
    if not path.exists():
        return {}
    with closing(Journal.open(path)) as journal:
        until = time.monotonic() + _RELEASE_SECONDS
        while not journal.lock() and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
        return journal.entries()


def _parse(slot: bytes) -> tuple[int, JournalEntry] | None:
    """The sequence and the entry of a slot; None for one that is not whole."""
    if (record := _whole(slot, _RECORD)) is not None:
        sequence, delivery_id, first_attempt_at, session, attempts, code, enhanced, relay = record
    elif (record := _whole(slot, _FORMER_RECORD)) is not None:
        sequence, delivery_id, first_attempt_at, attempts, code, enhanced, relay = record
        session = 0
    else:
        return None
    claim = Claim(delivery_id, attempts, first_attempt_at, session)
    return sequence, JournalEntry(claim, relay.decode("utf-8", "replace"), code, enhanced.decode())


def _whole(slot: bytes, layout: struct.Struct) -> tuple[Any, ...] | None:
    """The record in a slot of this layout, if its check agrees."""
    (check,) = _CHECK.unpack_from(slot, layout.size)
    return layout.unpack_from(slot) if check == zlib.crc32(slot[: layout.size]) else None
