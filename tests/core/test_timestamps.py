"""Times as people and programs read them."""

from __future__ import annotations

import pytest

from pressrun.core.timestamps import rfc3339


@pytest.mark.parametrize(
    ("at", "expected"), [(None, None), (0, "1970-01-01T00:00:00Z"), (90061, "1970-01-02T01:01:01Z")]
)
def test_seconds_are_written_in_utc(at: int | None, expected: str | None) -> None:
    assert expected == rfc3339(at)
