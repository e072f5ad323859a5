"""What a pause does, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.database import execute, execute_in
from tests.web.house import NOW, House, open_house

from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
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
            execute_in(
                tx,
                "insert into delivery (edition_id, subscription_id, domain, state, due_at) values (?, ?, 'd', ?, 0)",
                edition,
                reader if state == "queued" else None,
                state,
            )

    await house.database.write(queue)
    await house.preferences().pause(LINK, 7, WEB)
    assert [("cancelled",), ("claimed",)] == await house.rows(
        "select state from delivery where edition_id is not null order by id"
    )


async def test_who_is_suspended_for_bounces_is_not_brought_back_by_a_pause(house: House) -> None:
    reader = await house.add_reader(await house.add_list(), state="suspended")
    await execute(house.database, "update subscription set suspended_for = 'bounces'")
    preferences = house.preferences()
    await preferences.pause(LINK, 7, WEB)
    await preferences.resume(LINK, WEB)
    standing = await house.subscription(reader)
    assert ("suspended", "bounces", None) == (standing.state, standing.suspended_for, standing.paused_until)


@pytest.mark.parametrize("days", [0, 366])
async def test_a_pause_has_a_length(house: House, days: int) -> None:
    await house.add_reader(await house.add_list())
    with pytest.raises(ValueError, match="1 to 365"):
        await house.preferences().pause(LINK, days, WEB)


async def pause_notes(house: House) -> list[tuple[str, dict[str, object]]]:
    rows = await house.rows(
        "select list.name, payload from notice join list on list.id = list_id where kind = 'paused'"
    )
    return [(name, json.loads(payload)) for name, payload in rows]


async def test_a_pause_is_noted_once_for_all_its_lists(house: House) -> None:
    for name, title in (("news", "News"), ("tides", "Tides"), ("quiet", "Quiet")):
        await house.add_reader(await house.add_list(name, title=title))
    await execute(house.database, "update list set leaving_note = 0 where name = 'quiet'")
    preferences = house.preferences()
    await preferences.pause(replace(LINK, list_name="tides"), 7, WEB)
    [(name, payload)] = await pause_notes(house)
    assert ("tides", ["News"], int(NOW) + 7 * 86400) == (name, payload["also"], payload["until"])


async def test_only_the_start_of_a_pause_is_noted(house: House) -> None:
    await house.add_reader(await house.add_list())
    preferences = house.preferences()
    for days in (7, 30):
        await preferences.pause(LINK, days, WEB)
    assert 1 == len(await pause_notes(house))
    await preferences.resume(LINK, WEB)
    assert 1 == len(await pause_notes(house))


async def test_whoever_pauses_again_and_again_is_told_a_few_times(house: House) -> None:
    house.limits = LimitSettings(pause_notes_per_address=Rate(2, 86400.0))
    await house.add_reader(await house.add_list())
    preferences = house.preferences()
    for _ in range(4):
        await preferences.pause(LINK, 7, WEB)
        await preferences.resume(LINK, WEB)
    await preferences.pause(LINK, 7, WEB)
    assert 2 == len(await pause_notes(house))
    assert [("suspended", "paused")] == await house.rows("select state, suspended_for from subscription")
