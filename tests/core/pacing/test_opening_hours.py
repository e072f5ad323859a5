"""The hours of a list: as clocks on walls show them, also when those jump."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pressrun.core.errors import BadInput
from pressrun.core.pacing.opening_hours import OpeningHours, format_hours, parse_hours

BERLIN, HOWE, APIA = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def hours(text: str, zone: ZoneInfo = BERLIN) -> OpeningHours:
    return OpeningHours(*parse_hours(text), zone)


@pytest.mark.parametrize(
    ("text", "moment", "is_open"),
    [
        ("08:00-20:00", "2026-01-10T08:00:00+01:00", True),
        ("08:00-20:00", "2026-01-10T07:59:59+01:00", False),
        ("08:00-20:00", "2026-01-10T19:59:59+01:00", True),
        ("08:00-20:00", "2026-01-10T20:00:00+01:00", False),
        ("08:00-20:00", "2026-07-10T06:00:00Z", True),
        ("22:00-06:00", "2026-01-10T23:00:00+01:00", True),
        ("22:00-06:00", "2026-01-10T05:59:00+01:00", True),
        ("22:00-06:00", "2026-01-10T06:00:00+01:00", False),
        ("22:00-06:00", "2026-01-10T12:00:00+01:00", False),
        ("00:00-24:00", "2026-01-10T23:59:59+01:00", True),
    ],
)
def test_open_from_the_first_minute_to_before_the_last(text: str, moment: str, is_open: bool) -> None:
    assert is_open is hours(text).is_open(at(moment))


@pytest.mark.parametrize(
    ("text", "moment", "opens"),
    [
        ("08:00-20:00", "2026-01-10T12:00:00+01:00", "2026-01-10T12:00:00+01:00"),
        ("08:00-20:00", "2026-01-10T06:30:00+01:00", "2026-01-10T08:00:00+01:00"),
        ("08:00-20:00", "2026-01-10T20:00:00+01:00", "2026-01-11T08:00:00+01:00"),
        # The clock goes from 02:00 to 03:00: an hour less to wait, and what begins in the skip begins after it.
        ("08:00-20:00", "2026-03-28T20:00:00+01:00", "2026-03-29T08:00:00+02:00"),
        ("02:30-05:00", "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00"),
        ("02:10-02:50", "2026-03-29T00:00:00+01:00", "2026-03-30T02:10:00+02:00"),
        ("02:30-03:30", "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00"),
        # The clock goes from 03:00 back to 02:00: what lies in that hour comes twice.
        ("08:00-20:00", "2026-10-24T20:00:00+02:00", "2026-10-25T08:00:00+01:00"),
        ("02:10-02:50", "2026-10-25T00:00:00+02:00", "2026-10-25T02:10:00+02:00"),
        ("02:10-02:50", "2026-10-25T02:50:00+02:00", "2026-10-25T02:10:00+01:00"),
        ("22:00-02:30", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00"),
    ],
)
def test_the_next_opening(text: str, moment: str, opens: str) -> None:
    assert at(opens) == hours(text).next_opening(at(moment))


MINUTES = st.integers(0, 1439)


@given(MINUTES, MINUTES, st.sampled_from([BERLIN, HOWE, UTC]), st.integers(at("2020-01-01T00:00:00Z"), 2_000_000_000))
@example(150, 300, BERLIN, at("2026-03-28T23:00:00Z"))
@example(130, 170, BERLIN, at("2026-10-25T00:50:00Z"))
@example(125, 150, HOWE, at("2026-10-03T12:00:00Z"))
def test_the_next_opening_is_the_first_open_minute(opens: int, closes: int, zone: ZoneInfo, moment: int) -> None:
    """As found by looking at every minute."""
    if opens == closes:
        return
    there = OpeningHours(opens, closes, zone)
    opening = there.next_opening(moment)
    next_minute = moment - moment % 60 + 60
    first = next((m for m in (moment, *range(next_minute, next_minute + 49 * 3600, 60)) if there.is_open(m)), None)
    assert first == opening


@pytest.mark.parametrize("minute", range(1, 60))
def test_hours_that_a_clock_skips_begin_with_the_first_second_after(minute: int) -> None:
    """There is no half past two in Berlin on that night."""
    there = hours(f"02:{minute:02}-12:00")
    assert at("2026-03-29T03:00:00+02:00") == there.next_opening(at("2026-03-29T00:00:00+01:00"))


def test_a_day_that_a_zone_leaves_out() -> None:
    """Samoa had no 30 December 2011."""
    there = hours("08:00-20:00", APIA)
    assert at("2011-12-31T08:00:00+14:00") == there.next_opening(at("2011-12-29T20:00:00-10:00"))


@pytest.mark.parametrize(
    ("text", "plain"),
    [(" 8:00 - 20:00 ", "08:00-20:00"), ("22:30-06:00", "22:30-06:00"), ("00:00-24:00", "00:00-24:00")],
)
def test_hours_as_a_person_writes_them(text: str, plain: str) -> None:
    assert plain == format_hours(*parse_hours(text))


@pytest.mark.parametrize("text", ["", "8-20", "08:00", "08:60-20:00", "24:00-08:00", "08:00-24:01", "08:00-08:00", "x"])
def test_what_are_no_hours(text: str) -> None:
    with pytest.raises(BadInput):
        parse_hours(text)


@given(st.text(max_size=15) | st.from_regex(r"[0-9: -]{0,13}", fullmatch=True))
def test_any_text_is_hours_or_an_error_of_ours(text: str) -> None:
    try:
        hours = parse_hours(text)
    except BadInput:
        return
    assert hours == parse_hours(format_hours(*hours))
