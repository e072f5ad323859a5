"""The front page: what it offers, in which order, and one sign-up to several newsletters."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.proof_of_work import do_work
from tests.web.harness import NOW, WebHarness, open_web, words_of

from pressrun.core.quantities import Rate
from pressrun.locales.catalogues import words_in
from pressrun.message.words import ENGLISH, on_one_line
from pressrun.services.limit_settings import LimitSettings
from pressrun.web import consent_words
from pressrun.web.settings import HttpSettings

ADA = "ada@reader.example"


async def set_up(web: WebHarness) -> None:
    """A newsletter in Spanish, French and English, and three that stand alone; one has its archive for members."""
    for name, title, tag in (
        ("noticias", "Noticias", "es"),
        ("nouvelles", "Nouvelles", "fr"),
        ("letters", "Letters", "en"),
        ("tides", "Tides", "en"),
        ("ebbe", "Ebbe", "de"),
    ):
        await web.add_list(name, title=title, language=tag, description="")
    await web.add_list("council", title="Council", archive="members", description="")
    await web.write("update list set family = 'villanueva' where name in ('noticias', 'nouvelles', 'letters')")


def titles(page: str) -> list[str]:
    """The newsletters by the headings that link to them, as `name Title`."""
    pairs = re.findall(r'<h2 id="of-\w+"><a href="/(\w+)">([^<]+)</a></h2>', page)
    return [f"{name} {title}" for name, title in pairs]


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("fr", ["nouvelles Nouvelles", "ebbe Ebbe", "tides Tides", "council Council"]),
        ("de", ["ebbe Ebbe", "noticias Noticias", "tides Tides", "council Council"]),
        ("en", ["letters Letters", "tides Tides", "ebbe Ebbe", "council Council"]),
    ],
)
async def test_newsletters_stand_by_family_and_by_the_language_of_the_visitor(
    web: WebHarness, accepted: str, expected: list[str]
) -> None:
    """A family once, by the list for this visitor; those with an archive for members alone come last."""
    await set_up(web)
    async with web.client() as client:
        page = (await client.get("/", headers={"accept-language": accepted})).text
    assert expected == titles(page)
    ticks = re.findall(r'<input type="checkbox" name="list" value="(\w+)"', page)
    assert sorted(["noticias", "nouvelles", "letters", "tides", "ebbe", "council"]) == sorted(ticks)
    assert "checked" not in page
    said = words_of(page)
    for name in ("Español – Noticias", "Français – Nouvelles", "English – Letters"):
        assert name in said


async def test_the_site_has_a_name_and_newsletters_a_date(tmp_path: Path) -> None:
    """The date of the latest edition, but not of what only members can read."""
    settings = HttpSettings(title="Villanueva <b>", description='The "town".')
    async with open_web(tmp_path, settings=settings) as web:
        await set_up(web)
        await web.add_edition(4, started_at=int(NOW) - 86400)
        await web.add_edition(4, "older", started_at=int(NOW) - 9 * 86400)
        await web.add_edition(6, "secret")
        async with web.client() as client:
            page = (await client.get("/")).text
    assert "<title>Villanueva &lt;b&gt;</title>" in page
    assert '<p class="lead" dir="auto">The &#34;town&#34;.</p>' in page
    assert 1 == page.count("Latest edition: ")
    assert f"Latest edition: {on_one_line(ENGLISH.day(int(NOW) - 86400))}" in page


async def test_closed_and_unlisted_lists_are_not_offered(web: WebHarness) -> None:
    """Nor does the form take a sign-up to one."""
    await set_up(web)
    await web.close_list("tides")
    await web.write("update list set listed = 0 where name in ('ebbe', 'letters')")
    async with web.client() as client:
        page = (await client.get("/")).text
        answer = await client.post("/", data={"email": ADA, "list": ["tides", "ebbe"]})
    assert ["noticias Noticias", "council Council"] == titles(page)
    assert '"letters"' not in page
    assert 400 == answer.status_code
    assert [] == await web.notices()


async def test_one_newsletter_needs_no_tick(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        page = (await client.get("/")).text
    assert "checkbox" not in page
    assert '<input type="hidden" name="list" value="news">' in page


async def test_one_newsletter_in_several_languages_has_a_menu_of_them(web: WebHarness) -> None:
    """It needs no tick either: the visitor's language is chosen already, and the form subscribes to that list alone."""
    for name, title, tag in (("noticias", "Noticias", "es"), ("nouvelles", "Nouvelles", "fr")):
        await web.add_list(name, title=title, language=tag)
    await web.write("update list set family = 'villanueva'")
    async with web.client() as client:
        page = (await client.get("/", headers={"accept-language": "fr"})).text
        wrong = (await client.post("/", data={"email": "ada@", "list": "noticias"})).text
        await client.post("/", data={"email": ADA, "list": "nouvelles"})
    assert ["nouvelles Nouvelles"] == titles(page)
    assert "checkbox" not in page
    offered = r'<option value="(\w+)" lang="\w+"( selected)?>'
    assert [("noticias", ""), ("nouvelles", " selected")] == re.findall(offered, page)
    assert [("noticias", " selected"), ("nouvelles", "")] == re.findall(offered, wrong)
    assert [("nouvelles",)] == await web.rows(
        "select name from list join subscription on subscription.list_id = list.id"
    )


async def test_an_empty_site_has_no_form(web: WebHarness) -> None:
    async with web.client() as client:
        page = (await client.get("/")).text
    assert "There are no public newsletters here." in page
    assert "<form" not in page


async def test_one_form_subscribes_to_the_ticked_ones(web: WebHarness) -> None:
    """One mail for all of them; the evidence of each holds what was shown, in the language of the page."""
    await set_up(web)
    async with web.client() as client:
        data = {"email": ADA, "form": "page", "list": ["noticias", "tides"]}
        answer = await client.post("/", data=data, headers={"accept-language": "fr"})
        assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
        assert ADA in words_of(answer.text)
        assert ["noticias", "tides"] == re.findall(r'<input type="hidden" name="list" value="(\w+)">', answer.text)
        ((kind, _, payload),) = await web.notices()
        assert ("confirmation", ["Tides"]) == (kind, payload["also"])
        path = web.confirm_path(await web.last_confirmation() - 1)
        asked = words_of((await client.get(path)).text)
        done = await client.post(path, data={"action": "confirm"})
    assert "Noticias et Tides" in asked
    assert 'href="/tides"' in done.text
    french = words_in("fr")
    shown = consent_words.sign_up(french, french.listed(["Noticias", "Tides"]))
    evidence = [row for row in await web.consent() if row["event"] == "requested"]
    assert {("noticias", shown, "fr"), ("tides", shown, "fr")} == {
        (row["list"], row["text"], row["language"]) for row in evidence
    }
    assert [("active",), ("active",)] == await web.rows("select state from subscription")


@pytest.mark.parametrize(
    ("ticked", "query", "expected"),
    [
        (["noticias"], "", "es"),
        (["tides", "letters"], "", "en"),
        (["noticias", "tides"], "", "de"),
        (["noticias"], "?language=pl", "pl"),
    ],
)
async def test_the_mail_speaks_the_language_of_the_newsletters(
    web: WebHarness, ticked: list[str], query: str, expected: str
) -> None:
    """That of the page where they have several, and the one that was named before any other."""
    await set_up(web)
    async with web.client() as client:
        client.headers["accept-language"] = "de"
        page = (await client.get(f"/{query}")).text
        named = dict(re.findall(r'<input type="hidden" name="(language)" value="(\w+)">', page))
        await client.post(f"/{query}", data={"email": ADA, "list": ticked, **named})
    assert [(expected,)] == await web.rows("select language from notice")


async def test_every_well_formed_address_gets_the_same_answer(web: WebHarness) -> None:
    """Strangers, members, and those who are never to be written to."""
    await set_up(web)
    await web.add_reader(4, "member@reader.example")
    await web.suppress("never@reader.example", "never-again")
    pages = set()
    async with web.client() as client:
        for typed in ("new@reader.example", "member@reader.example", "never@reader.example"):
            answer = await client.post("/", data={"email": typed, "list": "tides"})
            pages.add((answer.status_code, words_of(answer.text).replace(typed, "")))
    assert 1 == len(pages)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"email": "ada@", "list": ["tides"]}, "Enter a full email address"),
        ({"email": ADA}, "Tick at least one newsletter."),
        ({"email": ADA, "list": ["nowhere", "villanueva"]}, "Tick at least one newsletter."),
    ],
)
async def test_what_is_missing_is_said_and_the_rest_kept(
    web: WebHarness, data: dict[str, str | list[str]], problem: str
) -> None:
    await set_up(web)
    async with web.client() as client:
        answer = await client.post("/", data=data)
    assert (400, True) == (answer.status_code, problem in words_of(answer.text))
    assert f'value="{data["email"]}"' in answer.text
    is_ticked = re.search(r'value="tides"[^>]* checked', answer.text) is not None
    assert is_ticked is (data.get("list") == ["tides"])


async def test_a_network_that_signs_up_too_often_hears_when_it_may_again(tmp_path: Path) -> None:
    """The front page counts as every other form does, once for each time it is sent."""
    limits = replace(LimitSettings(), sign_ups_per_ip=Rate(1, 3600.0))
    async with open_web(tmp_path, limits=limits) as web:
        await set_up(web)
        async with web.client(peer="192.0.2.7") as client:
            data = {"email": ADA, "list": ["tides", "ebbe", "council"]}
            first, second = await client.post("/", data=data), await client.post("/", data=data)
    assert (200, 429, "3600") == (first.status_code, second.status_code, second.headers["retry-after"])
    assert "Try again in 60 minutes." in words_of(second.text)
    assert ADA in second.text


async def test_the_form_of_the_front_page_proves_itself(web: WebHarness) -> None:
    """Its token is good there and on no list's page; a decoy that is filled in gets the ordinary answer and no mail."""
    await set_up(web)
    async with web.client() as client:
        page = (await client.get("/")).text
        token = re.search(r'name="form_token" value="([^"]+)"', page)
        assert token is not None
        web.clock.now += 60
        await client.post("/", data={"email": ADA, "list": "tides", "form_token": token[1]})
        trap = await client.post("/", data={"email": "b@reader.example", "list": "tides", "remark": "x"})
    assert 200 == trap.status_code
    assert [ADA] == [address for _, address, _ in await web.notices()]


async def test_the_work_that_the_front_page_asks_for_is_believed(tmp_path: Path) -> None:
    """While very many sign up: its challenge is its own, and a browser that does the work gets its mail."""
    limits = LimitSettings(
        proof_of_work_above=Rate(1, 3600.0), proof_of_work_bits=8, sign_ups_per_ip=Rate(1000, 3600.0)
    )
    async with open_web(tmp_path, limits=limits) as web:
        await set_up(web)
        async with web.client() as client:
            await client.post("/", data={"email": "first@reader.example", "list": "tides"})
            page = await client.get("/")
            assert 'data-bits="8"' in page.text
            assert "script-src 'self'" in page.headers["content-security-policy"]
            fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
            web.clock.now += 60
            await client.post("/", data={**fields, "email": "idle@reader.example", "list": "tides"})
            page = await client.get("/")
            fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
            web.clock.now += 60
            fields["proof"] = str(do_work(fields["challenge"], ADA, 8))
            await client.post("/", data={**fields, "email": ADA, "list": ["tides", "ebbe"]})
        assert ["first@reader.example", ADA] == [address for _, address, _ in await web.notices()]
