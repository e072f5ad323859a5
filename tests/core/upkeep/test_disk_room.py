"""When the disk counts as low or nearly full, and when that is over."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from pressrun.core.upkeep.disk_room import DiskLevel, RoomLimits, StorageRoom, decide_level, why_nearly_full

LIMITS = RoomLimits(warning=1000, reserve=200, wal_size=500)
OK, LOW, FULL = DiskLevel.OK, DiskLevel.LOW, DiskLevel.NEARLY_FULL
PLENTY = StorageRoom(free=5000, inodes=100)


@pytest.mark.parametrize(
    ("room", "before", "level"),
    [
        (PLENTY, OK, OK),
        (replace(PLENTY, free=1000), OK, OK),
        (replace(PLENTY, free=999), OK, LOW),
        (replace(PLENTY, free=1099), LOW, LOW),
        (replace(PLENTY, free=1100), LOW, OK),
        (replace(PLENTY, free=200), OK, LOW),
        (replace(PLENTY, free=199), OK, FULL),
        (replace(PLENTY, free=219), FULL, FULL),
        (replace(PLENTY, free=221), FULL, LOW),
        (replace(PLENTY, free=0), LOW, FULL),
        (replace(PLENTY, wal=500), OK, OK),
        (replace(PLENTY, wal=501), OK, FULL),
        (replace(PLENTY, wal=480), FULL, FULL),
        (replace(PLENTY, wal=64), FULL, OK),
        (replace(PLENTY, inodes=15), OK, FULL),
        (replace(PLENTY, inodes=16), OK, OK),
        (replace(PLENTY, inodes=17), FULL, FULL),
        (replace(PLENTY, inodes=None), FULL, OK),
    ],
)
def test_a_level_is_left_with_a_tenth_more_room_than_it_was_reached(
    room: StorageRoom, before: DiskLevel, level: DiskLevel
) -> None:
    assert level is decide_level(room, before, LIMITS)


@pytest.mark.parametrize(
    ("room", "word"),
    [
        (replace(PLENTY, free=1), r"0 MiB are free, and \[limits\] disk_reserve"),
        (replace(PLENTY, inodes=1), "1 inodes are free"),
        (replace(PLENTY, wal=5 << 20), "the write-ahead log has 5 MiB, more than .* wal_size of 0 MiB"),
        (replace(PLENTY, wal=501), "another process has been reading the database for long"),
    ],
)
def test_what_is_short_is_named(room: StorageRoom, word: str) -> None:
    assert re.search(word, why_nearly_full(room, LIMITS, is_left=False) or "")
