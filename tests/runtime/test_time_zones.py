"""A process that runs for years follows changes of time zones."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pressrun.runtime import time_zones
from pressrun.runtime.time_zones import find_time_zone
from pressrun.services.editions.sending_hours import parse_time_zone

NOON = datetime(2030, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def zones(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds the zones of this machine."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    yield tmp_path
    zoneinfo.reset_tzpath(to=before)


@pytest.fixture
def an_hour_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two reads of a zone are an hour apart."""
    monkeypatch.setattr(time_zones, "REREAD_SECONDS", 0.0)


def _write(folder: Path, name: str, hours: int) -> None:
    """A zone that is so many hours ahead of UTC all year (RFC 9636)."""
    offset = (hours * 3600).to_bytes(4, "big", signed=True)
    block = b"TZif2" + bytes(15) + b"".join(n.to_bytes(4, "big") for n in (0, 0, 0, 0, 1, 4)) + offset + b"\0\0XXX\0"
    new = folder / f"{name}.new"
    new.write_bytes(block + block + f"\n<XXX>{-hours}\n".encode())
    new.replace(folder / name)


def _offset_of(name: str) -> timedelta | None:
    return NOON.astimezone(parse_time_zone(name)).utcoffset()


@pytest.mark.usefixtures("an_hour_each_time")
def test_a_zone_that_a_government_changed_is_read_again(zones: Path) -> None:
    """The daemon need not be restarted when the time zone database is upgraded."""
    _write(zones, "Elsewhere", 2)
    before = _offset_of("Elsewhere")
    _write(zones, "Elsewhere", 1)
    assert (timedelta(hours=2), timedelta(hours=1)) == (before, _offset_of("Elsewhere"))


@pytest.mark.usefixtures("an_hour_each_time")
def test_a_zone_that_cannot_be_read_again_stays_as_it_was(zones: Path) -> None:
    """An upgrade removes the file for a moment, and some names for good."""
    _write(zones, "Elsewhere", 3)
    _offset_of("Elsewhere")
    (zones / "Elsewhere").unlink()
    assert timedelta(hours=3) == _offset_of("Elsewhere")


def test_a_zone_is_not_read_for_each_copy(zones: Path) -> None:
    """Within an hour it is the same object."""
    _write(zones, "Nearby", 1)
    assert find_time_zone("Nearby") is find_time_zone("Nearby")
