"""Times as people and programs read them."""

from __future__ import annotations

import pytest

from pressrun.core.errors import BadInput
from pressrun.core.timestamps import parse_time, rfc3339

# Of these, the zone leads out of the years that there are; a reader's could do the same with the last two.
BEYOND = (
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
)


@pytest.mark.parametrize(
    ("at", "expected"), [(None, None), (0, "1970-01-01T00:00:00Z"), (90061, "1970-01-02T01:01:01Z")]
)
def test_seconds_are_written_in_utc(at: int | None, expected: str | None) -> None:
    assert expected == rfc3339(at)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-05-01", "2026-05-01T00:00:00Z"),
        ("2026-05-01T12:00:00Z", "2026-05-01T12:00:00Z"),
        ("2026-05-01T12:00:00+02:00", "2026-05-01T10:00:00Z"),
        ("2026-05-01 12:00", "2026-05-01T12:00:00Z"),
    ],
)
def test_a_time(text: str, at: str) -> None:
    """Without a zone it is UTC."""
    assert at == rfc3339(parse_time(text))


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "99999-01-01", *BEYOND])
def test_what_is_no_time(text: str) -> None:
    """The message shows a right one."""
    with pytest.raises(BadInput, match="2026-05-01"):
        parse_time(text)
