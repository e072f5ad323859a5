"""What is on its way to each destination of a relay, and which of them is late."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.delivery.queue.destinations import Destinations

NAMES = st.sampled_from(["a.example", "b.example", "c.example", "slow.example"])


def taken(destinations: Destinations, name: str, number: int, at: float = 0.0) -> None:
    for _ in range(number):
        destinations.hand_out(name, at)


def test_a_destination_has_a_fifth_of_the_connections_while_others_wait() -> None:
    """At least one."""
    for connections, share in ((10, 2), (4, 1), (1, 1)):
        destinations = Destinations(connections, set())
        taken(destinations, "a.example", share - 1)
        assert not destinations.is_crowded("a.example")
        taken(destinations, "a.example", 1)
        assert destinations.is_crowded("a.example")


def test_who_is_overtaken_is_late() -> None:
    """By twice as many as were on their way, and the connections; an answer, whichever, shows that it is not."""
    destinations = Destinations(10, set())
    taken(destinations, "a.example", 2)
    for _ in range(12):
        destinations.hand_out("b.example", 0.0)
        destinations.learn("b.example", 0.1, 0.01)
    assert not destinations.is_full("a.example")
    destinations.hand_out("b.example", 0.0)
    destinations.learn("b.example", 0.1, 0.01)
    assert destinations.is_full("a.example")
    destinations.learn("a.example", 0.2, 0.01)
    destinations.hand_out("a.example", 0.2)
    assert not destinations.is_full("a.example")


def test_nobody_is_late_where_all_are_slow() -> None:
    """However long a relay takes, when it answers in the order in which it was asked, about."""
    destinations = Destinations(10, set())
    names = [f"d{number % 3}.example" for number in range(23)]
    for name in names:
        destinations.hand_out(name, 0.0)
    for number in range(200):
        name = names[number % 23]
        assert not destinations.learn(name, 30.0 * number, 30.0)
        assert not destinations.is_late(name)
        destinations.hand_out(name, 30.0 * number)


def test_slow_ones_leave_two_connections_together() -> None:
    """And half of them while there may be others in the queue; who is not slow gets all."""
    destinations = Destinations(10, {"slow.example", "slower.example", "slowest.example"})
    taken(destinations, "slow.example", 3)
    taken(destinations, "slower.example", 1)
    assert not destinations.is_unknown("slow.example")
    taken(destinations, "slower.example", 1)
    assert [True, False] == [destinations.is_unknown("slow.example"), destinations.is_full("slow.example")]
    assert [True, False] == [destinations.is_crowded(name) for name in ("slowest.example", "a.example")]
    taken(destinations, "slower.example", 3)
    assert [True, False] == [destinations.is_full("slow.example"), destinations.is_full("a.example")]


def test_fewer_connections_after_a_reload_make_late_who_has_more() -> None:
    """Also one that had not its share of the many before."""
    destinations = Destinations(50, set())
    taken(destinations, "a.example", 5)
    destinations.change(10)
    taken(destinations, "a.example", 1)
    for _ in range(30):
        destinations.hand_out("b.example", 0.0)
        destinations.learn("b.example", 0.1, 0.01)
    assert destinations.is_full("a.example")


def test_a_clock_that_is_set_back_hides_nobodys_silence() -> None:
    destinations = Destinations(10, set())
    taken(destinations, "a.example", 2, at=5000.0)
    destinations.follow(1000.0)
    assert 3.0 == destinations.silent_seconds("a.example", 1003.0)


def test_who_has_answered_nothing_leaves_two_connections_for_those_behind_it() -> None:
    """Its first answer shows how it does."""
    destinations = Destinations(10, set())
    taken(destinations, "a.example", 8)
    assert [True, False] == [destinations.is_unknown("a.example"), destinations.is_full("a.example")]
    assert 7.0 == destinations.silent_seconds("a.example", 7.0)
    destinations.learn("a.example", 7.0, 7.0)
    taken(destinations, "a.example", 9)
    assert not destinations.is_unknown("a.example")
    assert 1.0 == destinations.silent_seconds("a.example", 8.0)


def answers(destinations: Destinations, name: str, *times: float) -> list[bool]:
    """What is shown by each of these answers, of one who has its share all the time."""
    shown = []
    for seconds in times:
        taken(destinations, name, 1)
        shown.append(destinations.learn(name, 0.0, seconds))
    return shown


def test_several_slow_answers_in_a_row_show_who_is_slow() -> None:
    """Four times what is usual, and half a second; of one who has its share."""
    destinations = Destinations(10, set())
    taken(destinations, "slow.example", 2)
    taken(destinations, "a.example", 2)
    assert not any(answers(destinations, "a.example", *[0.2] * 20))
    assert [False, False, False] == answers(destinations, "slow.example", 0.7, 0.7, 0.7)
    assert [False, False, False, False] == answers(destinations, "slow.example", 3.0, 3.0, 0.2, 3.0)
    assert [False, True, True] == answers(destinations, "slow.example", 3.0, 3.0, 3.0)
    assert [False, False, False] == answers(destinations, "b.example", 3.0, 3.0, 3.0)


@pytest.mark.parametrize("first", [0.01, 3.0])
def test_what_is_usual_is_what_the_quick_ones_take(first: float) -> None:
    """Though they are few, and another one was the first to be heard."""
    destinations = Destinations(10, set())
    for name in ("slow.example", "a.example"):
        taken(destinations, name, 2)
    shown = answers(destinations, "slow.example", first)
    for _ in range(60):
        shown = answers(destinations, "a.example", 0.3) + answers(destinations, "slow.example", 3.0, 3.0)
    assert [False, True, True] == shown


def test_who_counts_as_slow_remains_so_by_slow_answers_alone() -> None:
    """And after a restart, when nothing is known of others."""
    destinations = Destinations(10, {"slow.example"})
    assert [True, False] == answers(destinations, "slow.example", 0.6, 0.4)
    taken(destinations, "a.example", 2)
    answers(destinations, "a.example", *[0.2] * 20)
    assert [False, True] == answers(destinations, "slow.example", 0.6, 2.0)


@given(st.lists(st.tuples(NAMES, st.sampled_from(["take", "answered", "give_back"]), st.sampled_from([0.01, 3.0]))))
def test_nothing_is_kept_of_what_is_on_its_way_no_more(events: list[tuple[str, str, float]]) -> None:
    """Whatever came before."""
    destinations = Destinations(10, {"slow.example"})
    under_way: Counter[str] = Counter()
    for name, event, seconds in events:
        if event == "take":
            destinations.hand_out(name, 1.0)
            under_way[name] += 1
        elif under_way[name]:
            destinations.give_back(name) if event == "give_back" else destinations.learn(name, 1.0, seconds)
            under_way[name] -= 1
    for name in under_way.elements():
        destinations.give_back(name)
    assert [0, {}, {}, set(), {}] == [
        destinations._number,
        destinations._in_flight,
        destinations._heard,
        destinations._unheard,
        destinations._streaks,
    ]
