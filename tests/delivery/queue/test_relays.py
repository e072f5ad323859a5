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
from tests.delivery.harness import TAKEN, UNSENT, DeliveryHarness, open_delivery

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput
from pressrun.core.quantities import Rate
from pressrun.delivery.queue import dispatcher
from pressrun.delivery.queue.destination_queues import STALE_SECONDS
from pressrun.delivery.queue.pacing import CLAIM_HORIZON_SECONDS, SLOT_HORIZON_SECONDS
from pressrun.delivery.queue.recovery import Recovered
from pressrun.delivery.queue.relay_shares import ROUNDS, SILENT_SECONDS
from pressrun.delivery.queue.scheduler import RelayTerms, Scheduler
from pressrun.services.settings import DeliverySettings


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    relays: dict[str, tuple[Rate, ...]] = {"primary": (), "second": ()}
    async with open_delivery(tmp_path, relays=relays, weights={"primary": 3, "second": 1}) as room:
        yield room


async def send(harness: DeliveryHarness, *relays: str) -> Counter[str]:
    """Let these relays take what they get, in turn, until nobody gets anything."""
    taken: Counter[str] = Counter()
    while True:
        await harness.run_cycle()
        handed_out = 0
        for relay in relays:
            copy = harness.next_outgoing(relay)
            if copy is not None:
                harness.answer(copy, TAKEN, relay)
                taken[relay] += 1
                handed_out += 1
        if not handed_out:
            return taken


@pytest.mark.slow_on_postgresql
async def test_relays_share_by_weight(harness: DeliveryHarness) -> None:
    """Also when both are equally quick."""
    await harness.readers(200)
    await harness.edition()
    taken = await send(harness, "primary", "second")
    assert 200 == taken.total()
    assert 45 <= taken["second"] <= 56


@pytest.mark.slow_on_postgresql
async def test_the_share_of_a_failing_relay_goes_to_the_others(harness: DeliveryHarness) -> None:
    """And it does not catch up afterwards."""
    await harness.readers(100)
    await harness.edition()
    harness.dispatcher.broker.scheduler.shares.watch(lambda: {"primary"})
    assert {"second": 100} == await send(harness, "second")
    harness.dispatcher.broker.scheduler.shares.watch(frozenset)
    await harness.edition("two")
    taken = await send(harness, "primary", "second")
    assert 20 <= taken["second"] <= 32


@pytest.mark.slow_on_postgresql
async def test_a_relay_that_answers_nothing_holds_up_no_other(harness: DeliveryHarness) -> None:
    """It is waited for until it has not asked for a while; what it gives back untried is no sign of life."""
    await harness.readers(200)
    await harness.edition()
    await harness.run_cycle()
    stuck = [harness.next_outgoing("second") for _ in range(3)]
    before = await send(harness, "primary")
    assert 12 <= before["primary"] <= 24
    harness.pass_time(SILENT_SECONDS)
    await harness.run_cycle()
    for outgoing in stuck:
        assert outgoing is not None
        harness.answer(outgoing, UNSENT, "second")
    again = [harness.next_outgoing("second") for _ in range(3)]
    assert None not in again
    assert 200 - 3 == (before + await send(harness, "primary"))["primary"]


@pytest.mark.slow_on_postgresql
async def test_a_relay_that_answers_again_has_its_share(harness: DeliveryHarness) -> None:
    """Until it has answered for something it is not waited for, and from then on it is."""
    await harness.readers(200)
    await harness.edition()
    await harness.run_cycle()
    for result in (UNSENT, TAKEN):
        outgoing = harness.next_outgoing("second")
        assert outgoing is not None
        harness.answer(outgoing, result, "second")
    taken = await send(harness, "primary", "second")
    assert 45 <= taken["second"] <= 56


@pytest.mark.slow_on_postgresql
async def test_shares_hold_where_turns_are_far_apart(harness: DeliveryHarness) -> None:
    """Whoever asks before a turn has come is there, though a turn comes less often than anybody is waited for."""
    harness.dispatcher.reload(
        replace(harness.settings, rates=(Rate(6, 60.0),)),
        harness.terms(),
    )
    await harness.readers(40)
    await harness.edition()
    taken: Counter[str] = Counter()
    while taken.total() < 40:
        await harness.run_cycle()  # what is claimed a little before its turn is offered to both
        for relay in ("second", "primary"):
            copy = harness.next_outgoing(relay)
            if copy is not None:
                harness.answer(copy, TAKEN, relay)
                taken[relay] += 1
        harness.pass_time(CLAIM_HORIZON_SECONDS / 2)
    assert 8 <= taken["second"] <= 14


async def run_for(harness: DeliveryHarness, seconds: float, *relays: str) -> Counter[str]:
    """Let these relays ask every 5 ms, each of them first in turn."""
    taken: Counter[str] = Counter()
    for step in range(int(seconds / 0.005)):
        harness.pass_time(0.005)
        await harness.run_cycle()
        first = step % len(relays)
        for relay in relays[first:] + relays[:first]:
            while (copy := harness.next_outgoing(relay)) is not None:
                harness.answer(copy, TAKEN, relay)
                taken[relay] += 1
    return taken


@pytest.mark.slow_on_postgresql
async def test_a_relay_at_its_own_rate_holds_up_no_other(harness: DeliveryHarness) -> None:
    """Whatever the weights: each goes as fast as it may."""
    harness.relays = {"primary": (Rate(100, 1.0),), "second": (Rate(20, 1.0),)}
    await harness.start()
    await harness.readers(300)
    await harness.edition()
    taken = await run_for(harness, 2.0, "primary", "second")
    assert 195 <= taken["primary"] <= 202
    assert 39 <= taken["second"] <= 42


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize(("own", "share"), [(60, 50), (20, 20)])
async def test_what_relays_can_take_together_is_shared_by_weight(
    harness: DeliveryHarness, own: int, share: int
) -> None:
    """Under a rate for all: one that is between two slots of its own keeps its place, give or take one hand-out."""
    harness.settings = replace(harness.settings, rates=(Rate(100, 1.0),))
    harness.relays, harness.weights = {"primary": (), "second": (Rate(own, 1.0),)}, {}
    await harness.start()
    await harness.readers(250)
    await harness.edition()
    taken = await run_for(harness, 2.0, "primary", "second")
    assert 195 <= taken.total() <= 202
    assert abs(taken["second"] - 2 * share) <= ROUNDS + 100 * SLOT_HORIZON_SECONDS / 2


async def test_who_waited_for_anothers_share_is_asked_again_when_that_is_taken(harness: DeliveryHarness) -> None:
    """By the event loop, at once: not with the next turn alone."""
    await harness.readers(100)
    await harness.edition()
    await harness.run_cycle()
    assert harness.next_outgoing("second") is not None
    while harness.next_outgoing("primary") is not None:
        pass
    assert not harness.dispatcher.broker._timer.is_set
    assert harness.next_outgoing("second") is not None
    assert (True, harness.clock()) == (harness.dispatcher.broker._timer.is_set, harness.dispatcher.broker._timer.at)


async def test_a_list_may_name_its_relay(harness: DeliveryHarness) -> None:
    """Its copies go through that one alone, and hold up no other list's."""
    await harness.services.lists.set_list("news", {"relay": "second"})
    await harness.services.make_list("other")
    await harness.readers(150)
    await harness.readers(50, "other")
    bound, free = await harness.edition(), await harness.edition("other", name="other")
    await send(harness, "primary")
    assert {"delivered": 50} == await harness.counts(free)
    assert 0 == (await harness.counts(bound)).get("delivered", 0)
    await send(harness, "primary", "second")
    assert {"delivered": 150} == await harness.counts(bound)
    rows = await harness.rows("select distinct relay from delivery where edition_id = ?", bound)
    assert [("second",)] == rows


@pytest.mark.slow_on_postgresql
async def test_the_loop_sleeps_while_enough_waits_for_a_relay_that_takes_nothing(harness: DeliveryHarness) -> None:
    """What is still queued behind that is not due."""
    await harness.services.lists.set_list("news", {"relay": "second"})
    await harness.services.make_list("other")
    await harness.readers(600)
    await harness.readers(250, "other")
    await harness.edition()
    await harness.edition("other", name="other")
    assert {"primary": 250} == await send(harness, "primary")
    waiting_until = harness.dispatcher.broker.wake_ups.next_at
    assert waiting_until is None or waiting_until > harness.clock()


@pytest.mark.slow_on_postgresql
async def test_a_list_that_names_its_relay_is_claimed_before_all_has_gone(harness: DeliveryHarness) -> None:
    """Otherwise its connections would wait for the last answer of each batch."""
    await harness.services.lists.set_list("news", {"relay": "second"})
    await harness.readers(300)
    await harness.edition()
    await harness.run_cycle()
    stuck, handed_out = harness.next_outgoing("second"), 1
    while (copy := harness.next_outgoing("second")) is not None:
        harness.answer(copy, TAKEN, "second")
        handed_out += 1
        await harness.dispatcher.cycle()
    assert (True, 300) == (stuck is not None, handed_out)


async def test_a_list_whose_relay_is_gone_waits_for_a_person(harness: DeliveryHarness) -> None:
    """Another relay may not speak for its From: the edition pauses and says why."""
    await harness.services.lists.set_list("news", {"relay": "second"})
    await harness.readers(3)
    harness.relays = {"primary": ()}
    await harness.start()
    number = await harness.edition()
    assert Counter() == await send(harness, "primary")
    assert "paused" == await harness.state(number)
    assert "names the relay second" in str((await harness.stored(number)).pause_reason)


async def test_a_list_cannot_name_a_relay_that_is_not_there(harness: DeliveryHarness) -> None:
    """The error names those that are."""
    with pytest.raises(BadInput, match=r"not a relay\. Available: primary, second"):
        await harness.services.lists.set_list("news", {"relay": "third"})


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 20), min_size=2),
    st.lists(st.sampled_from("abcd"), max_size=300),
)
def test_nobody_gets_far_ahead_of_their_share(weights: dict[str, int], web_requests: list[str]) -> None:
    """Whoever asks how often; and somebody may always take something."""
    relays = {relay: RelayTerms(weight=weight) for relay, weight in weights.items()}
    shares = Scheduler(DeliverySettings(), relays, Recovered(paces={}, destinations={})).shares
    given_out: Counter[str] = Counter()
    for relay in weights:
        shares.count_request(relay, 0.0)
    for relay in web_requests:
        if relay in weights and shares.has_share(relay, 0.0, 0.0):
            shares.hand_out(relay)
            given_out[relay] += 1
    assert any(shares.has_share(relay, 0.0, 0.0) for relay in weights)
    rounds = {relay: given_out[relay] / weight for relay, weight in weights.items()}
    assert max(rounds.values()) - min(rounds.values()) <= ROUNDS + 1


async def test_notices_for_a_relay_that_takes_nothing_hold_up_no_others(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are claimed and given back, and go behind those that came later."""
    monkeypatch.setattr(dispatcher, "BATCH", 4)
    await harness.services.make_list("away")
    await harness.services.lists.set_list("away", {"relay": "second"})
    for number in range(6):
        await harness.services.subscribers.add("away", parse_address(f"r{number}@reader.example"), asks=True)
    await harness.services.subscribers.add("news", parse_address("last@reader.example"), asks=True)
    taken: list[str] = []
    for _ in range(4):
        await harness.run_cycle()
        taken += [outgoing.rcpt_to for outgoing in harness.all_outgoing()]
        harness.pass_time(STALE_SECONDS + 1)
    assert ["last@reader.example"] == taken


async def stick(harness: DeliveryHarness) -> None:
    """Mail waits for all relays, for each from a list of its own, and those after the first take nothing."""
    for number, name in enumerate(harness.relays):
        await harness.services.make_list(f"list{number}")
        await harness.change("update list set relay = ? where name = ?", name, f"list{number}")
        await harness.readers(100 if number else 300, f"list{number}")
        await harness.edition(f"e{number}", name=f"list{number}")
    await harness.run_cycle()


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize("stuck", [1, 5])
async def test_relays_that_take_nothing_hold_up_no_list_with_another(tmp_path: Path, stuck: int) -> None:
    """However many they are: what is claimed for them leaves the others their room."""
    names = [f"relay{number}" for number in range(1 + stuck)]
    async with open_delivery(tmp_path, relays=dict.fromkeys(names, ())) as harness:
        await stick(harness)
        unanswered, handed_out = harness.next_outgoing("relay0"), 1
        while (copy := harness.next_outgoing("relay0")) is not None:
            harness.answer(copy, TAKEN, "relay0")
            handed_out += 1
            await harness.dispatcher.cycle()
        assert (True, 300) == (unanswered is not None, handed_out)


@pytest.mark.slow_on_postgresql
async def test_relays_that_take_nothing_leave_the_pace_to_the_others(tmp_path: Path) -> None:
    """Under a rate for all."""
    names = [f"relay{number}" for number in range(6)]
    settings = DeliverySettings(rates=(Rate(100, 1.0),))
    async with open_delivery(tmp_path, relays=dict.fromkeys(names, ()), settings=settings) as harness:
        await stick(harness)
        assert 195 <= (await run_for(harness, 2.0, "relay0"))["relay0"] <= 202
