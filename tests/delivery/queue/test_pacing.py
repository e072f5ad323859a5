"""The pace of the process and of each relay together."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.quantities import Rate
from pressrun.delivery.queue.pacing import CLAIM_HORIZON_SECONDS, EARLY_SECONDS, PROCESS, SLOT_HORIZON_SECONDS, Pacer

NOW = 1_800_000_000.0
FAST = (Rate(100_000, 1.0),)


def take_one(pacer: Pacer, relay: str, now: float) -> float | None:
    """When the next turn comes, or None once it is spent."""
    at = pacer.next_at(relay, now)
    if at > now + EARLY_SECONDS:
        return at
    pacer.spend(relay, [at])
    return None


def count_slots(pacer: Pacer, relay: str, now: float, most: int = 1000) -> int:
    count = 0
    while count < most and take_one(pacer, relay, now) is None:
        count += 1
    return count


def test_the_process_holds_all_relays_together() -> None:
    pacer = Pacer((Rate(10, 1.0),), {"a": (), "b": ()}, {})
    taken, now = 0, NOW
    for _ in range(100):
        taken += count_slots(pacer, "a", now) + count_slots(pacer, "b", now)
        now += 0.01
    assert 10 <= taken <= 11


def test_each_relay_holds_its_own_rate() -> None:
    pacer = Pacer(FAST, {"a": (Rate(10, 1.0),), "b": (Rate(20, 1.0),)}, {})
    taken, now = {"a": 0, "b": 0}, NOW
    for _ in range(100):
        for relay in taken:
            taken[relay] += count_slots(pacer, relay, now)
        now += 0.01
    assert 10 <= taken["a"] <= 11
    assert 20 <= taken["b"] <= 21


def test_a_refused_turn_says_when_it_comes() -> None:
    pacer = Pacer((Rate(1, 10.0),), {"a": ()}, {})
    now = NOW
    while (at := take_one(pacer, "a", now)) is None:
        now += 0.001
    assert now < at <= NOW + 10
    assert take_one(pacer, "a", at) is None


def test_so_much_is_claimed_as_has_its_turn_soon() -> None:
    pacer = Pacer((Rate(100, 1.0),), {"a": ()}, {})
    claimable = pacer.claimable(NOW, 0, 400)
    assert 100 * CLAIM_HORIZON_SECONDS <= claimable <= 100 * CLAIM_HORIZON_SECONDS + 3
    assert 0 == pacer.claimable(NOW, claimable, 400)
    assert claimable - 5 == pacer.claimable(NOW, 5, 400)


def test_no_more_is_claimed_than_the_relays_together_may_take() -> None:
    pacer = Pacer(FAST, {"a": (Rate(1, 60.0),), "b": (Rate(1, 60.0),)}, {})
    assert pacer.claimable(NOW, 0, 400) <= 4


def test_what_is_claimed_counts_as_spent_after_a_restart() -> None:
    """Also when all of it went out and the process died before it could say so."""
    rates, relays = (Rate(10, 1.0), Rate(20, 3600.0)), {"a": (Rate(15, 3600.0),)}
    pacer, now, taken = Pacer(rates, relays, {}), NOW, 0
    for _ in range(60):
        claimed = pacer.claimable(now, 0, 400)
        stored = json.loads(json.dumps(pacer.snapshot().dump(now, claimed, {})))
        taken += count_slots(pacer, "a", now, claimed)
        pacer = Pacer(rates, relays, stored)
        now += 0.5
    assert 1 <= taken <= 15


def test_a_relay_that_is_new_starts_and_one_that_is_gone_is_forgotten() -> None:
    pacer = Pacer(FAST, {"a": (Rate(1, 10.0),)}, {})
    count_slots(pacer, "a", NOW)
    pacer.change(FAST, {"a": (Rate(1, 10.0),), "b": ()}, NOW)
    assert (0, 1) == (count_slots(pacer, "a", NOW), count_slots(pacer, "b", NOW, 1))
    pacer.change(FAST, {"b": ()}, NOW)
    assert {PROCESS, "relay b"} == set(pacer.snapshot().dump(NOW, 0, {}))


def test_the_pace_follows_a_clock_that_was_set_back() -> None:
    pacer = Pacer((Rate(1, 10.0),), {"a": (Rate(5, 60.0),)}, {})
    count_slots(pacer, "a", NOW)
    now = NOW - 86400
    pacer.follow(now)
    assert 0 == count_slots(pacer, "a", now)
    assert 1 <= count_slots(pacer, "a", now + 61)


# ---------------------------------------------------------------------- slots


def test_slots_are_handed_out_several_at_a_time() -> None:
    """At 100/s those of the next moment, and no further one before half of it is over."""
    pacer, handed_out = Pacer((Rate(100, 1.0),), {"a": ()}, {}), list[float]()
    wakes, now = 0, NOW
    while now < NOW + 10:
        slots = pacer.slots("a", now, 400)
        assert all(now <= slot <= now + SLOT_HORIZON_SECONDS for slot in slots)
        wakes += bool(slots)
        pacer.spend("a", slots)
        handed_out += slots
        now = pacer.hand_out_at("a", now)
    assert 995 <= len(handed_out) <= 1020
    assert wakes <= 110
    assert all(later - sooner >= 0.01 - 1e-6 for sooner, later in pairwise(handed_out[2:]))


@given(
    st.lists(st.floats(0.0, 0.4), max_size=60),
    st.sampled_from([(Rate(7, 1.0),), (Rate(100, 1.0),), (Rate(1000, 1.0),), (Rate(50, 1.0), Rate(90, 60.0))]),
    st.sampled_from([(), (Rate(20, 1.0),), (Rate(60, 1.0), Rate(70, 10.0))]),
    st.integers(1, 200),
)
def test_no_window_holds_more_slots_than_its_rate(
    waits: list[float], process: tuple[Rate, ...], own: tuple[Rate, ...], most: int
) -> None:
    """However late and however often slots are asked for."""
    pacer, handed_out, now = Pacer(process, {"a": own}, {}), list[float](), NOW
    for wait in waits:
        now += wait
        slots = pacer.slots("a", now, most)
        pacer.spend("a", slots)
        handed_out += slots
    assert handed_out == sorted(handed_out)
    for rate in (*process, *own):
        more = max(1, rate.count // 100)
        for index, start in enumerate(handed_out):
            assert sum(slot < start + rate.seconds - 1e-6 for slot in handed_out[index:]) <= rate.count + more


def test_a_fast_rate_has_no_slots() -> None:
    """Its jobs go at once, and no more of them than are due."""
    pacer = Pacer((Rate(20_000, 1.0),), {"a": (), "b": (Rate(10, 1.0),)}, {})
    assert [False, True] == [pacer.has_slots("a"), pacer.has_slots("b")]
    assert pacer.count_slots("a", NOW, 10_000) <= 20_000 * EARLY_SECONDS + 200
