"""Mails that waited together for a connection go out in their turns all the same."""

from __future__ import annotations

from dataclasses import dataclass

from tests.delivery.relay.feed import ListFeed, message

from pressrun.core.quantities import Rate
from pressrun.delivery.mailer.spacing import Spacing
from pressrun.smtp.events import Settled
from pressrun.smtp.handover import HandOver, Outcome, Stage

TWENTY = Rate(20, 1.0)


@dataclass(slots=True)
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def spaced(count: int, *together: Rate, **relays: Rate) -> tuple[Spacing, Clock, ListFeed]:
    """So many mails wait; rates of all relays together and of some."""
    clock = Clock()
    feed = ListFeed([message(number, f"r{number}", b"Subject: x\r\n\r\nx\r\n") for number in range(count)])
    spacing = Spacing(feed, wake=lambda: None, clock=clock)
    spacing.change(together, {name: (rate,) for name, rate in relays.items()})
    return spacing, clock, feed


def taken_in(spacing: Spacing, clock: Clock, seconds: float, *relays: str) -> int:
    """How many mails these relays get when they ask every millisecond."""
    found = 0
    for _ in range(round(seconds * 1000)):
        for relay in relays:
            while spacing.take(relay) is not None:
                found += 1
        clock.now += 0.001
    return found


async def test_what_waited_goes_in_its_turns() -> None:
    """In a second at most one more than the rate says, from the first one on."""
    spacing, clock, _ = spaced(60, TWENTY)
    assert 20 <= taken_in(spacing, clock, 1.0, "primary") <= 21


async def test_relays_share_the_rate_of_all_and_have_their_own() -> None:
    spacing, clock, _ = spaced(60, Rate(30, 1.0), second=TWENTY)
    assert 30 <= taken_in(spacing, clock, 1.0, "primary", "second") <= 31
    spacing, clock, _ = spaced(60, Rate(1000, 1.0), second=TWENTY)
    assert 20 <= taken_in(spacing, clock, 1.0, "second") <= 21


async def test_no_connection_is_opened_for_what_has_no_turn_yet() -> None:
    """And the connections are told to ask when it has."""
    spacing, clock, feed = spaced(3, TWENTY)
    assert 3 == spacing.waiting("primary")
    assert spacing.take("primary") is not None
    assert (0, 2) == (spacing.waiting("primary"), len(feed.queue))
    assert (True, True) == (spacing._alarm.is_set, clock.now < spacing._alarm.at <= clock.now + 0.05)
    clock.now += 0.05
    assert 2 == spacing.waiting("primary")


async def test_nothing_is_held_under_a_fast_rate() -> None:
    """One percent of it is more than may wait for a connection."""
    spacing, _, _ = spaced(9, Rate(1000, 1.0))
    assert 9 == sum(spacing.take("primary") is not None for _ in range(9))


async def test_a_reload_changes_the_rate_and_forgets_no_turn() -> None:
    spacing, clock, _ = spaced(9, TWENTY)
    assert spacing.take("primary") is not None
    spacing.change((Rate(10, 1.0),), {})
    assert spacing.take("primary") is None
    spacing.change((), {})
    assert spacing.take("primary") is not None
    assert clock.now == Clock().now


async def test_a_clock_that_is_set_back_holds_nothing_for_longer_than_a_second() -> None:
    spacing, clock, _ = spaced(60, TWENTY)
    assert spacing.take("primary") is not None
    clock.now -= 86_400
    assert 20 <= taken_in(spacing, clock, 2.0, "primary") <= 22


async def test_answers_pass_through() -> None:
    spacing, _, feed = spaced(1, TWENTY)
    outgoing = spacing.take("primary")
    assert outgoing is not None
    answer = HandOver(Outcome.DELIVERED, Stage.CONTENT)
    spacing.settle("primary", [Settled(outgoing, answer)])
    assert [("primary", outgoing, answer)] == feed.settled
