"""What a pause does, and what it leaves alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.web.house import House, open_house

from pressrun.services.readers.preferring import PreferenceLink
from pressrun.services.readers.subscribing import Origin
from pressrun.store.transaction import Transaction

LINK = PreferenceLink(subscriber_id=1, epoch=0)
WEB = Origin(source="web", words="[Pause]")


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def test_a_pause_cancels_what_nobody_has_claimed(house: House) -> None:
    number = await house.add_list()
    reader = await house.add_reader(number)
    edition = await house.add_edition(number, state="sending")

    def queue(tx: Transaction) -> None:
        for state in ("queued", "claimed"):
            tx._connection.execute(
                "insert into delivery (edition_id, subscription_id, domain, state, due_at) values (?, ?, 'd', ?, 0)",
                (edition, reader if state == "queued" else None, state),
            )

    await house.database.write(queue)
    await house.preferring().pause(LINK, 7, WEB)
    assert [("cancelled",), ("claimed",)] == await house.rows("select state from delivery order by id")


async def test_who_is_suspended_for_bounces_is_not_brought_back_by_a_pause(house: House) -> None:
    reader = await house.add_reader(await house.add_list(), state="suspended")

    def mark(tx: Transaction) -> None:
        tx._connection.execute("update subscription set suspended_for = 'bounces'")

    await house.database.write(mark)
    preferring = house.preferring()
    await preferring.pause(LINK, 7, WEB)
    await preferring.resume(LINK, WEB)
    standing = await house.subscription(reader)
    assert ("suspended", "bounces", None) == (standing.state, standing.suspended_for, standing.paused_until)


@pytest.mark.parametrize("days", [0, 366])
async def test_a_pause_has_a_length(house: House, days: int) -> None:
    with pytest.raises(ValueError, match="1 to 365"):
        await house.preferring().pause(LINK, days, WEB)
