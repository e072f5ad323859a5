"""Editions of one issue, and archives of a family: each page names the others, to people and to search engines."""

from __future__ import annotations

import re
from xml.etree.ElementTree import fromstring

import pytest
import pytest_asyncio
from tests.web.harness import WebHarness, words_of

BASE = "https://news.example.org"
ATOM = "{http://www.w3.org/2005/Atom}"
FAMILY = {"noticias": "es", "boletim": "pt-PT", "letters": "en", "nouvelles": "fr"}


@pytest_asyncio.fixture
async def issue(web: WebHarness) -> WebHarness:
    """An issue in Spanish, Portuguese and English; French has an edition of its own."""
    for number, (name, tag) in enumerate(FAMILY.items(), 1):
        await web.add_list(name, title=f"Villanueva {tag}", language=tag)
        await web.add_edition(number, f"boats-{tag.lower()}", language=tag)
    await web.write("update list set family = 'villanueva'")
    await web.write("update edition set issue = '87' where list_id <> 4")
    return web


async def get(web: WebHarness, path: str) -> str:
    async with web.client() as client:
        answer = await client.get(path)
    assert 200 == answer.status_code
    return answer.text


def alternates(page: str) -> dict[str, str]:
    pairs = re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', page)
    return {tag: address.removeprefix(BASE) for tag, address in pairs}


def links(page: str) -> list[tuple[str, str]]:
    """The visible links to other languages: where they lead, and what they say."""
    line = re.search(r'<p class="(?:eyebrow|soft also)">([^<]*<a .*?)</p>', page, re.DOTALL)
    pairs = [] if line is None else re.findall(r'href="([^"]+)" lang="[^"]+" hreflang="[^"]+"[^>]*>([^<]+)<', line[1])
    return [(address.removeprefix(BASE), name) for address, name in pairs]


EDITIONS = {
    "es": "/noticias/archive/boats-es",
    "pt-PT": "/boletim/archive/boats-pt-pt",
    "en": "/letters/archive/boats-en",
}


@pytest.mark.parametrize("tag", EDITIONS)
async def test_the_pages_of_an_issue_name_each_other(issue: WebHarness, tag: str) -> None:
    page = await get(issue, EDITIONS[tag])
    assert EDITIONS == alternates(page)
    assert sorted(EDITIONS[other] for other in EDITIONS if other != tag) == sorted(to for to, _ in links(page))


async def test_the_line_has_the_languages_own_names(issue: WebHarness) -> None:
    page = await get(issue, EDITIONS["en"])
    assert ["Español", "Português"] == [name for _, name in links(page)]
    assert "Also in Español · Português" in words_of(page)


async def test_an_edition_that_is_no_issue_names_none(issue: WebHarness) -> None:
    page = await get(issue, "/nouvelles/archive/boats-fr")
    assert ({}, []) == (alternates(page), links(page))


@pytest.mark.parametrize(
    "change",
    [
        "update edition set first_claim_at = null where list_id = 2",
        "update edition set state = 'cancelled' where list_id = 2",
        "update edition set state = 'paused', canary_copies = 1 where list_id = 2",
        "update list set archive = 'members' where id = 2",
        "update list set archive = 'off' where id = 2",
        "update list set family = null where id = 2",
        "update edition set issue = '88' where list_id = 2",
    ],
)
async def test_what_is_not_public_is_named_nowhere(issue: WebHarness, change: str) -> None:
    await issue.write(change)
    page = await get(issue, EDITIONS["es"])
    assert {tag: path for tag, path in EDITIONS.items() if tag != "pt-PT"} == alternates(page)
    assert "boletim" not in str(links(page))
    feed = await get(issue, "/noticias/feed.atom")
    assert "/boletim/" not in feed


async def test_the_only_one_that_is_left_names_none(issue: WebHarness) -> None:
    await issue.write("update edition set issue = null where list_id in (2, 3)")
    page = await get(issue, EDITIONS["es"])
    assert ({}, []) == (alternates(page), links(page))


async def test_the_same_word_in_another_family_is_another_issue(issue: WebHarness) -> None:
    await issue.add_list("news", language="de")
    await issue.add_edition(5, "boats-de", language="de")
    await issue.write("update list set family = 'harbours' where id = 5")
    await issue.write("update edition set issue = '87' where list_id = 5")
    assert "de" not in alternates(await get(issue, EDITIONS["es"]))


async def test_a_feed_has_an_alternate_for_each_language(issue: WebHarness) -> None:
    """RFC 4287 §4.1.2: no two of one entry with the same type and language."""
    feed = fromstring((await get(issue, "/noticias/feed.atom")).encode())
    elements = feed.findall(f"{ATOM}entry/{ATOM}link[@rel='alternate']")
    assert [(None, EDITIONS["es"]), ("en", EDITIONS["en"]), ("pt-PT", EDITIONS["pt-PT"])] == [
        (element.get("hreflang"), str(element.get("href")).removeprefix(BASE)) for element in elements
    ]
    assert 3 == len({(element.get("type"), element.get("hreflang")) for element in elements})


async def test_archives_name_those_of_the_other_languages(issue: WebHarness) -> None:
    await issue.write("update list set archive = 'members' where id = 4")
    page = await get(issue, "/letters/archive")
    assert {"es": "/noticias/archive", "pt-PT": "/boletim/archive", "en": "/letters/archive"} == alternates(page)
    assert [("/noticias/archive", "Español"), ("/boletim/archive", "Português")] == links(page)
    assert {} == alternates(await get(issue, "/letters/archive?year=2026"))


@pytest.mark.parametrize(
    ("path", "language", "leads_to"),
    [
        ("/noticias/archive/boats-es", "en", "/letters/archive/boats-en"),
        ("/noticias/archive/boats-es", "pt", "/boletim/archive/boats-pt-pt"),
        ("/noticias/archive/boats-es", "fr", "/nouvelles/archive"),
        ("/nouvelles/archive/boats-fr", "es", "/noticias/archive"),
        ("/noticias/archive/nothing", "en", "/letters/archive"),
    ],
)
async def test_the_menu_of_languages_leads_to_the_same_issue(
    issue: WebHarness, path: str, language: str, leads_to: str
) -> None:
    async with issue.client() as client:
        answer = await client.get(path, params={"language": language})
    assert (302, leads_to) == (answer.status_code, answer.headers["location"].partition("?")[0])
