"""Lists of one family: which one a visitor is led to, and how their pages name each other."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from tests.web.harness import WebHarness, words_of

from pressrun.locales.catalogues import words_in
from pressrun.web import consent_words

BASE = "https://news.example.org"
FAMILY = {"noticias": "es", "nouvelles": "fr", "letters": "en"}


async def add_family(web: WebHarness) -> None:
    """A newsletter in Spanish, French and English, and a list that stands alone."""
    for name, tag in FAMILY.items():
        await web.add_list(name, title=f"Villanueva {tag}", language=tag)
    await web.add_list("news")
    await web.write("update list set family = 'villanueva' where name != 'news'")


def led(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("location", "")


@pytest.mark.parametrize(
    ("accepted", "query", "expected"),
    [
        ("fr-CA, en;q=0.5", "", "/nouvelles"),
        ("de, en;q=0.9, fr;q=0.8", "", "/letters"),
        ("de, pl", "", "/noticias"),
        ("", "", "/noticias"),
        ("fr", "?language=en", "/letters"),
        ("fr", "?language=de", "/nouvelles?language=de"),
        ("fr", "?language=%0d%0aSet-Cookie:x", "/nouvelles"),
    ],
)
async def test_a_family_leads_to_the_language_of_the_visitor(
    web: WebHarness, accepted: str, query: str, expected: str
) -> None:
    """The one that is named, else the browser's, else that of the first list."""
    await add_family(web)
    async with web.client() as client:
        answer = await client.get(f"/villanueva{query}", headers={"accept-language": accepted})
    assert (302, expected) == led(answer)
    assert "Accept-Language" == answer.headers["vary"]


async def test_a_name_in_capitals_leads_to_its_list(web: WebHarness) -> None:
    """As people type it from paper, or a phone writes it. All names are in lower case."""
    await add_family(web)
    async with web.client() as client:
        for path, expected in {
            "/News": "/news",
            "/NEWS/archive": "/news/archive",
            "/News/latest": "/news/latest",
            "/News/search?q=Boat+hire&x=1": "/news/search?q=Boat%20hire",
            "/News/unsubscribe?language=de": "/news/unsubscribe?language=de",
            "/News/archive?year=2026&page=2": "/news/archive?year=2026&page=2",
            "/Villanueva": "/villanueva",
        }.items():
            assert (302, expected) == led(await client.get(path)), path
            assert (302, expected) == led(await client.head(path)), path
        assert [404, 404] == [(await client.get(path)).status_code for path in ("/Nws", "/Archive")]


async def test_pages_below_a_family_lead_to_those_of_a_list(web: WebHarness) -> None:
    await add_family(web)
    async with web.client() as client:
        client.headers["accept-language"] = "fr"
        for page in ("archive", "latest", "unsubscribe", "form", "search"):
            assert (302, f"/nouvelles/{page}") == led(await client.get(f"/villanueva/{page}")), page
        assert (302, "/nouvelles/archive") == led(await client.get("/villanueva/archive/first"))
        assert 404 == (await client.get("/villanova")).status_code


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/news/subscribe", "/news"),
        ("/news/subscribe?language=de", "/news?language=de"),
        ("/news/subscribe?language=%0d%0aSet-Cookie:x", "/news"),
        ("/noticias/subscribe", "/noticias"),
        ("/villanueva/subscribe", "/nouvelles"),
        ("/villanueva/subscribe?language=en", "/letters?language=en"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_address_of_a_form_leads_to_its_page(web: WebHarness, method: str, path: str, expected: str) -> None:
    """For whoever typed it, or loads the answer to a sign-up once more; nothing changes by that."""
    await add_family(web)
    before = await web.everything()
    async with web.client() as client:
        answer = await client.request(method, path, headers={"accept-language": "fr"})
        unknown = await client.request(method, "/villanova/subscribe")
    assert ((303, expected), 404) == (led(answer), unknown.status_code)
    assert before == await web.everything()


async def test_a_closed_list_is_led_to_only_when_no_other_is_left(web: WebHarness) -> None:
    await add_family(web)
    await web.close_list("nouvelles")
    async with web.client() as client:
        client.headers["accept-language"] = "fr"
        assert (302, "/noticias") == led(await client.get("/villanueva"))
        assert "nouvelles" not in (await client.get("/noticias")).text
        for name in FAMILY:
            await web.close_list(name)
        assert (302, "/nouvelles") == led(await client.get("/villanueva"))


async def test_a_family_is_none_when_its_last_list_has_left(web: WebHarness) -> None:
    await add_family(web)
    await web.write("update list set family = null")
    async with web.client() as client:
        assert 404 == (await client.get("/villanueva")).status_code


@pytest.mark.parametrize("page", ["", "/archive", "/search", "/form", "/unsubscribe", "/check-mail"])
async def test_a_language_that_is_named_leads_to_its_list(web: WebHarness, page: str) -> None:
    """The menu at the foot of every page changes the newsletter. What no list has changes the words alone."""
    await add_family(web)
    async with web.client() as client:
        assert (302, f"/nouvelles{page}") == led(await client.get(f"/noticias{page}?language=fr-CA"))
        assert (302, f"/noticias{page}") == led(await client.get(f"/nouvelles{page}?language=es"))
        for path, tag in ((f"/noticias{page}?language=de", "de"), (f"/noticias{page}?language=es-MX", "es")):
            answer = await client.get(path)
            assert (200, True) == (answer.status_code, f'<html lang="{tag}"' in answer.text), path
        assert 200 == (await client.get(f"/news{page}?language=fr")).status_code


async def test_an_edition_leads_to_the_archive_in_the_other_language(web: WebHarness) -> None:
    await add_family(web)
    await web.add_edition(1)
    async with web.client() as client:
        assert (302, "/nouvelles/archive") == led(await client.get("/noticias/archive/first?language=fr"))


async def test_the_pages_of_a_family_name_each_other(web: WebHarness) -> None:
    """To people and to search engines, at whole addresses; a list that stands alone names none."""
    await add_family(web)
    async with web.client() as client:
        page, alone = (await client.get("/noticias")).text, (await client.get("/news")).text
    alternates = dict(re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', page))
    expected = {tag: f"{BASE}/{name}" for name, tag in FAMILY.items()}
    assert {**expected, "x-default": f"{BASE}/villanueva"} == alternates
    assert 'href="/nouvelles" lang="fr" hreflang="fr" dir="auto">Français</a>' in page
    assert "También en Français · English" in words_of(page)
    assert "hreflang" not in re.sub(r"(?s)<footer.*", "", alone)


async def asked_for(web: WebHarness) -> list[tuple[object, ...]]:
    """Which list, in which language the mail is, and what the evidence holds, for each sign-up."""
    rows = await web.rows(
        "select list.name, notice.language, consent.content from notice join list on list.id = notice.list_id"
        " join consent on consent.list_id = list.id and consent.event = 'requested' order by notice.id"
    )
    return [
        (name, language, evidence["text"], evidence["language"])
        for name, language, content in rows
        for evidence in [json.loads(content)]
    ]


async def test_the_form_of_a_list_offers_the_languages_of_its_family(web: WebHarness) -> None:
    """Its own is chosen, closed lists are left out, and a list that stands alone has no such field."""
    await add_family(web)
    await web.add_list("closed", language="it")
    await web.write("update list set family = 'villanueva' where name = 'closed'")
    await web.close_list("closed")
    async with web.client() as client:
        page, alone = (await client.get("/noticias")).text, (await client.get("/news")).text
        snippet, single = (await client.get("/nouvelles/form")).text, (await client.get("/news/form")).text
    options = re.findall(r'<option value="(\w+)" lang="\w+"( selected)?>([^<]+)</option>', page)
    assert [
        ("es", " selected", "Español"),
        ("fr", "", "Français"),
        ("en", "", "English"),
    ] == options
    assert 'value="fr" lang="fr" selected>Français' in snippet
    assert 1 == snippet.count('<select name="language"')
    assert "<select" not in alone + single


async def test_the_form_subscribes_to_the_list_in_the_chosen_language(web: WebHarness) -> None:
    """Its mail is in that language; the evidence says what was chosen, in the words and the language of the page."""
    await add_family(web)
    async with web.client() as client:
        data = {"email": "ada@reader.example", "form": "page", "language": "fr"}
        answer = await client.post("/noticias/subscribe", data=data)
    assert (200, True) == (answer.status_code, '<html lang="fr"' in answer.text)
    shown = consent_words.sign_up_in(words_in("es"), "Villanueva es", "Français")
    assert [("nouvelles", "fr", shown, "es")] == await asked_for(web)
    assert [("",)] == await web.rows("select language from subscriber")


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("/noticias", {"language": "en-GB", "form": "page"}, ("letters", "en")),
        ("/noticias", {"language": "es", "form": "page"}, ("noticias", "es")),
        ("/noticias", {"language": "fr"}, ("nouvelles", "fr")),
        ("/noticias", {}, ("noticias", "es")),
        ("/noticias", {"language": "de"}, ("noticias", "de")),
        ("/noticias?language=de", {"language": "fr", "form": "page"}, ("nouvelles", "fr")),
        ("/villanueva", {"language": "fr"}, ("nouvelles", "fr")),
        ("/villanueva", {}, ("letters", "en")),
        ("/news", {"language": "fr"}, ("news", "fr")),
    ],
)
@pytest.mark.parametrize("wants_json", [False, True])
async def test_every_form_chooses_the_list_by_its_language(
    web: WebHarness, path: str, fields: dict[str, str], expected: tuple[str, str], *, wants_json: bool
) -> None:
    """Ours, one on another site, and a program that asks for JSON; a list that stands alone only speaks it."""
    await add_family(web)
    name, _, query = path.partition("?")
    headers = {"accept-language": "en", "accept": "application/json" if wants_json else "text/html"}
    async with web.client() as client:
        data = {"email": "ada@reader.example", **fields}
        answer = await client.post(f"{name}/subscribe?{query}", data=data, headers=headers)
    assert answer.status_code == (202 if wants_json else 200 if "form" in fields else 303)
    asked = await asked_for(web)
    assert [expected] == [row[:2] for row in asked]


async def test_a_language_whose_list_is_closed_subscribes_to_no_other(web: WebHarness) -> None:
    await add_family(web)
    await web.close_list("nouvelles")
    async with web.client() as client:
        data = {"email": "ada@reader.example", "language": "fr"}
        answer = await client.post("/noticias/subscribe", data=data)
    assert 410 == answer.status_code
    assert [] == await asked_for(web)


async def test_a_wrong_address_keeps_the_language_that_was_chosen(web: WebHarness) -> None:
    await add_family(web)
    async with web.client() as client:
        answer = await client.post("/noticias/subscribe", data={"email": "ada@", "form": "page", "language": "fr"})
    assert (400, True) == (answer.status_code, '<html lang="es"' in answer.text)
    assert 'value="fr" lang="fr" selected' in answer.text


async def test_no_language_leads_round_in_a_circle(web: WebHarness) -> None:
    """From every page, whatever is named: at most one redirect, and where it leads, one stays."""
    tags = {"a": "es", "b": "es-MX", "c": "pt-PT", "d": "pt-AO", "e": "zh-Hans", "f": "sv", "g": "pt"}
    for name, tag in tags.items():
        await web.add_list(name, language=tag)
    await web.write("update list set family = 'many'")
    asked = [*tags.values(), "pt-BR", "es-AR", "ES-mx", "zh-TW", "zh", "sv-FI", "de", "xx", "", "*"]
    async with web.client() as client:
        for name in (*tags, "many"):
            for tag in asked:
                answer = await client.get(f"/{name}", params={"language": tag}, follow_redirects=True)
                assert (200, True) == (answer.status_code, len(answer.history) <= 1), (name, tag)
