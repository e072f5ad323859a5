"""Several relays: shares by weight, one that fails or asks for less, and lists that name theirs.

How shares come about is decided in memory. What the database is asked for is the same in the tests that run on every
engine each time: a list that names its relay, and one whose relay is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from tests.delivery.pressroom import TAKEN, UNSENT, Pressroom, open_pressroom

from pressrun.core.errors import BadInput
from pressrun.core.quantities import Rate
from pressrun.delivery.queue.pacing import CLAIM_HORIZON_SECONDS, SLOT_HORIZON_SECONDS
from pressrun.delivery.queue.relay_shares import SILENT_SECONDS
from pressrun.delivery.queue.relay_weights import ROUNDS, RelayWeights


@pytest_asyncio.fixture
async def press(tmp_path: Path) -> AsyncIterator[Pressroom]:
    relays: dict[str, tuple[Rate, ...]] = {"primary": (), "second": ()}
    async with open_pressroom(tmp_path, relays=relays, weights={"primary": 3, "second": 1}) as room:
        yield room


async def send(press: Pressroom, *relays: str) -> Counter[str]:
    """Let these relays take what they get, in turn, until nobody gets anything."""
    taken: Counter[str] = Counter()
    while True:
        await press.turn()
        handed_out = 0
        for relay in relays:
            copy = press.take(relay)
            if copy is not None:
                press.answer(copy, TAKEN, relay)
                taken[relay] += 1
                handed_out += 1
        if not handed_out:
            return taken


@pytest.mark.slow_on_postgresql
async def test_relays_share_by_weight(press: Pressroom) -> None:
    """Also when both are equally quick."""
    await press.readers(200)
    await press.edition()
    taken = await send(press, "primary", "second")
    assert 200 == taken.total()
    assert 45 <= taken["second"] <= 56


@pytest.mark.slow_on_postgresql
async def test_the_share_of_a_failing_relay_goes_to_the_others(press: Pressroom) -> None:
    """And it does not catch up afterwards."""
    await press.readers(100)
    await press.edition()
    press.dispatcher.broker.scheduler.shares.watch(lambda: {"primary"})
    assert {"second": 100} == await send(press, "second")
    press.dispatcher.broker.scheduler.shares.watch(frozenset)
    await press.edition("two")
    taken = await send(press, "primary", "second")
    assert 20 <= taken["second"] <= 32


@pytest.mark.slow_on_postgresql
async def test_a_relay_that_answers_nothing_holds_up_no_other(press: Pressroom) -> None:
    """It is waited for until it has not asked for a while; what it gives back untried is no sign of life."""
    await press.readers(200)
    await press.edition()
    await press.turn()
    stuck = [press.take("second") for _ in range(3)]
    before = await send(press, "primary")
    assert 12 <= before["primary"] <= 24
    press.pass_time(SILENT_SECONDS)
    await press.turn()
    for outgoing in stuck:
        assert outgoing is not None
        press.answer(outgoing, UNSENT, "second")
    again = [press.take("second") for _ in range(3)]
    assert None not in again
    assert 200 - 3 == (before + await send(press, "primary"))["primary"]


@pytest.mark.slow_on_postgresql
async def test_a_relay_that_answers_again_has_its_share(press: Pressroom) -> None:
    """Until it has answered for something it is not waited for, and from then on it is."""
    await press.readers(200)
    await press.edition()
    await press.turn()
    for result in (UNSENT, TAKEN):
        outgoing = press.take("second")
        assert outgoing is not None
        press.answer(outgoing, result, "second")
    taken = await send(press, "primary", "second")
    assert 45 <= taken["second"] <= 56


@pytest.mark.slow_on_postgresql
async def test_shares_hold_where_turns_are_far_apart(press: Pressroom) -> None:
    """Whoever asks before a turn has come is there, though a turn comes less often than anybody is waited for."""
    press.dispatcher.reload(
        replace(press.settings, rates=(Rate(6, 60.0),)), press.relays, press.weights, {"primary": 10, "second": 10}
    )
    await press.readers(40)
    await press.edition()
    taken: Counter[str] = Counter()
    while taken.total() < 40:
        await press.turn()  # what is claimed a little before its turn is offered to both
        for relay in ("second", "primary"):
            copy = press.take(relay)
            if copy is not None:
                press.answer(copy, TAKEN, relay)
                taken[relay] += 1
        press.pass_time(CLAIM_HORIZON_SECONDS / 2)
    assert 8 <= taken["second"] <= 14


async def run_for(press: Pressroom, seconds: float, *relays: str) -> Counter[str]:
    """Let these relays ask every 5 ms, each of them first in turn."""
    taken: Counter[str] = Counter()
    for step in range(int(seconds / 0.005)):
        press.pass_time(0.005)
        await press.turn()
        first = step % len(relays)
        for relay in relays[first:] + relays[:first]:
            while (copy := press.take(relay)) is not None:
                press.answer(copy, TAKEN, relay)
                taken[relay] += 1
    return taken


@pytest.mark.slow_on_postgresql
async def test_a_relay_at_its_own_rate_holds_up_no_other(press: Pressroom) -> None:
    """Whatever the weights: each goes as fast as it may."""
    press.relays = {"primary": (Rate(100, 1.0),), "second": (Rate(20, 1.0),)}
    await press.start()
    await press.readers(300)
    await press.edition()
    taken = await run_for(press, 2.0, "primary", "second")
    assert 195 <= taken["primary"] <= 202
    assert 39 <= taken["second"] <= 42


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize(("own", "share"), [(60, 50), (20, 20)])
async def test_what_relays_can_take_together_is_shared_by_weight(press: Pressroom, own: int, share: int) -> None:
    """Under a rate for all: one that is between two slots of its own keeps its place, give or take one hand-out."""
    press.settings = replace(press.settings, rates=(Rate(100, 1.0),))
    press.relays, press.weights = {"primary": (), "second": (Rate(own, 1.0),)}, {}
    await press.start()
    await press.readers(250)
    await press.edition()
    taken = await run_for(press, 2.0, "primary", "second")
    assert 195 <= taken.total() <= 202
    assert abs(taken["second"] - 2 * share) <= ROUNDS + 100 * SLOT_HORIZON_SECONDS / 2


async def test_who_waited_for_anothers_share_is_asked_again_when_that_is_taken(press: Pressroom) -> None:
    """By the event loop, at once: not with the next turn alone."""
    await press.readers(100)
    await press.edition()
    await press.turn()
    assert press.take("second") is not None
    while press.take("primary") is not None:
        pass
    assert not press.dispatcher.broker._timer.is_set
    assert press.take("second") is not None
    assert (True, press.clock()) == (press.dispatcher.broker._timer.is_set, press.dispatcher.broker._timer.at)


async def test_a_list_may_name_its_relay(press: Pressroom) -> None:
    """Its copies go through that one alone, and hold up no other list's."""
    await press.office.lists.set_list("news", {"relay": "second"})
    await press.office.make_list("other")
    await press.readers(150)
    await press.readers(50, "other")
    bound, free = await press.edition(), await press.edition("other", name="other")
    await send(press, "primary")
    assert {"delivered": 50} == await press.counts(free)
    assert 0 == (await press.counts(bound)).get("delivered", 0)
    await send(press, "primary", "second")
    assert {"delivered": 150} == await press.counts(bound)
    rows = await press.rows("select distinct relay from delivery where edition_id = ?", bound)
    assert [("second",)] == rows


@pytest.mark.slow_on_postgresql
async def test_the_loop_sleeps_while_enough_waits_for_a_relay_that_takes_nothing(press: Pressroom) -> None:
    """What is still queued behind that is not due."""
    await press.office.lists.set_list("news", {"relay": "second"})
    await press.office.make_list("other")
    await press.readers(600)
    await press.readers(250, "other")
    await press.edition()
    await press.edition("other", name="other")
    assert {"primary": 250} == await send(press, "primary")
    waiting_until = press.dispatcher.broker.wake_ups.next_at
    assert waiting_until is None or waiting_until > press.clock()


async def test_a_list_whose_relay_is_gone_waits_for_a_person(press: Pressroom) -> None:
    """Another relay may not speak for its From: the edition pauses and says why."""
    await press.office.lists.set_list("news", {"relay": "second"})
    await press.readers(3)
    press.relays = {"primary": ()}
    await press.start()
    number = await press.edition()
    assert Counter() == await send(press, "primary")
    assert "paused" == await press.state(number)
    assert "names the relay second" in str((await press.stored(number)).pause_reason)


async def test_a_list_cannot_name_a_relay_that_is_not_there(press: Pressroom) -> None:
    """The error names those that are."""
    with pytest.raises(BadInput, match=r"not a relay\. Available: primary, second"):
        await press.office.lists.set_list("news", {"relay": "third"})


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 20), min_size=2),
    st.lists(st.sampled_from("abcd"), max_size=300),
)
def test_nobody_gets_far_ahead_of_their_share(weights: dict[str, int], web_requests: list[str]) -> None:
    """Whoever asks how often; and somebody may always take something."""
    shares = RelayWeights(weights)
    shares.among(weights)
    given_out: Counter[str] = Counter()
    for relay in web_requests:
        if relay in weights and shares.room(relay, weights) > 0:
            shares.hand_out(relay)
            given_out[relay] += 1
    assert any(shares.room(relay, weights) for relay in weights)
    rounds = {relay: given_out[relay] / weight for relay, weight in weights.items()}
    assert max(rounds.values()) - min(rounds.values()) <= ROUNDS + 1
