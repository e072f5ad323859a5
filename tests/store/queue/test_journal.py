"""The journal of hand-overs: what was noted is there after any end, and nothing else is."""

from __future__ import annotations

import errno
import os
import resource
import struct
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun.delivery.queue.broker import UNRECORDED_AT_MOST
from pressrun.store.queue.journal import SLOTS, Claim, Journal, JournalEntry

SESSION = 3


def taken(number: int, *, attempts: int = 1, enhanced: str = "2.0.0", relay: str = "primary") -> JournalEntry:
    return JournalEntry(Claim(number, attempts, 1_700_000_000 + number, SESSION), relay, 250, enhanced)


def entries(journal_path: Path) -> list[JournalEntry]:
    """As the next process finds them."""
    with closing(Journal.open(journal_path)) as opened:
        return [*opened.entries().values()]


def test_a_new_one_is_empty_and_has_its_full_size(journal: Journal, journal_path: Path) -> None:
    assert ({}, 0o600) == (journal.entries(), journal_path.stat().st_mode & 0o777)
    assert SLOTS * 128 == journal_path.stat().st_size
    for number in range(2 * SLOTS):
        journal.append([taken(number)])
    assert SLOTS * 128 == journal_path.stat().st_size


def test_what_was_noted_is_there_in_its_order(journal: Journal, journal_path: Path) -> None:
    noted = [taken(5), taken(2, enhanced=""), taken(2**40, attempts=7, relay="rélais")]
    for entry in noted:
        journal.append([entry])
    assert noted == entries(journal_path)


@pytest.mark.parametrize("before", [0, SLOTS - 3, SLOTS - 1, SLOTS])
def test_many_are_noted_together(journal: Journal, journal_path: Path, before: int) -> None:
    """Around the end of the ring, too."""
    for number in range(before):
        journal.append([taken(number)])
    many = [taken(number) for number in range(before, before + 5)]
    journal.append(many)
    assert many == entries(journal_path)[-5:]
    assert min(before + 5, SLOTS) == len(entries(journal_path))
    assert SLOTS * 128 == journal_path.stat().st_size


def test_what_the_system_takes_in_pieces_is_whole(
    journal: Journal, journal_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, octets, place: write(descriptor, octets[:100], place))
    journal.append([taken(1), taken(2)])
    assert [taken(1), taken(2)] == entries(journal_path)


def test_it_goes_on_behind_what_an_earlier_process_noted(journal_path: Path) -> None:
    for number in range(5):
        with closing(Journal.open(journal_path)) as opened:
            opened.append([taken(number)])
    assert [taken(number) for number in range(5)] == entries(journal_path)


def test_the_last_ones_stay_and_more_than_may_be_unrecorded(journal: Journal, journal_path: Path) -> None:
    for number in range(SLOTS + 100):
        journal.append([taken(number)])
    assert [taken(number) for number in range(100, SLOTS + 100)] == entries(journal_path)
    assert SLOTS >= 2 * UNRECORDED_AT_MOST


def test_a_copy_that_was_sent_anew_stands_there_twice(journal: Journal) -> None:
    """Each claim for itself: whoever looks asks for the one that he holds."""
    first, second = taken(7), JournalEntry(Claim(7, 1, 1_800_000_000, SESSION), "primary", 250, "")
    journal.append([first])
    journal.append([second])
    assert [first, second] == [*journal.entries().values()]


@given(st.integers(0, SLOTS * 128 - 1), st.binary(min_size=1, max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_slot_that_was_half_written_is_none(journal: Journal, at: int, octets: bytes) -> None:
    """Whatever a power cut left: what is found was noted."""
    noted = [taken(number) for number in range(20)]
    for entry in noted:
        journal.append([entry])
    os.pwrite(journal.fileno(), octets, at)
    assert {entry.claim for entry in noted} >= journal.entries().keys()


def test_one_at_a_time_may_note(journal_path: Path) -> None:
    """Also one who came by the file from another; what he noted last is before what comes next."""
    journal = Journal.open(journal_path)
    assert journal.lock()
    heir = Journal(os.dup(journal.fileno()))
    with closing(Journal.open(journal_path)) as following:
        assert not following.lock()
        journal.close()
        heir.append([taken(1)])
        assert not following.lock()
        heir.close()
        assert following.lock()
        following.append([taken(2)])
        assert [taken(1), taken(2)] == [*following.entries().values()]


def test_a_file_cut_short_is_made_whole(journal_path: Path) -> None:
    with closing(Journal.open(journal_path)) as opened:
        opened.append([taken(1)])
    os.truncate(journal_path, 1000)
    assert [taken(1)] == entries(journal_path)
    assert SLOTS * 128 == journal_path.stat().st_size


@pytest.mark.timeout(20)
def test_a_damaged_file_of_any_size_is_read_soon(journal: Journal, journal_path: Path) -> None:
    """A start reads it before anything is sent. Nothing is read beyond where any worker writes."""
    journal.append([taken(5)])
    os.truncate(journal_path, 10**12)
    assert [taken(5)] == entries(journal_path)
    assert set() == journal.oldest()


def test_without_room_for_all_of_it_there_is_none(journal_path: Path) -> None:
    """Rather than one that fails in the middle of an edition."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SLOTS * 64, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            Journal.open(journal_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space left"):
        journal.append([taken(1)])


def test_what_a_program_without_sessions_noted_is_read(journal: Journal, journal_path: Path) -> None:
    """It was killed before the upgrade. What is noted from then on comes behind it."""
    former = struct.pack(">QqqHH12p64p", 7, 5, 1_700_000_005, 2, 250, b"2.0.0", b"primary")
    slot = (former + struct.pack(">I", zlib.crc32(former))).ljust(128, b"\0")
    with journal_path.open("r+b") as handle:
        handle.seek(7 * 128)
        handle.write(slot)
    with closing(Journal.open(journal_path)) as opened:
        opened.append([taken(6)])
    earlier = JournalEntry(Claim(5, 2, 1_700_000_005, 0), "primary", 250, "2.0.0")
    assert [earlier, taken(6)] == entries(journal_path)
