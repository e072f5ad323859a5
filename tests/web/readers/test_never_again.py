"""The link below a confirmation that nobody asked for: it stops all mail of this server, for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.web.house import House, words_of

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.tokens import WebPurpose, digests_of, pack_digests
from pressrun.services.members.suppression_admin import SuppressionAdmin

VICTIM = "Vic.Tim+news@gmail.com"


def link_to(house: House, address: str = VICTIM, subscriber: int = 1) -> str:
    digests = pack_digests(*dict.fromkeys(digests_of(house.keys, parse_address(address))))
    return f"/unsubscribe/never-again/{house.tokens.make(WebPurpose.NEVER_AGAIN, subscriber, *digests)}"


async def mailed(house: House) -> list[str]:
    return [address for _, address, _ in await house.notices()]


async def test_looking_asks_and_changes_nothing(house: House) -> None:
    await house.add_list()
    async with house.client() as client:
        await client.post("/news/subscribe", data={"email": VICTIM})
        before = await house.everything()
        for method in ("HEAD", "POST", "GET"):
            page = await client.request(method, link_to(house))
            assert (200, "noindex") == (page.status_code, page.headers["x-robots-tag"])
        assert "Block all email" in words_of((await client.get(link_to(house))).text)
    assert before == await house.everything()


@pytest.mark.parametrize("typed", [VICTIM, "victim@gmail.com", "v.ictim+other@googlemail.com"])
async def test_no_spelling_of_the_mailbox_gets_a_mail_any_more(house: House, typed: str) -> None:
    await house.add_list()
    await house.add_list("other")
    async with house.client() as client:
        await client.post("/news/subscribe", data={"email": VICTIM})
        answer = await client.post(link_to(house), data={"action": "never-again"})
        assert 200 == answer.status_code
        for name in ("news", "other"):
            await client.post(f"/{name}/subscribe", data={"email": typed})
    assert [VICTIM] == await mailed(house)
    assert {"never-again"} == {reason for (reason,) in await house.rows("select reason from suppression")}


async def test_the_request_ends_with_its_evidence(house: House) -> None:
    await house.add_list()
    async with house.client() as client:
        await client.post("/news/subscribe", data={"email": VICTIM})
        confirm = house.confirm_path(await house.last_confirmation())
        await client.post(link_to(house), data={"action": "never-again"})
        await client.post(confirm)
    assert [("unsubscribed",)] == await house.rows("select state from subscription")
    last = (await house.consent(VICTIM))[-1]
    assert ("withdrawn", "web") == (last["event"], last["source"])
    assert "[Block all email]" in str(last["text"])
    assert [("cancelled",)] == await house.rows("select state from delivery")


async def test_it_works_when_the_request_is_long_forgotten(house: House) -> None:
    await house.add_list()
    async with house.client() as client:
        answer = await client.post(link_to(house), data={"action": "never-again"})
        assert 200 == answer.status_code
        await client.post("/news/subscribe", data={"email": VICTIM})
    assert [] == await mailed(house)


async def test_a_number_that_came_to_mean_somebody_else_touches_nobody(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    async with house.client() as client:
        await client.post(link_to(house), data={"action": "never-again"})
    assert "active" == (await house.subscription(reader)).state


async def test_nobody_is_asked_again_to_take_over_a_readers_mail(house: House) -> None:
    """Each mail that asks for it has the link, and what it asked for can no longer be confirmed."""
    await house.add_reader(await house.add_list())
    own = house.preferences_path(1, 0, int(house.clock.now) + 3600)
    change = house.tokens.make(WebPurpose.CHANGE, 1, int(house.clock.now) + 3600)
    async with house.client() as client:
        await client.post(own, data={"action": "change-address", "email": VICTIM})
        await client.post(link_to(house), data={"action": "never-again"})
        assert 404 == (await client.post(f"/confirm/{change}")).status_code
        await client.post(own, data={"action": "change-address", "email": "victim@gmail.com"})
    assert 1 == [parse_address(address).fold for address in await mailed(house)].count("victim@gmail.com")
    assert [("active",)] == await house.rows("select state from subscription")


async def test_the_operator_can_let_the_mailbox_in_again(house: House) -> None:
    await house.add_list()
    suppressions = SuppressionAdmin(house.context())
    async with house.client() as client:
        await client.post(link_to(house), data={"action": "never-again"})
        await suppressions.remove(parse_address(VICTIM))
        await client.post("/news/subscribe", data={"email": VICTIM})
    assert [VICTIM] == await mailed(house)


async def test_whoever_did_it_by_mistake_reads_whom_to_ask(house: House) -> None:
    """Nothing else helps: this server sends that mailbox no link any more."""
    site = replace(house.site, receives_mail=True, operator="ops@example.org")
    pages = []
    for there in (house, replace(house, site=site)):
        async with there.client() as client:
            pages.append((await client.post(link_to(house), data={"action": "never-again"})).text)
    assert [False, True] == ["Questions? Write to" in page for page in pages]
    assert "postmaster@news.example.org" in pages[1]


async def test_only_its_own_token_opens_it(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    other = house.unsubscribe_path(reader).rpartition("/")[2]
    own = link_to(house).rpartition("/")[2]
    async with house.client() as client:
        responses = [
            await client.get(path)
            for path in (f"/unsubscribe/never-again/{other}", f"/unsubscribe/{own}", "/unsubscribe/never-again/x")
        ]
    assert [404] * 3 == [response.status_code for response in responses]
    assert 1 == len({response.text for response in responses})
