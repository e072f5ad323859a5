"""What a pause does, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.database import execute, execute_in
from tests.web.harness import NOW, WebHarness, open_web

from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.store.transaction import Transaction

LINK = PreferenceLink(subscriber_id=1, epoch=0)
WEB = Origin(source="web", words="[Pause]")


@pytest_asyncio.fixture
async def web(tmp_path: Path) -> AsyncIterator[WebHarness]:
    async with open_web(tmp_path) as opened:
        yield opened


async def test_a_pause_cancels_what_nobody_has_claimed(web: WebHarness) -> None:
    number = await web.add_list()
    reader = await web.add_reader(number)
    edition = await web.add_edition(number, state="sending")

    def queue(tx: Transaction) -> None:
        for state in ("queued", "claimed"):
            execute_in(
                tx,
                "insert into delivery (edition_id, subscription_id, domain, state, due_at) values (?, ?, 'd', ?, 0)",
                edition,
                reader if state == "queued" else None,
                state,
            )

    await web.database.write(queue)
    await web.preferences().pause(LINK, 7, WEB)
    assert [("cancelled",), ("claimed",)] == await web.rows(
        "select state from delivery where edition_id is not null order by id"
    )


async def test_who_is_suspended_for_bounces_is_not_brought_back_by_a_pause(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list(), state="suspended")
    await execute(web.database, "update subscription set suspended_for = 'bounces'")
    preferences = web.preferences()
    await preferences.pause(LINK, 7, WEB)
    await preferences.resume(LINK, WEB)
    standing = await web.subscription(reader)
    assert ("suspended", "bounces", None) == (standing.state, standing.suspended_for, standing.paused_until)


@pytest.mark.parametrize("days", [0, 366])
async def test_a_pause_has_a_length(web: WebHarness, days: int) -> None:
    await web.add_reader(await web.add_list())
    with pytest.raises(ValueError, match="1 to 365"):
        await web.preferences().pause(LINK, days, WEB)


async def pause_notes(web: WebHarness) -> list[tuple[str, dict[str, object]]]:
    rows = await web.rows("select list.name, payload from notice join list on list.id = list_id where kind = 'paused'")
    return [(name, json.loads(payload)) for name, payload in rows]


async def test_a_pause_is_noted_once_for_all_its_lists(web: WebHarness) -> None:
    for name, title in (("news", "News"), ("tides", "Tides"), ("quiet", "Quiet")):
        await web.add_reader(await web.add_list(name, title=title))
    await execute(web.database, "update list set leaving_note = 0 where name = 'quiet'")
    preferences = web.preferences()
    await preferences.pause(replace(LINK, list_name="tides"), 7, WEB)
    [(name, payload)] = await pause_notes(web)
    assert ("tides", ["News"], int(NOW) + 7 * 86400) == (name, payload["also"], payload["until"])


async def test_only_the_start_of_a_pause_is_noted(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    preferences = web.preferences()
    for days in (7, 30):
        await preferences.pause(LINK, days, WEB)
    assert 1 == len(await pause_notes(web))
    await preferences.resume(LINK, WEB)
    assert 1 == len(await pause_notes(web))


async def test_whoever_pauses_again_and_again_is_told_a_few_times(web: WebHarness) -> None:
    web.limits = LimitSettings(pause_notes_per_address=Rate(2, 86400.0))
    await web.add_reader(await web.add_list())
    preferences = web.preferences()
    for _ in range(4):
        await preferences.pause(LINK, 7, WEB)
        await preferences.resume(LINK, WEB)
    await preferences.pause(LINK, 7, WEB)
    assert 2 == len(await pause_notes(web))
    assert [("suspended", "paused")] == await web.rows("select state, suspended_for from subscription")
