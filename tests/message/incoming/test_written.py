"""When a mail was written, by its Date field, whatever stands there."""

from __future__ import annotations

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


def test_a_mail_without_a_date() -> None:
    assert find_written_at(b"Subject: x\r\n\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n") is None
