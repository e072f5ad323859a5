"""The front page, the page of a list, and signing up."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from tests.web.harness import NOW, WebHarness, open_web, words_of

from pressrun.core.quantities import Rate
from pressrun.message.words import ENGLISH
from pressrun.services.limit_settings import LimitSettings
from pressrun.web import consent_words
from pressrun.web.consent_words import sign_up_promise
from pressrun.web.settings import HttpSettings

ADA = "ada@reader.example"


def seen(response: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    return response.status_code, sorted(response.headers.items()), response.content


async def test_the_front_page_names_the_listed_and_open_lists(web: WebHarness) -> None:
    await web.add_list()
    await web.add_list("old", title="The Old Letter")
    await web.close_list("old")
    async with web.client() as client:
        page = (await client.get("/")).text
    assert 'href="/news"' in page
    assert "The Old Letter" not in page


async def test_a_list_page_shows_the_last_edition_the_form_and_the_feeds(web: WebHarness) -> None:
    number = await web.add_list()
    await web.add_edition(number)
    async with web.client() as client:
        response = await client.get("/news")
    page = response.text
    assert response.status_code == 200
    assert 'href="/news/archive/first"' in page
    assert 'action="/news/subscribe"' in page
    assert 'rel="alternate" type="application/atom+xml"' in page
    assert "https://news.example.org/news/feed.atom" in page
    assert sign_up_promise(ENGLISH) in words_of(page)
    assert len(response.content) < 30_000


async def test_what_people_wrote_is_escaped(web: WebHarness) -> None:
    await web.add_list(title='<script>alert(1)</script>"', description="<img src=x onerror=alert(1)>")
    async with web.client() as client:
        page = (await client.get("/news")).text + (
            await client.post("/news/subscribe", data={"email": '"><script>', "name": "<b>"})
        ).text
    assert "<script>" not in page
    assert "<img" not in page


async def test_a_sign_up_is_recorded_with_the_words_of_the_form(web: WebHarness) -> None:
    await web.add_list()
    async with web.client(peer="192.0.2.7") as client:
        data = {"email": ADA, "name": "  Ada\n L. ", "language": "en-GB", "form": "page"}
        response = await client.post("/news/subscribe", data=data)
    assert (200, "no-store") == (response.status_code, response.headers["cache-control"])
    assert f'<strong><bdi dir="ltr">{ADA}</bdi></strong>' in response.text
    recorded = (await web.consent())[0]
    expected = {
        "event": "requested",
        "ip": "192.0.2.7",
        "source": "web",
        "language": "en-GB",
        "text": consent_words.sign_up(ENGLISH, "The Harbour Letter"),
    }
    assert expected == {name: recorded[name] for name in expected}
    assert [("confirmation", ADA)] == [(kind, address) for kind, address, _ in await web.notices()]
    assert [("Ada L.",)] == await web.rows("select name from confirmation")


async def test_a_form_on_another_site_needs_the_address_alone(web: WebHarness) -> None:
    """No token, no Referer; and the evidence says that its words are not known."""
    await web.add_list()
    async with web.client() as client:
        response = await client.post(
            "/news/subscribe", data={"email": ADA}, headers={"Origin": "https://elsewhere.example"}
        )
    assert 303 == response.status_code
    assert consent_words.ELSEWHERE == (await web.consent())[0]["text"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, "email=a@b.example&name=%C3%81da+%E6%97%A5"),
        ({}, "email=a@b.example&name=Áda+日"),
        (
            {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
            "email=a%40b.example&name=%c3%81da%20日",
        ),
    ],
)
async def test_a_name_in_any_script_arrives_as_it_was_typed(
    web: WebHarness, headers: dict[str, str], body: str
) -> None:
    await web.add_list()
    kind = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    async with web.client() as client:
        assert 303 == (await client.post("/news/subscribe", content=body.encode(), headers=kind)).status_code
    assert [("Áda 日",)] == await web.rows("select name from confirmation")


async def test_every_well_formed_address_gets_the_same_answer(web: WebHarness) -> None:
    """Stranger, member, pending, suspended, gone, suppressed, and over the limit: status, headers and body."""
    number = await web.add_list()
    await web.add_reader(number, "member@reader.example")
    await web.add_reader(number, "pending@reader.example", "pending")
    await web.add_reader(number, "gone@reader.example", "unsubscribed")
    await web.suppress("never@reader.example", "never-again")
    await web.suppress("hard@reader.example", "hard-bounce")
    names = ["stranger", "member", "pending", "gone", "never", "hard", *["often"] * 5]
    async with web.client() as client:
        answers = [await client.post("/news/subscribe", data={"email": f"{name}@reader.example"}) for name in names]
    assert [seen(answers[0])] * len(answers) == [seen(answer) for answer in answers]
    mailed = [address.split("@")[0] for _, address, _ in await web.notices()]
    assert ["stranger", "member", "pending", "gone", "hard", "often", "often", "often"] == mailed


async def test_a_malformed_address_is_400_with_the_form_and_a_message_above_the_field(web: WebHarness) -> None:
    await web.add_list()
    before = await web.everything()
    async with web.client() as client:
        for data in ({"email": "ada@"}, {"email": ""}, {}, {"email": "a\r\nBcc: x@y.example"}, {"name": "x"}):
            response = await client.post("/news/subscribe", data=data)
            assert 400 == response.status_code
            assert response.text.index('id="bad-address"') < response.text.index('aria-describedby="bad-address"')
    assert before == await web.everything()


async def test_nul_makes_no_other_address_of_a_malformed_one(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        assert 400 == (await client.post("/news/subscribe", data={"email": "a\0b@reader.example"})).status_code
    assert [] == await web.rows("select 1 from subscription")


async def test_over_the_limit_of_a_network_it_is_429(tmp_path: Path) -> None:
    """IPv6 is counted by /64, IPv4 by address."""
    limits = LimitSettings(sign_ups_per_ip=Rate(2, 3600.0))
    async with open_web(tmp_path, limits=limits, settings=HttpSettings(trusted_proxies=())) as web:
        await web.add_list()
        statuses = []
        peers = ["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3", "2001:db8:0:2::1", "192.0.2.1"]
        for index, peer in enumerate(peers):
            async with web.client(peer=peer) as client:
                response = await client.post("/news/subscribe", data={"email": f"r{index}@reader.example"})
                statuses.append((response.status_code, response.headers.get("retry-after")))
    assert [(303, None), (303, None), (429, "3600"), (303, None), (303, None)] == statuses


async def test_a_closed_list_says_so_and_takes_no_sign_up(web: WebHarness) -> None:
    await web.add_list()
    await web.close_list()
    await web.write("update list set cadence = 'Every Thursday'")
    async with web.client() as client:
        page = await client.get("/news")
        answer = await client.post("/news/subscribe", data={"email": ADA})
    assert 200 == page.status_code
    assert "This newsletter is closed" in page.text
    assert 'aria-label="This newsletter is closed"' in page.text
    assert "Every Thursday" not in page.text
    assert "Subscribe by email" not in page.text
    assert "<form" not in page.text
    assert 410 == answer.status_code
    assert [] == await web.notices()


async def test_an_unknown_list_is_404(web: WebHarness) -> None:
    async with web.client() as client:
        assert 404 == (await client.get("/nothing")).status_code
        assert 404 == (await client.post("/nothing/subscribe", data={"email": ADA})).status_code


async def test_the_latest_edition_stands_in_full_on_the_page(web: WebHarness) -> None:
    """In its own language, without a style attribute, its pictures at its own address, its files below."""
    number = await web.add_list()
    await web.add_edition(
        number,
        html='<h1>Barcos</h1><p style="text-align:center">Uno<img src="/news/archive/first/asset/a.png" alt="x"></p>',
        language="es",
        assets=[("a.png", "image/png", b"p"), ("tide.pdf", "application/pdf", b"%PDF")],
    )
    async with web.client() as client:
        page = await client.get("/news")
    assert '<div class="edition" lang="es" dir="ltr">' in page.text
    assert '<h2>Barcos</h2><p class="ac">Uno<img src="/news/archive/first/asset/a.png" alt="x"></p>' in page.text
    assert "tide.pdf" in page.text
    assert 2 == page.text.count('<form class="sign-up"')
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]


@pytest.mark.parametrize("shape", ["teaser", "design"])
async def test_a_teaser_stands_in_for_what_is_not_shown_in_full(web: WebHarness, shape: str) -> None:
    """By the list's setting, or because the edition brings a design of its own."""
    number = await web.add_list()
    html = "<p>All of it</p>" if shape == "teaser" else '<p style="color:#900">All of it</p>'
    await web.add_edition(number, html=html, text="How it begins.")
    if shape == "teaser":
        await web.write("update list set front = 'teaser'")
    async with web.client() as client:
        page = (await client.get("/news")).text
    assert "How it begins." in page
    assert "All of it" not in page
    assert "Read this edition" in page
    assert 1 == page.count('<form class="sign-up"')


async def test_a_text_edition_keeps_its_lines(web: WebHarness) -> None:
    await web.add_edition(await web.add_list(), html=None, text="one\n<two>")
    async with web.client() as client:
        assert '<div class="lines">one\n&lt;two&gt;</div>' in (await client.get("/news")).text


async def test_a_new_list_says_that_nothing_was_sent_yet(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        page = words_of((await client.get("/news")).text)
    assert "The first edition hasn't been sent yet." in page


async def test_earlier_editions_are_named_and_counted(web: WebHarness) -> None:
    number = await web.add_list()
    for index in range(9):
        await web.add_edition(number, f"e-{index}", title=f"Number {index}.", started_at=int(NOW) + index)
    async with web.client() as client:
        page = (await client.get("/news")).text
    assert ["e-8", "e-7", "e-6", "e-5", "e-4", "e-3"] == list(dict.fromkeys(re.findall(r"/archive/(e-\d)", page)))
    assert "All 9 editions" in page


async def test_the_name_is_asked_for_where_the_list_wants_it(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        assert 'name="name"' not in (await client.get("/news")).text
        await web.write("update list set ask_name = 1, cadence = 'Every Thursday'")
        page = (await client.get("/news")).text
    assert 1 == page.count('name="name"')
    assert '<p class="cadence">Every Thursday</p>' in page


async def test_a_sign_up_below_an_edition_is_recorded_with_its_words(web: WebHarness) -> None:
    """The page of an edition is the same for everybody, so its form has no token; its words are known all the same."""
    await web.add_edition(await web.add_list())
    async with web.client() as client:
        page = (await client.get("/news/archive/first")).text
        assert 'action="/news/subscribe"' in page
        assert "form_token" not in page
        assert 200 == (await client.post("/news/subscribe", data={"email": ADA, "form": "page"})).status_code
    assert consent_words.sign_up(ENGLISH, "The Harbour Letter") == (await web.consent())[0]["text"]


async def test_our_form_says_where_the_email_went_and_the_same_to_everybody(web: WebHarness) -> None:
    """A stranger, a member, and somebody who is never to be written to see the same page but for what they typed."""
    number = await web.add_list()
    await web.add_reader(number, "member@reader.example")
    await web.suppress("never@reader.example", "never-again")
    pages = []
    async with web.client() as client:
        for typed in ("new@reader.example", "member@reader.example", "never@reader.example"):
            answer = await client.post("/news/subscribe", data={"email": typed, "form": "page"})
            assert (200, "/news/subscribe") == (answer.status_code, answer.url.path)
            assert typed in words_of(answer.text)
            pages.append(words_of(answer.text).replace(typed, ""))
        elsewhere = await client.post("/news/subscribe", data={"email": "other@reader.example"})
    assert [pages[0]] * 3 == pages
    assert (303, "/news/check-mail") == (elsewhere.status_code, elsewhere.headers["location"])


async def test_the_address_can_be_corrected_there(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        answer = await client.post("/news/subscribe", data={"email": '"a<b>"@reader.example', "form": "page"})
    assert 'name="email" value="&#34;a&lt;b&gt;&#34;@reader.example"' in answer.text
    assert "<b>" not in answer.text
