"""Whom a file has as suspended may not want the list, so no proof that mail reaches them brings it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.delivery.harness import GONE, DeliveryHarness, open_delivery
from tests.services.bounces.test_bounce_handler import DAY, FULL, ask, come_back, send
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.pauses import pause_subscription
from pressrun.services.readers.requests import Origin, carry_out
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome
from pressrun.services.settings import BounceSettings

READER, OTHER = "r0@reader.example", "r1@reader.example"
WEB = Origin(source="web", words="words")
ROW = ImportRow(line=1, email=READER, state="suspended")


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    """With a reader of news whom a file has as suspended on the list `off`, and another reader of news."""
    async with open_delivery(tmp_path) as harness:
        await harness.services.make_list("off")
        await harness.readers(2)
        await harness.services.subscribers.import_batch("off", [ROW], source="import")
        yield harness


async def state(harness: DeliveryHarness, address: str = READER, name: str = "off") -> object:
    [(state,)] = await harness.rows(
        "select state from subscription where id = ?", await harness.subscription(address, name)
    )
    return state


@pytest.mark.parametrize("suspended_for", [None, "bounces"])
async def test_who_comes_back_after_bounces_is_still_off(harness: DeliveryHarness, suspended_for: str | None) -> None:
    """Also whom an earlier version imported, as suspended for bounces. It stays known since when they are suspended."""
    await harness.change(
        "update subscription set suspended_for = ?, since = 7 where state = 'suspended'", suspended_for
    )
    await send(harness, "one", GONE)
    harness.pass_time(8 * DAY)
    question = next(copy for copy in await ask(harness) if copy.rcpt_to == READER)
    assert b"off" not in question.mail_from.encode()
    assert Confirmed.CONFIRMED is await come_back(harness, question)
    assert ("active", "suspended") == (await state(harness, name="news"), await state(harness))
    off = await harness.subscription(READER, "off")
    assert [(7,)] == await harness.rows("select since from subscription where id = ?", off)


async def test_a_file_may_suspend_who_is_suspended_for_bounces(harness: DeliveryHarness) -> None:
    change(harness.services.settings, bounces=BounceSettings(soft_limit=1))
    await send(harness, "one", FULL)
    await harness.services.subscribers.import_batch(
        "off", [ImportRow(line=1, email=OTHER, state="suspended")], source="import"
    )
    harness.pass_time(8 * DAY)
    for question in await ask(harness):
        await come_back(harness, question)
    assert ("active", "suspended") == (await state(harness, OTHER, "news"), await state(harness, OTHER))


async def test_who_changes_to_the_address_of_another_reader_is_still_off(harness: DeliveryHarness) -> None:
    changes = AddressChanges(harness.services.context)
    [(reader,)] = await harness.rows("select id from subscriber where address = ?", READER)
    await changes.request(reader, parse_address(OTHER), WEB)
    [(number,)] = await harness.rows("select id from address_change")
    await changes.confirm(number, WEB)
    assert "suspended" == await state(harness, OTHER)
    await changes.undo(number, WEB)
    assert "suspended" == await state(harness)


async def test_a_pause_does_not_turn_it_on_when_it_ends(harness: DeliveryHarness) -> None:
    number = await harness.subscription(READER, "off")
    await carry_out(harness.services.context, WEB, pause_subscription, number, 2)
    harness.pass_time(3 * DAY)
    await harness.housekeeping.round()
    assert "suspended" == await state(harness)
    with pytest.raises(Refused, match="imported as suspended on off"):
        await harness.services.subscribers.add("off", parse_address(READER))


async def test_who_signs_up_reads_it(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(["off"], Applicant(parse_address(READER), WEB), network=None)
    [question] = await ask(harness)
    assert Confirmed.CONFIRMED is await come_back(harness, question)
    assert "active" == await state(harness)


async def test_who_leaves_and_takes_it_back_is_still_off(harness: DeliveryHarness) -> None:
    number = await harness.subscription(READER, "off")
    assert UnsubscribeOutcome.LEFT is await harness.services.unsubscribes.unsubscribe(number, WEB)
    assert [] == await harness.rows("select 1 from unsubscribe")
    assert "unsubscribed" == await state(harness)
