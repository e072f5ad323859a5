"""Disk, clock and database engine: where the limits are, and what is known of versions."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests import engines

from pressrun.core.upkeep.disk_room import RoomLimits, StorageRoom
from pressrun.doctor.engine import engine_facts, grade_backup, grade_engine
from pressrun.doctor.machine import find_clock_state, grade_disk
from pressrun.doctor.subject import DoctorSeverity
from pressrun.store.location import EngineVersion

NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
GIB, MIB = 1 << 30, 1 << 20


@pytest.mark.parametrize(
    ("room", "expected", "words"),
    [
        (StorageRoom(free=2 * GIB), "pass", "2,048 MiB free"),
        (StorageRoom(free=GIB - 1), "warn", "less than [limits] disk_warning"),
        (StorageRoom(free=255 * MIB), "fail", "disk_reserve keeps 256 MiB"),
        (StorageRoom(free=2 * GIB, inodes=3), "fail", "3 inodes are free"),
        (StorageRoom(free=2 * GIB, wal=GIB), "fail", "write-ahead log"),
    ],
)
def test_how_much_room_is_enough(room: StorageRoom, expected: str, words: str) -> None:
    """By the thresholds that the daemon has."""
    finding = grade_disk(Path("/data"), room, RoomLimits(warning=GIB, reserve=256 * MIB, wal_size=64 * MIB))
    assert (expected, True) == (finding.severity, words in finding.message)


def test_the_clock_is_asked_without_being_set() -> None:
    """True, False, or None where the system does not let us."""
    assert find_clock_state() in {True, False, None}


@pytest.mark.parametrize(
    ("days", "expected", "words"),
    [(0, "pass", "0.0 days old"), (3, "warn", "3.0"), (9, "fail", "9.0"), (-2, "fail", "is still to come")],
)
def test_how_old_a_backup_may_be(days: int, expected: str, words: str) -> None:
    """One from the future hides that none has been made since."""
    finding = grade_backup(int(NOW) - days * 86_400, NOW)
    assert (expected, True) == (finding.severity, words in finding.message)


def grades(engine: str, *numbers: int, at: float = NOW) -> list[str]:
    return [finding.severity for finding in grade_engine(EngineVersion(engine, numbers), at)]


def test_versions_with_known_faults() -> None:
    """Named with their source; what does not concern us passes, and says why."""
    assert ["pass"] == grades("SQLite", 3, 46, 1)
    (finding,) = grade_engine(EngineVersion("SQLite", (3, 46, 1)), NOW)
    assert "fixed in 3.51.3" in finding.message
    for fixed in ((3, 51, 3), (3, 50, 7), (3, 44, 6)):
        (finding,) = grade_engine(EngineVersion("SQLite", fixed), NOW)
        assert "no known fault" in finding.message
    assert ["warn"] == grades("PostgreSQL", 14, 3, at=0.0)
    assert ["pass"] == grades("PostgreSQL", 14, 4, at=0.0)


def test_litestream_beside_a_version_with_the_fault_of_two_writers_is_warned_of() -> None:
    folder = Path("/data/.pressrun.sqlite3-litestream")
    (finding,) = grade_engine(EngineVersion("SQLite", (3, 46, 1)), NOW, folder)
    assert (DoctorSeverity.WARN, True) == (finding.severity, "Litestream writes to the database" in finding.message)
    assert str(folder) in finding.remedy
    (finding,) = grade_engine(EngineVersion("SQLite", (3, 51, 3)), NOW, folder)
    assert DoctorSeverity.PASS == finding.severity


def test_the_end_of_support_is_announced() -> None:
    """Half a year before, and from then on."""
    assert ["pass"] == grades("PostgreSQL", 17, 5)
    assert ["warn"] == grades("PostgreSQL", 14, 22)
    (finding,) = grade_engine(
        EngineVersion("PostgreSQL", (14, 22)), datetime(2026, 11, 12, 0, 0, 1, tzinfo=UTC).timestamp()
    )
    assert (DoctorSeverity.WARN, True) == (finding.severity, "no fixes since 2026-11-12" in finding.message)


def test_each_fact_has_a_source() -> None:
    assert all(bug.source.startswith("https://") and bug.since < bug.fixed for bug in engine_facts().known_bugs)


def test_the_engine_tells_its_version_and_its_risks(tmp_path: Path) -> None:
    """On both engines: a test server runs without fsync, which is just what doctor has to find."""
    database = engines.new_database(tmp_path / "database")
    version = database.engine_version()
    assert version.engine in {"SQLite", "PostgreSQL"}
    assert version.numbers[0] >= 3
    risks = database.find_risks()
    assert all("is off" in risk.state for risk in risks)
    assert (version.engine == "SQLite") <= (risks == [])
