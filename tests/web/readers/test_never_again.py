"""The link below a confirmation that nobody asked for: it stops all mail of this server, for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.web.harness import WebHarness, words_of

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.tokens import WebPurpose, digests_of, pack_digests
from pressrun.services.members.suppression_admin import SuppressionAdmin

VICTIM = "Vic.Tim+news@gmail.com"


def link_to(web: WebHarness, address: str = VICTIM, subscriber: int = 1) -> str:
    digests = pack_digests(*dict.fromkeys(digests_of(web.keys, parse_address(address))))
    return f"/unsubscribe/never-again/{web.tokens.make(WebPurpose.NEVER_AGAIN, subscriber, *digests)}"


async def mailed(web: WebHarness) -> list[str]:
    return [address for _, address, _ in await web.notices()]


async def test_looking_asks_and_changes_nothing(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": VICTIM})
        before = await web.everything()
        for method in ("HEAD", "POST", "GET"):
            page = await client.request(method, link_to(web))
            assert (200, "noindex") == (page.status_code, page.headers["x-robots-tag"])
        assert "Block all email" in words_of((await client.get(link_to(web))).text)
    assert before == await web.everything()


@pytest.mark.parametrize("typed", [VICTIM, "victim@gmail.com", "v.ictim+other@googlemail.com"])
async def test_no_spelling_of_the_mailbox_gets_a_mail_any_more(web: WebHarness, typed: str) -> None:
    await web.add_list()
    await web.add_list("other")
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": VICTIM})
        answer = await client.post(link_to(web), data={"action": "never-again"})
        assert 200 == answer.status_code
        for name in ("news", "other"):
            await client.post(f"/{name}/subscribe", data={"email": typed})
    assert [VICTIM] == await mailed(web)
    assert {"never-again"} == {reason for (reason,) in await web.rows("select reason from suppression")}


async def test_the_request_ends_with_its_evidence(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": VICTIM})
        confirm = web.confirm_path(await web.last_confirmation())
        await client.post(link_to(web), data={"action": "never-again"})
        await client.post(confirm)
    assert [("unsubscribed",)] == await web.rows("select state from subscription")
    last = (await web.consent(VICTIM))[-1]
    assert ("withdrawn", "web") == (last["event"], last["source"])
    assert "[Block all email]" in str(last["text"])
    assert [("cancelled",)] == await web.rows("select state from delivery")


async def test_it_works_when_the_request_is_long_forgotten(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        answer = await client.post(link_to(web), data={"action": "never-again"})
        assert 200 == answer.status_code
        await client.post("/news/subscribe", data={"email": VICTIM})
    assert [] == await mailed(web)


async def test_a_number_that_came_to_mean_somebody_else_touches_nobody(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    async with web.client() as client:
        await client.post(link_to(web), data={"action": "never-again"})
    assert "active" == (await web.subscription(reader)).state


async def test_nobody_is_asked_again_to_take_over_a_readers_mail(web: WebHarness) -> None:
    """Each mail that asks for it has the link, and what it asked for can no longer be confirmed."""
    await web.add_reader(await web.add_list())
    own = web.preferences_path(1, 0, int(web.clock.now) + 3600)
    change = web.tokens.make(WebPurpose.CHANGE, 1, int(web.clock.now) + 3600)
    async with web.client() as client:
        await client.post(own, data={"action": "change-address", "email": VICTIM})
        await client.post(link_to(web), data={"action": "never-again"})
        assert 404 == (await client.post(f"/confirm/{change}")).status_code
        await client.post(own, data={"action": "change-address", "email": "victim@gmail.com"})
    assert 1 == [parse_address(address).mailbox for address in await mailed(web)].count("victim@gmail.com")
    assert [("active",)] == await web.rows("select state from subscription")


async def test_the_operator_can_let_the_mailbox_in_again(web: WebHarness) -> None:
    await web.add_list()
    suppressions = SuppressionAdmin(web.context())
    async with web.client() as client:
        await client.post(link_to(web), data={"action": "never-again"})
        await suppressions.remove(parse_address(VICTIM))
        await client.post("/news/subscribe", data={"email": VICTIM})
    assert [VICTIM] == await mailed(web)


async def test_whoever_did_it_by_mistake_reads_whom_to_ask(web: WebHarness) -> None:
    """Nothing else helps: this server sends that mailbox no link any more."""
    site = replace(web.site, receives_mail=True, operator="ops@example.org")
    pages = []
    for there in (web, replace(web, site=site)):
        async with there.client() as client:
            pages.append((await client.post(link_to(web), data={"action": "never-again"})).text)
    assert [False, True] == ["Questions? Write to" in page for page in pages]
    assert "postmaster@news.example.org" in words_of(pages[1])


async def test_only_its_own_token_opens_it(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    other = web.unsubscribe_path(reader).rpartition("/")[2]
    own = link_to(web).rpartition("/")[2]
    async with web.client() as client:
        responses = [
            await client.get(path)
            for path in (f"/unsubscribe/never-again/{other}", f"/unsubscribe/{own}", "/unsubscribe/never-again/x")
        ]
    assert [404] * 3 == [response.status_code for response in responses]
    assert 1 == len({response.text for response in responses})
