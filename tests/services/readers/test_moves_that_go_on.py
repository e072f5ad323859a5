"""A reader moves to the address of another one, who goes on from there: no copy is lost by it, and none comes twice."""

from __future__ import annotations

import pytest
import pytest_asyncio
from tests.delivery.harness import LATER, TAKEN, DeliveryHarness
from tests.services.readers.test_copies_that_move import (
    ADA,
    LAST,
    NEW,
    WEB,
    begin_for_all,
    choose_at,
    link_of,
    make_family,
    move,
    move_back,
    pause,
    resume,
    send_rest,
)

from pressrun.core.addresses.address import parse_address
from pressrun.services.readers.address_changes import AddressChangeOutcome, AddressChanges


@pytest_asyncio.fixture
async def family(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> DeliveryHarness:
    return await make_family(harness, monkeypatch)


async def send_to(harness: DeliveryHarness, address: str) -> None:
    """Send what may go now; all addresses but this one put it off."""
    await harness.run_cycle()
    for outgoing in harness.all_outgoing():
        harness.answer(outgoing, TAKEN if outgoing.rcpt_to == address else LATER)
    await harness.run_cycle()


async def move_on(harness: DeliveryHarness, *, by: str) -> None:
    """Whoever Ada has moved to goes on, to another language or another reader."""
    if by == "language":
        await choose_at(harness, NEW, "boletim")
        return
    changes = AddressChanges(harness.services.context)
    await changes.request((await link_of(harness, NEW)).subscriber_id, parse_address(LAST), WEB)
    assert AddressChangeOutcome.DONE is (await changes.confirm(2, WEB))[0]
    harness.pass_time(1)


@pytest.mark.parametrize("by", ["language", "address"])
@pytest.mark.parametrize("reads_both", [False, True])
async def test_what_moved_comes_back_from_wherever_it_has_gone_since(
    family: DeliveryHarness, by: str, reads_both: bool
) -> None:
    await family.services.make_list("other")
    edition = await begin_for_all(family)
    await family.add_readers([NEW, LAST], "news" if reads_both else "other")
    await move(family)
    await move_on(family, by=by)
    await move_back(family)
    assert [ADA] == await send_rest(family, edition)


@pytest.mark.parametrize("by", ["language", "address"])
async def test_nothing_comes_back_from_who_has_their_own_copy(family: DeliveryHarness, by: str) -> None:
    """Ada's has arrived where she moved to."""
    await family.add_readers([LAST])
    family.pass_time(1)
    edition = await begin_for_all(family)
    await family.add_readers([NEW])
    await move(family)
    await send_to(family, NEW)
    await move_on(family, by=by)
    await move_back(family)
    assert [LAST] == await send_rest(family, edition)


async def test_a_former_reader_to_whom_a_paused_one_moves_gets_no_second_copy(family: DeliveryHarness) -> None:
    """Their own was cancelled when they left, and Ada has hers."""
    await family.add_readers([NEW])
    family.pass_time(1)
    edition = await begin_for_all(family)
    await send_to(family, ADA)
    await pause(family)
    await family.leave(NEW)
    await move(family)
    await resume(family, NEW)
    assert [] == await send_rest(family, edition)
