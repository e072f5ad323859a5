"""When a mail was written, by its Date field, whatever stands there."""

from __future__ import annotations

import time

import pytest

from pressrun.message.incoming.header_scan import find_written_at

NEW_YEAR = 1_767_225_600


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Thu, 01 Jan 2026 00:00:00 +0000", NEW_YEAR),
        ("Thu, 01 Jan 2026 01:00:00 +0100", NEW_YEAR),
        ("1 Jan 2026 00:00 GMT", NEW_YEAR),
        ("Thu,\r\n 01 Jan 2026 00:00:00 +0000 (UTC)", NEW_YEAR),
        ("Thu, 99 Jan 2026 00:00:00 +0000", None),
        ("Thu, 01 Jan 99999999999999999999 00:00:00 +0000", None),
        ("Thu, 01 Jan 2026 00:00:00 +99999999999999", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("yesterday", None),
        ("\0", None),
        ("1" * 5000, None),
        ("", None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_date_of_a_mail(date: str, expected: int | None) -> None:
    """That of the first field of two."""
    header = f"Subject: x\r\nDate: {date}\r\nDate: Fri, 02 Jan 2026 00:00:00 +0000\r\n\r\n"
    assert expected == find_written_at(header.encode())


@pytest.mark.parametrize("date", ["Thu, 01 Jan 2026 00:00:00", "Thu, 01 Jan 2026 00:00:00 -0000"])
def test_a_date_without_a_zone_is_in_utc(date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the machine is."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    written_at = find_written_at(f"Date: {date}\r\n\r\n".encode())
    monkeypatch.undo()
    time.tzset()
    assert NEW_YEAR == written_at


def test_a_mail_without_a_date() -> None:
    assert find_written_at(b"Subject: x\r\n\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n") is None
