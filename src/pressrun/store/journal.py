"""The journal of hand-overs: mails that a relay has taken, noted where a kill leaves it before the database knows.

Results are recorded some milliseconds after the relay's answer, many together, and whoever is killed in between would
send those mails again. So each is noted at once in a file of fixed size, a ring of slots, without a wait for the disk;
the next start reads it. A power cut may lose the last ones, as it may lose what was only recorded.

Nothing of a reader is in it: numbers and the relay's codes, not its words, which may name an address.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Self

import msgspec

SLOTS = 4096  # more than may be noted and not recorded (delivery.queue.broker.UNRECORDED_AT_MOST)
_RECORD = struct.Struct(">QqqHH12p64p")  # sequence, delivery, first attempt, attempts, code, enhanced code, relay
_CHECK = struct.Struct(">I")  # CRC-32: a slot may have been half written when the power went
_SLOT = 128
_LARGEST_ATTEMPTS = 0xFFFF


class Claim(msgspec.Struct, frozen=True):
    """Which claim of a mail it was: the row as the claim left it. A copy that is sent anew later has another one."""

    delivery_id: int
    attempts: int
    first_attempt_at: int


class Taken(msgspec.Struct, frozen=True):
    """A relay took a mail, with a reply of this code."""

    claim: Claim
    relay: str
    code: int
    enhanced: str


class Journal:
    """One open file; one process at a time notes in it. Any method may raise OSError."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._sequence = self._newest()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, made at its full size where it is missing: a full disk is met here, not by a copy."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, SLOTS * _SLOT)
            return cls(descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def seize(self) -> bool:
        """Be the only one to note, with whoever the file is passed on to: False while another does, who may be dying.

        The lock is the open file's, so it ends with the last process that has it, be it a press without its daemon.
        """
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._sequence = self._newest()
        return True

    def fileno(self) -> int:
        """For a process that notes in our place."""
        return self._descriptor

    def close(self) -> None:
        os.close(self._descriptor)

    def note(self, taken: Sequence[Taken]) -> None:
        """Put these where a kill leaves them: no more than there are slots."""
        first = (self._sequence + 1) % SLOTS
        octets = b"".join([self._slot(one) for one in taken])
        until_end = (SLOTS - first) * _SLOT
        self._write(octets[:until_end], first * _SLOT)
        self._write(octets[until_end:], 0)

    def _slot(self, taken: Taken) -> bytes:
        claim = taken.claim
        self._sequence += 1
        record = _RECORD.pack(
            self._sequence,
            claim.delivery_id,
            claim.first_attempt_at,
            min(claim.attempts, _LARGEST_ATTEMPTS),
            taken.code,
            taken.enhanced.encode(),
            taken.relay.encode(),
        )
        return (record + _CHECK.pack(zlib.crc32(record))).ljust(_SLOT, b"\0")

    def _write(self, octets: bytes, place: int) -> None:
        while octets:
            written = os.pwrite(self._descriptor, octets, place)
            octets, place = octets[written:], place + written

    def entries(self) -> dict[Claim, Taken]:
        """The last of what was noted, whether it is on record since or not."""
        return {taken.claim: taken for _, taken in sorted(self._read(), key=itemgetter(0))}

    def _newest(self) -> int:
        return max((sequence for sequence, _ in self._read()), default=0)

    def _read(self) -> list[tuple[int, Taken]]:
        content = os.pread(self._descriptor, SLOTS * _SLOT, 0)
        found = []
        for at in range(0, len(content) - _SLOT + 1, _SLOT):
            sequence, delivery_id, first_attempt_at, attempts, code, enhanced, relay = _RECORD.unpack_from(content, at)
            (check,) = _CHECK.unpack_from(content, at + _RECORD.size)
            if sequence and check == zlib.crc32(content[at : at + _RECORD.size]):
                claim = Claim(delivery_id, attempts, first_attempt_at)
                found.append((sequence, Taken(claim, relay.decode("utf-8", "replace"), code, enhanced.decode())))
        return found
