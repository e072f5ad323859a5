"""Our own sign-up form proves that a person filled it in; what proves nothing gets the same answer."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from tests.web.house import House, open_house

from pressrun.core.quantities import Rate
from pressrun.services.settings import LimitSettings

# Nobody whose form proves nothing gets a mail: so a mail shows what was believed.
ONLY_PROVEN = LimitSettings(unproven_sign_ups=Rate(1, 3600.0), sign_ups_per_ip=Rate(1000, 3600.0))


async def fields_of(client: httpx.AsyncClient, name: str = "news") -> dict[str, str]:
    """What a browser posts of the form besides what a person types."""
    page = (await client.get(f"/{name}")).text
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


@pytest.mark.parametrize(
    ("seconds", "change", "mailed"),
    [
        (2, {}, True),
        (86400, {}, True),
        (1, {}, False),
        (86401, {}, False),
        (5, {"form_token": ""}, False),
        (5, {"form_token": "AAAAAAAAAAAA.x"}, False),
        (5, {"form_token": "\0\ud7ff"}, False),
        (5, {"remark": "Buy!"}, False),
    ],
)
async def test_a_form_is_proven_by_its_token_its_time_and_its_decoy(
    tmp_path: Path, seconds: float, change: dict[str, str], mailed: bool
) -> None:
    async with open_house(tmp_path, limits=ONLY_PROVEN) as house:
        await house.add_list()
        async with house.client() as client:
            await client.post("/news/subscribe", data={"email": "first@reader.example"})
            fields = await fields_of(client)
            house.clock.now += seconds
            if seconds > 3600:  # the limit on the unproven is over: it is taken up again
                await client.post("/news/subscribe", data={"email": "second@reader.example"})
            answer = await client.post("/news/subscribe", data={**fields, "email": "ada@reader.example", **change})
        assert (303, "/news/check-mail") == (answer.status_code, answer.headers["location"])
        assert mailed is ("ada@reader.example" in [address for _, address, _ in await house.notices()])


async def test_the_form_of_one_list_proves_nothing_for_another(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits=ONLY_PROVEN) as house:
        await house.add_list()
        await house.add_list("other")
        async with house.client() as client:
            await client.post("/news/subscribe", data={"email": "first@reader.example"})
            fields = await fields_of(client, "other")
            house.clock.now += 5
            await client.post("/news/subscribe", data={**fields, "email": "ada@reader.example"})
        assert 1 == len(await house.notices())


async def test_the_decoy_is_seen_by_nobody(house: House) -> None:
    """Not by eyes, screen readers, the keyboard, or what fills in forms."""
    await house.add_list()
    async with house.client() as client:
        page = (await client.get("/news")).text
    decoy = re.search(r"<div hidden>.*?</div>", page)
    assert decoy is not None
    assert 'name="remark" tabindex="-1" autocomplete="off"' in decoy[0]
