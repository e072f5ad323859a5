"""Every limit that counts by client, behind a Unix socket: it holds whoever is trusted and whatever a proxy says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.web.harness import WebHarness, open_web

from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings
from pressrun.web.settings import HttpSettings

TWICE = Rate(2, 3600.0)
LIMITS = LimitSettings(sign_ups_per_ip=TWICE, preference_links_per_ip=TWICE, searches_per_ip=TWICE)
Door = Callable[[WebHarness, dict[str, str]], Awaitable[int]]
MEMBERS = [f"member{number}@reader.example" for number in range(4)]


async def sign_ups(web: WebHarness, headers: dict[str, str]) -> int:
    async with web.client(peer="") as client:
        answers = [
            await client.post("/news/subscribe", data={"email": f"new{number}@reader.example"}, headers=headers)
            for number in range(4)
        ]
    return [answer.status_code for answer in answers].count(303)


async def searches(web: WebHarness, headers: dict[str, str]) -> int:
    async with web.client(peer="") as client:
        answers = [await client.get("/news/search?q=boats", headers=headers) for _ in range(4)]
    return [answer.status_code for answer in answers].count(200)


async def preference_links(web: WebHarness, headers: dict[str, str]) -> int:
    async with web.client(peer="") as client:
        for address in MEMBERS:
            await client.post("/preferences", data={"email": address}, headers=headers)
    return len(await web.notices())


@pytest.mark.parametrize("door", [sign_ups, searches, preference_links])
@pytest.mark.parametrize(
    ("trusted", "headers"),
    [
        (("127.0.0.1", "::1"), {}),
        (("127.0.0.1", "::1"), {"X-Forwarded-For": "203.0.113.9"}),
        (("unix",), {}),
        (("unix",), {"X-Forwarded-For": "unknown"}),
        (("unix",), {"X-Forwarded-For": "203.0.113.9"}),
    ],
)
async def test_a_limit_by_client_holds(
    tmp_path: Path, door: Door, trusted: tuple[str, ...], headers: dict[str, str]
) -> None:
    settings = HttpSettings(trusted_proxies=trusted)
    async with open_web(tmp_path, limits=LIMITS, settings=settings) as web:
        number = await web.add_list()
        for address in MEMBERS:
            await web.add_reader(number, address)
        assert 2 == await door(web, headers)
