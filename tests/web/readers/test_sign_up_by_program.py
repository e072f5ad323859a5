"""Another program signs people up: a short answer for it, and no limit by an address that all of them share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.web.harness import WebHarness, open_web

from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings

SHOP, STRANGER = "203.0.113.9", "203.0.113.10"
TWICE = LimitSettings(sign_ups_per_ip=Rate(2, 3600.0), trusted_sign_up_addresses=(SHOP,))
JSON = {"Accept": "application/json"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"}


async def statuses(web: WebHarness, peer: str, number: int = 4) -> list[int]:
    async with web.client(peer=peer) as client:
        addresses = [f"new{place}@reader.example" for place in range(number)]
        return [(await client.post("/news/subscribe", data={"email": address})).status_code for address in addresses]


async def test_a_trusted_server_signs_up_more_than_one_client_may(tmp_path: Path) -> None:
    """Everybody else is held to the limit, whoever signs up beside them."""
    async with open_web(tmp_path, limits=TWICE) as web:
        await web.add_list()
        assert [303] * 4 == await statuses(web, SHOP)
        assert [303, 303, 429, 429] == await statuses(web, STRANGER)


async def test_a_program_gets_a_line_of_json(tmp_path: Path) -> None:
    """The same for a member and a stranger, and errors by their status."""
    async with open_web(tmp_path, limits=TWICE) as web:
        number = await web.add_list()
        await web.add_reader(number, "member@reader.example")
        async with web.client(peer=SHOP) as client:
            member, stranger = [
                await client.post("/news/subscribe", data={"email": address}, headers=JSON)
                for address in ("member@reader.example", "new@reader.example")
            ]
            assert (202, "accepted") == (stranger.status_code, stranger.json()["status"])
            assert (stranger.status_code, stranger.content) == (member.status_code, member.content)
            bad = await client.post("/news/subscribe", data={"email": "nobody"}, headers=JSON)
            assert (400, {"error"}) == (bad.status_code, set(bad.json()))
            assert (
                404 == (await client.post("/nope/subscribe", data={"email": "a@x.example"}, headers=JSON)).status_code
            )
        async with web.client(peer=STRANGER) as client:
            answers = [
                await client.post("/news/subscribe", data={"email": "more@reader.example"}, headers=JSON)
                for _ in range(3)
            ]
        assert [202, 202, 429] == [answer.status_code for answer in answers]
        assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize("headers", [{}, BROWSER, {"Accept": "*/*"}])
async def test_browsers_get_pages(tmp_path: Path, headers: dict[str, str]) -> None:
    async with open_web(tmp_path) as web:
        await web.add_list()
        async with web.client() as client:
            answer = await client.post("/news/subscribe", data={"email": "new@reader.example"}, headers=headers)
    assert (303, "/news/check-mail") == (answer.status_code, answer.headers["location"])
