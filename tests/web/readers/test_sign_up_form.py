"""Our own sign-up form proves that a person filled it in; what proves nothing gets the same answer."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from tests.proof_of_work import do_work
from tests.web.harness import WebHarness, open_web

from pressrun.core.abuse.work import is_work
from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import WebPurpose
from pressrun.services.limit_settings import LimitSettings

# Nobody whose form proves nothing gets a mail: so a mail shows what was believed.
ONLY_PROVEN = LimitSettings(unproven_sign_ups=Rate(1, 3600.0), sign_ups_per_ip=Rate(1000, 3600.0))


# A second mail goes to those alone whose browser did the work.
ONLY_WORKED = LimitSettings(
    proof_of_work_above=Rate(1, 3600.0), proof_of_work_bits=8, sign_ups_per_ip=Rate(1000, 3600.0)
)
ADA = "ada@reader.example"


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
        (5, {"form_token": "\ud7ff"}, False),
        (5, {"remark": "Buy!"}, False),
    ],
)
async def test_a_form_is_proven_by_its_token_its_time_and_its_decoy(
    tmp_path: Path, seconds: float, change: dict[str, str], mailed: bool
) -> None:
    async with open_web(tmp_path, limits=ONLY_PROVEN) as web:
        await web.add_list()
        async with web.client() as client:
            await client.post("/news/subscribe", data={"email": "first@reader.example"})
            fields = await fields_of(client)
            web.clock.now += seconds
            if seconds > 3600:  # the limit on the unproven is over: it is taken up again
                await client.post("/news/subscribe", data={"email": "second@reader.example"})
            answer = await client.post("/news/subscribe", data={**fields, "email": "ada@reader.example", **change})
        assert 200 == answer.status_code
        assert mailed is ("ada@reader.example" in [address for _, address, _ in await web.notices()])


async def test_the_form_of_one_list_proves_nothing_for_another(tmp_path: Path) -> None:
    async with open_web(tmp_path, limits=ONLY_PROVEN) as web:
        await web.add_list()
        await web.add_list("other")
        async with web.client() as client:
            await client.post("/news/subscribe", data={"email": "first@reader.example"})
            fields = await fields_of(client, "other")
            web.clock.now += 5
            await client.post("/news/subscribe", data={**fields, "email": "ada@reader.example"})
        assert 1 == len(await web.notices())


async def test_a_form_proves_one_sign_up_also_after_a_restart(tmp_path: Path) -> None:
    """A second one gets the same answer, and another copy of the form proves the next."""
    async with open_web(tmp_path, limits=ONLY_PROVEN) as web:
        await web.add_list()
        async with web.client() as client:
            await client.post("/news/subscribe", data={"email": "first@reader.example"})
            used, fresh = await fields_of(client), await fields_of(client)
            web.clock.now += 5
            answers = [
                await client.post("/news/subscribe", data={**used, "email": email})
                for email in (ADA, "eve@reader.example")
            ]
    async with open_web(tmp_path, limits=ONLY_PROVEN) as again:
        again.clock.now = web.clock.now
        async with again.client() as client:
            for fields, email in ((used, "eva@reader.example"), (fresh, "bo@reader.example")):
                answers.append(await client.post("/news/subscribe", data={**fields, "email": email}))
        mailed = [address for _, address, _ in await again.notices()]
    assert [200] * 4 == [answer.status_code for answer in answers]
    assert ["first@reader.example", ADA, "bo@reader.example"] == mailed


async def test_a_double_click_sends_one_email(web: WebHarness) -> None:
    """The page is the same both times, and its form asks again."""
    await web.add_list()
    async with web.client() as client:
        fields = {**await fields_of(client), "email": ADA}
        web.clock.now += 5
        answers = await asyncio.gather(*(client.post("/news/subscribe", data=fields) for _ in range(3)))
        pages = {re.sub(r'"form_token" value="[^"]*"', "", answer.text) for answer in answers}
        assert (1, 1) == (len(pages), len(await web.notices()))
        again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answers[1].text))
        await client.post("/news/subscribe", data={**again, "email": ADA})
    assert ["confirmation"] * 2 == [kind for kind, *_ in await web.notices()]


@pytest.mark.parametrize("path", ["/news/unsubscribe", "/preferences", "/preferences?list=news"])
async def test_a_double_click_sends_one_link(web: WebHarness, path: str) -> None:
    await web.add_reader(await web.add_list(), ADA)
    async with web.client() as client:
        for number in (1, 2):
            page = (await client.get(path)).text
            fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
            answers = await asyncio.gather(*(client.post(path, data={**fields, "email": ADA}) for _ in range(2)))
            assert answers[0].content == answers[1].content
            assert number == len(await web.notices())


async def test_the_decoy_is_seen_by_nobody(web: WebHarness) -> None:
    """Not by eyes, screen readers, the keyboard, or what fills in forms."""
    await web.add_list()
    async with web.client() as client:
        page = (await client.get("/news")).text
    decoy = re.search(r"<div hidden>.*?</div>", page)
    assert decoy is not None
    assert 'name="remark" tabindex="-1" autocomplete="off"' in decoy[0]


async def challenged(web: WebHarness, client: httpx.AsyncClient) -> dict[str, str]:
    """The fields of the form once work is asked for, filled in at a person's pace."""
    await client.post("/news/subscribe", data={"email": "first@reader.example"})
    fields = await fields_of(client)
    web.clock.now += 5
    return fields


async def test_the_form_carries_a_challenge_only_while_work_is_asked_for(tmp_path: Path) -> None:
    """Only then does its page load a script, and a policy allow one."""
    async with open_web(tmp_path, limits=ONLY_WORKED) as web:
        await web.add_list()
        async with web.client() as client:
            quiet, fields = await client.get("/news"), await challenged(web, client)
            busy = await client.get("/news")
            web.clock.now += 3600
            after = await client.get("/news")
    policies = [page.headers["content-security-policy"] for page in (quiet, busy, after)]
    assert [False, True, False] == [policy.endswith("; script-src 'self'; worker-src 'self'") for policy in policies]
    assert [False, True, False] == ["/static/work." in page.text for page in (quiet, busy, after)]
    assert [False, True, False] == ['name="challenge"' in page.text for page in (quiet, busy, after)]
    assert {"form", "form_token", "challenge", "proof"} == set(fields)
    assert len(busy.content) < 30_000


@pytest.mark.parametrize(
    ("typed", "mailed"),
    [(ADA, True), ("eve@reader.example", False), ("Ada@reader.example", False)],
)
async def test_work_is_good_for_the_address_that_it_was_done_for(tmp_path: Path, typed: str, mailed: bool) -> None:
    """Handed in again it is that sign-up again, which has its limit."""
    async with open_web(tmp_path, limits=ONLY_WORKED) as web:
        await web.add_list()
        async with web.client() as client:
            fields = await challenged(web, client)
            proof = do_work(fields["challenge"], ADA, 8)
            while typed != ADA and is_work(fields["challenge"], typed, proof, 8):  # one in 256 is good for both
                fields = await challenged(web, client)
                proof = do_work(fields["challenge"], ADA, 8)
            answer = await client.post("/news/subscribe", data={**fields, "email": typed, "proof": proof})
        assert 200 == answer.status_code
        assert mailed is (typed in [address for _, address, _ in await web.notices()])


async def test_work_is_good_for_one_form_and_one_challenge_of_ours(tmp_path: Path) -> None:
    """Neither for another list, another moment or fewer bits, nor for a challenge that somebody made themselves."""
    async with open_web(tmp_path, limits=ONLY_WORKED) as web:
        number = await web.add_list()
        other = await web.add_list("other")
        async with web.client() as client:
            fields = await challenged(web, client)
            at = int(web.clock.now) - 5
            forged = [
                web.tokens.make(WebPurpose.WORK, other, at, 8),
                web.tokens.make(WebPurpose.WORK, number, at - 1, 8),
                web.tokens.make(WebPurpose.WORK, number, at),
                web.tokens.make(WebPurpose.FORM, number, at, 1),
                fields["challenge"][:-1],
                "",
            ]
            for challenge in forged:
                proof = do_work(challenge, ADA, 8)
                data = {**fields, "challenge": challenge, "email": ADA, "proof": proof}
                assert 200 == (await client.post("/news/subscribe", data=data)).status_code
        assert 1 == len(await web.notices())


async def test_while_sign_ups_are_held_the_form_asks_for_work(tmp_path: Path) -> None:
    """Whoever does it has their mail at once; the others get the same answer."""
    limits = LimitSettings(hold_sign_ups_above=2, hold_sign_ups_floor=1, proof_of_work_bits=8)
    async with open_web(tmp_path, limits=limits) as web:
        await web.add_list()
        async with web.client() as client:
            await client.post("/news/subscribe", data={"email": "second@reader.example"})
            fields = await challenged(web, client)
            answers = [
                await client.post("/news/subscribe", data={**fields, "email": address, "proof": proof})
                for address, proof in ((ADA, do_work(fields["challenge"], ADA, 8)), ("eve@reader.example", ""))
            ]
        assert {200} == {answer.status_code for answer in answers}
        queued = "select address from notice where id in (select notice_id from delivery) order by id"
        assert [("second@reader.example",), (ADA,)] == await web.rows(queued)
        waiting = "select address from notice where id in (select notice_id from held_notice) order by id"
        assert [("first@reader.example",), ("eve@reader.example",)] == await web.rows(waiting)


async def test_a_closed_list_asks_nobody_to_work(tmp_path: Path) -> None:
    async with open_web(tmp_path, limits=ONLY_WORKED) as web:
        await web.add_list()
        async with web.client() as client:
            await challenged(web, client)
            await web.close_list()
            assert "/static/work." not in (await client.get("/news")).text
