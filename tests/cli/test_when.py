"""When an edition goes out: what a person writes, and what is refused rather than guessed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.cli.shared.when import parse_when
from pressrun.core.errors import BadInput

NOW = 1_772_000_000  # 2026-02-25T06:13:20Z


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("+10m", NOW + 600),
        ("2026-02-25T06:13:21Z", NOW + 1),
        ("2026-02-25t07:13:21.5+01:00", NOW + 1),
        ("2026-02-25 07:14", NOW + 40),
        ("2026-07-01 12:00", 1_782_900_000),
    ],
)
def test_three_ways_to_say_when(text: str, at: int) -> None:
    assert at == parse_when(text, NOW)


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-03-29 02:30", "does not occur"),
        ("2026-10-25 02:30", "occurs twice"),
        ("2026-02-25 07:13", "is in the past"),
        ("2026-02-25T06:13:00Z", "is in the past"),
        ("2026-02-30 12:00", "no such time"),
        ("9999-12-31T23:59:59-23:59", "no such time"),
        ("9999-12-31 23:59", "no such time"),
        ("2026-02-25T12:00:00", "invalid time"),
        ("tomorrow", "invalid time"),
        ("+soon", "invalid duration"),
        ("", "invalid time"),
    ],
)
def test_what_is_no_one_moment_to_come_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_when(text, NOW)


@given(st.text(max_size=30) | st.from_regex(r"[+0-9T:Z -]{0,25}", fullmatch=True))
def test_any_text_is_a_time_to_come_or_an_error_of_ours(text: str) -> None:
    try:
        at = parse_when(text, NOW)
    except BadInput:
        return
    assert at >= NOW - 1
