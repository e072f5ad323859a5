"""Asking by an address to be mailed the link to leave: nothing shows of who is a member."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.web.harness import WebHarness, open_web, words_of

from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings

ADA = "ada@reader.example"
PAGE = "/news/unsubscribe"


async def test_a_member_is_mailed_the_link_and_leaves_by_it(web: WebHarness) -> None:
    number = await web.add_reader(await web.add_list(), ADA)
    async with web.client() as client:
        page = await client.get(PAGE)
        answer = await client.post(PAGE, data={"email": ADA.upper()})
        assert [("unsubscribe_link", ADA)] == [(kind, to) for kind, to, _ in await web.notices()]
        assert number == (await web.notices())[0][2]["subscription"]
        await client.post(web.unsubscribe_path(number), data={"action": "leave"})
    assert (200, 200) == (page.status_code, answer.status_code)
    assert "Unsubscribe from The Harbour Letter" in words_of(page.text)
    assert "unsubscribed" == (await web.subscription(number)).state


@pytest.mark.parametrize("state", ["pending", "unsubscribed"])
async def test_whoever_is_no_member_is_mailed_nothing(web: WebHarness, state: str) -> None:
    await web.add_reader(await web.add_list(), ADA, state)
    await web.add_reader(await web.add_list("other"), "eve@reader.example")
    async with web.client() as client:
        for address in (ADA, "eve@reader.example", "nobody@reader.example"):
            await client.post(PAGE, data={"email": address})
    assert [] == await web.notices()


async def test_every_address_gets_the_same_answer(web: WebHarness) -> None:
    """A member, whoever left, is suppressed, is unknown, or asks too often: status, headers and body."""
    number = await web.add_list()
    await web.add_reader(number, "here@reader.example")
    await web.add_reader(number, "gone@reader.example", "unsubscribed")
    await web.add_reader(number, "stop@reader.example")
    await web.suppress("stop@reader.example", "complaint")
    addresses = [f"{name}@reader.example" for name in ("none", "gone", "stop", *["here"] * 5)]
    async with web.client() as client:
        answers = [await client.post(PAGE, data={"email": address}) for address in addresses]
    seen = [(answer.status_code, sorted(answer.headers.items()), answer.text) for answer in answers]
    assert [seen[0]] * len(seen) == seen
    assert 3 == len(await web.notices())


async def test_it_counts_as_a_preferences_link_of_the_address(web: WebHarness) -> None:
    await web.add_reader(await web.add_list(), ADA)
    async with web.client() as client:
        for path in (PAGE, "/preferences", PAGE, "/preferences", PAGE):
            await client.post(path, data={"email": ADA})
    assert ["unsubscribe_link", "preferences_link", "unsubscribe_link"] == [kind for kind, *_ in await web.notices()]


async def test_one_network_asks_so_often(tmp_path: Path) -> None:
    async with open_web(tmp_path, limits=LimitSettings(preference_links_per_ip=Rate(2, 3600.0))) as web:
        number = await web.add_list()
        for index in range(3):
            await web.add_reader(number, f"r{index}@reader.example")
        async with web.client(peer="192.0.2.1") as client:
            for index in range(3):
                await client.post(PAGE, data={"email": f"r{index}@reader.example"})
        assert 2 == len(await web.notices())


async def test_what_is_wrong_is_said(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        wrong = await client.post(PAGE, data={"email": "ada@"})
        missing = await client.get("/nothing/unsubscribe")
    assert (400, True) == (wrong.status_code, 'aria-describedby="bad-address"' in wrong.text)
    assert 'value="ada@"' in wrong.text
    assert 404 == missing.status_code


async def test_who_has_left_a_closed_list_is_not_told_to_come_back(web: WebHarness) -> None:
    """There is no way back, neither at once nor when the link is opened again."""
    number = await web.add_reader(await web.add_list(), ADA)
    await web.close_list()
    path = web.unsubscribe_path(number)
    async with web.client() as client:
        pages = [await client.post(path, data={"action": "leave"}), await client.get(path)]
    for page in pages:
        assert "The Harbour Letter is closed and no longer accepts subscriptions." in words_of(page.text)
        assert "again" not in words_of(page.text)


async def test_a_closed_list_is_left_as_well(web: WebHarness) -> None:
    await web.add_reader(await web.add_list(), ADA)
    await web.close_list()
    async with web.client() as client:
        assert 200 == (await client.post(PAGE, data={"email": ADA})).status_code
    assert ["unsubscribe_link"] == [kind for kind, *_ in await web.notices()]


@pytest.mark.parametrize(
    ("path", "mailed"), [(PAGE, []), ("/preferences?list=news", ["preferences_link"]), ("/news/subscribe", [])]
)
async def test_a_list_that_is_removed_while_the_form_arrives(web: WebHarness, path: str, mailed: list[str]) -> None:
    """Whoever reads another one gets the link to their preferences all the same."""
    await web.add_reader(await web.add_list("other"), ADA)
    number = await web.add_list()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"email="
        await web.write(f"delete from list where id = {number}")
        yield b"ada%40reader.example"

    async with web.client() as client:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post(path, content=pieces(), headers=headers)
    assert answer.status_code == (404 if path == "/news/subscribe" else 200)
    assert mailed == [kind for kind, *_ in await web.notices()]
