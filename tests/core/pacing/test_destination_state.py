"""One destination: slow-downs, the way back one connection at a time, and blocks that only a person lifts."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pressrun.core.pacing.destination_state import (
    MAX_REASON_CHARACTERS,
    READERS_TO_BLOCK,
    SLOW_FOR_SECONDS,
    STEP_SECONDS,
    DestinationState,
    load_destination_state,
)

START = 1_800_000_000.0
MOST = 5
PAUSE = 600.0
GRAIN = 1e-6  # what a float of today's seconds cannot tell apart

Event = tuple[str, float, int]  # what happened, how many seconds after the last event, and a reader or pause
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["delivered", "delivered", "slow-down", "policy", "slow", "quiet", "retry", "restart"]),
        st.sampled_from([0.0, 0.5, 30.0, STEP_SECONDS, PAUSE, 7200.0]),
        st.integers(1, 4),
    ),
    max_size=40,
)


def after(state: DestinationState, event: Event, now: float) -> DestinationState:
    """The state after one event."""
    what, _, number = event
    match what:
        case "delivered":
            return state.after_delivered(now, MOST)
        case "slow-down":
            return state.after_slow_down(now, PAUSE * number, "421 4.7.28 slow down")
        case "policy":
            return state.after_policy(now, number, "550 5.7.1 blocked")
        case "slow":
            return state.after_slow(now, float(number))
        case "quiet":
            return state.after_quiet(now)
        case "retry":
            return state.after_retry(now)
        case _:
            return load_destination_state(json.loads(json.dumps(state.dump()))).cut(now)


def slowed(at: float = START) -> DestinationState:
    return DestinationState().after_slow_down(at, PAUSE, "421 4.7.28 slow down")


def blocked(at: float = START) -> DestinationState:
    state = DestinationState()
    for reader in (1, 2, 3):
        state = state.after_policy(at, reader, "550 5.7.1 blocked")
    return state


def test_a_destination_in_which_nothing_happened_is_open() -> None:
    """Everything its limits allow, at once."""
    assert (START, MOST) == (DestinationState().opens_at(START), DestinationState().connections(START, MOST))


def test_a_slow_down_means_silence_and_then_one_connection() -> None:
    """Nothing goes out before the pause is over."""
    state = slowed()
    assert START + PAUSE == state.opens_at(START)
    times = (START, START + PAUSE - 1, START + PAUSE, START + PAUSE + 1e6)
    assert [0, 0, 1, 1] == [state.connections(now, MOST) for now in times]


def test_a_slowed_destination_takes_one_connection_more_each_minute_that_it_delivers() -> None:
    """However fast copies are taken, one step needs its time; at the limit all is forgotten."""
    state, seen = slowed(), []
    for second in range(0, 400, 2):
        now = START + PAUSE + second
        state = state.after_delivered(now, MOST)
        seen.append(state.connections(now, MOST))
    assert [1, 2, 3, 4, 5] == sorted(set(seen))
    assert [seen.count(1) * 2, seen.count(2) * 2, seen.count(3) * 2, seen.count(4) * 2] == [STEP_SECONDS] * 4
    assert DestinationState() == state


def test_time_alone_takes_no_step() -> None:
    """Who sends nothing learns nothing."""
    assert 1 == slowed().connections(START + 86400.0, MOST)


def test_a_destination_of_one_connection_is_soon_ordinary_again() -> None:
    """There is no step to take, but the next one would have had to be good."""
    assert DestinationState() == slowed().after_delivered(START + PAUSE + STEP_SECONDS, 1)


def test_a_copy_in_flight_when_the_pause_began_changes_nothing() -> None:
    """It was sent before we were told to slow down."""
    assert slowed() == slowed().after_delivered(START + 1, MOST)


@pytest.mark.parametrize(("seconds", "is_news"), [(19.0, False), (20.0, True)])
def test_a_slow_copy_is_news_when_it_is_twice_as_slow(seconds: float, is_news: bool) -> None:
    """Or when half of the time has passed: not every copy is worth a row."""
    slow = DestinationState().after_slow(START, 10.0)
    assert is_news is (slow != slow.after_slow(START + 1, seconds))


def test_another_slow_down_after_the_pause_is_another_pause() -> None:
    """And the way back begins anew, with one connection."""
    state = replace(slowed(), allowed=4, paused_until=START)
    state = state.after_slow_down(START + 10, PAUSE, "421 again")
    assert (START + 10 + PAUSE, 1, "421 again") == (state.opens_at(START), state.allowed, state.reason)


def test_a_shorter_slow_down_leaves_a_longer_pause() -> None:
    """Four hours are four hours, whatever other copies in flight are told."""
    state = DestinationState().after_slow_down(START, 14400.0, "[TSS05]").after_slow_down(START + 1, 60.0, "busy")
    assert START + 14400.0 == state.opens_at(START + 1)


def test_the_third_reader_in_a_row_blocks() -> None:
    """Two may be about single copies."""
    two = DestinationState().after_policy(START, 1, "550 5.7.1").after_policy(START, 2, "550 5.7.1")
    three = two.after_policy(START + 5, 3, "550 5.7.1 third")
    assert (False, MOST) == (two.is_blocked, two.connections(START, MOST))
    assert (True, 0, math.inf) == (three.is_blocked, three.connections(START + 1e9, MOST), three.opens_at(START))
    assert (START + 5, "550 5.7.1 third") == (three.blocked_at, three.reason)


def test_a_reader_counts_once() -> None:
    """Copies that are put back come again, and must not block a provider by themselves."""
    state = DestinationState()
    for _ in range(9):
        state = state.after_policy(START, 1, "421 4.7.32").after_policy(START, 2, "421 4.7.32")
    assert not state.is_blocked


def test_no_state_is_one_reader_short_of_more_than_a_block() -> None:
    """Whatever an older version stored: one more reader blocks the destination, and two do not have to."""
    stored = DestinationState().dump() | {"refused": [1, 2, 3, 4, 5, 6]}
    assert READERS_TO_BLOCK - 1 == len(load_destination_state(stored).refused)


def test_a_copy_that_was_taken_ends_the_row() -> None:
    """In a row means: nobody in between was served."""
    state = DestinationState().after_policy(START, 1, "550").after_policy(START, 2, "550").after_delivered(START, MOST)
    assert DestinationState() == state


def test_a_slowed_destination_can_be_blocked_and_keeps_the_reason_of_the_block() -> None:
    """A slow-down that arrives late does not hide why a person has to look."""
    state = blocked().after_slow_down(START + 1, PAUSE, "421 slow down")
    assert (True, "550 5.7.1 blocked") == (state.is_blocked, state.reason)


def test_a_retry_opens_at_once_with_one_connection() -> None:
    """The operator overrides pause and block; three copies show whether that was right."""
    for state in (slowed(), blocked(), blocked().after_slow_down(START, PAUSE, "421")):
        again = state.after_retry(START + 1)
        assert (START + 1, 1, ()) == (again.opens_at(START + 1), again.connections(START + 1, MOST), again.refused)


def test_a_retry_of_an_open_destination_slows_nothing() -> None:
    """`queue retry` reaches every destination, also those without trouble."""
    assert (
        DestinationState()
        == DestinationState().after_retry(START)
        == DestinationState().after_policy(START, 1, "550").after_retry(START)
    )


def test_a_block_is_given_up_after_its_time() -> None:
    """Then what waits has failed; an open destination is never given up."""
    assert [False, True] == [blocked().is_given_up(START + seconds, 3600.0) for seconds in (3599.0, 3600.0)]
    assert not slowed().is_given_up(START + 1e9, 3600.0)


def test_a_clock_that_was_set_back_holds_up_no_longer_than_one_pause() -> None:
    """A year back is not a pause of a year."""
    now = START - 365 * 86400.0
    state = slowed().cut(now)
    assert now + PAUSE == state.opens_at(now)
    assert 2 == state.after_delivered(now + PAUSE + STEP_SECONDS, MOST).allowed
    assert now == blocked().cut(now).blocked_at


@given(EVENTS)
def test_no_history_opens_more_than_it_may(events: list[Event]) -> None:
    """Never more than the limit, nothing in a pause or block, one step at a time; a restart changes nothing."""
    state, now, silent_until, is_blocked, before = DestinationState(), START, 0.0, False, MOST
    for event in events:
        now += event[1]
        previous, state = state, after(state, event, now)
        match event[0]:
            case "slow-down":
                silent_until = max(silent_until, now + PAUSE * event[2])
            case "retry":
                silent_until, is_blocked = 0.0, False
            case "restart":
                assert abs(previous.opens_at(now) - state.opens_at(now)) < GRAIN or previous.is_blocked
        is_blocked = is_blocked or state.is_blocked
        assert is_blocked == state.is_blocked  # nothing but a retry lifts a block
        assert state.opens_at(now) >= silent_until - GRAIN  # no copy in flight shortens a pause
        allowed = MOST if state.allowed is None else state.allowed
        assert 1 <= allowed <= MOST
        assert allowed <= before + 1
        assert state.connections(now, MOST) == (allowed if state.opens_at(now) <= now else 0)
        before = allowed


@given(EVENTS)
def test_a_state_is_read_back_as_it_was(events: list[Event]) -> None:
    """Through JSON, exactly."""
    state, now = DestinationState(), START
    for event in events:
        now += event[1]
        state = after(state, event, now)
    assert state == load_destination_state(json.loads(json.dumps(state.dump())))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(JSON)
def test_foreign_content_is_an_open_destination(stored: object) -> None:
    """What nobody here wrote says nothing."""
    assert DestinationState() == load_destination_state(stored)


@given(st.sampled_from(sorted(DestinationState().dump())), JSON | st.just(10**400))
def test_a_damaged_field_never_raises(field: str, value: object) -> None:
    """A state is read, whole or as an open destination, and can be used."""
    state = load_destination_state({**slowed().dump(), field: value})
    state = state.cut(START).after_delivered(START, MOST).after_slow_down(START, PAUSE, "421")
    assert state.connections(START, MOST) in range(MOST + 1)


@pytest.mark.parametrize("event", ["slow-down", "policy"])
def test_reasons_are_kept_short(event: str) -> None:
    """A reply may be long; what is kept with a destination is not."""
    long = "x" * 10_000
    state = slowed().after_slow_down(START, PAUSE, long) if event == "slow-down" else DestinationState()
    for reader in (1, 2, 3) if event == "policy" else ():
        state = state.after_policy(START, reader, long)
    assert long[:MAX_REASON_CHARACTERS] == state.reason


# ---------------------------------------------------------------------- slow


def test_a_destination_is_slow_until_a_minute_brings_no_slow_answer() -> None:
    """Then nothing need be kept of it."""
    state = DestinationState().after_slow(START, 3.0).after_slow(START + 40, 3.0)
    assert state.after_quiet(START + 40 + SLOW_FOR_SECONDS - 1).is_slow
    assert DestinationState() == state.after_quiet(START + 40 + SLOW_FOR_SECONDS)


def test_what_is_known_of_a_slow_destination_is_not_written_anew_with_each_answer() -> None:
    """Until half of the minute is over, or it takes twice as long."""
    state = DestinationState().after_slow(START, 3.0)
    assert state is state.after_slow(START + 1, 5.0)
    assert 6.0 == state.after_slow(START + 1, 6.0).slow_seconds
    half = START + SLOW_FOR_SECONDS / 2
    assert state is state.after_slow(half - 1, 3.0)
    assert half + SLOW_FOR_SECONDS == state.after_slow(half, 3.0).slow_until


def test_a_slow_destination_limits_nothing_by_itself() -> None:
    """And a slow-down that ends leaves it slow."""
    state = DestinationState().after_slow(START, 3.0)
    assert (START, MOST) == (state.opens_at(START), state.connections(START, MOST))
    paused = state.after_slow_down(START, 0.0, "421 4.7.28 slow down")
    assert paused.after_delivered(START + STEP_SECONDS, 2) == state


def test_a_clock_that_was_set_back_keeps_no_destination_slow_for_long() -> None:
    state = DestinationState().after_slow(START, 3.0).cut(START - 1000)
    assert not state.after_quiet(START - 1000 + SLOW_FOR_SECONDS).is_slow


def test_what_was_stored_before_lanes_could_be_slow_is_understood() -> None:
    stored = {key: value for key, value in slowed().dump().items() if not key.startswith("slow")}
    assert slowed() == load_destination_state(stored)
