"""In which language a page speaks: the reader's, else the one that is named, else the list's, else the browser's."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.web.house import House

from pressrun.store.transaction import Transaction
from pressrun.web.language import accepted


def spoken(response: httpx.Response) -> str:
    found = re.search(r'<html lang="([^"]+)" dir="(?:ltr|rtl)">', response.text)
    assert found is not None
    return found[1]


async def test_a_page_of_a_list_speaks_as_the_list_does(house: House) -> None:
    """Whatever the browser prefers; only where we lack the list's language is the browser asked."""
    await house.add_list(language="fr-CA")
    await house.add_list("nyheter", language="sv")
    async with house.client() as client:
        headers = {"accept-language": "pl, de;q=0.9"}
        pages = [await client.get(path, headers=headers) for path in ("/news", "/news/archive", "/nyheter", "/nobody")]
    assert ["fr", "fr", "pl", "pl"] == [spoken(page) for page in pages]
    assert {"Accept-Language"} == {page.headers["vary"] for page in pages}


async def test_a_language_that_is_named_goes_before_that_of_the_list(house: House) -> None:
    """By the address of a page or the field of a form, and the page after the sign-up keeps it."""
    await house.add_list(language="fr")
    async with house.client() as client:
        assert "de" == spoken(await client.get("/news?language=de-AT"))
        assert "fr" == spoken(await client.get("/news?language=xx"))
        assert "ja" == spoken(await client.post("/news/subscribe", data={"email": "no", "language": "ja"}))
        data = {"email": "ada@reader.example", "language": "ja"}
        landing = await client.post("/news/subscribe", data=data, follow_redirects=True)
    assert "ja" == spoken(landing)


async def test_a_reader_is_spoken_to_in_their_own_language(house: House) -> None:
    """The pages behind links know who comes."""
    number = await house.add_reader(await house.add_list(language="fr"))
    await house.database.write(_speaks_chinese)
    async with house.client() as client:
        for path in (house.unsubscribe_path(number), house.preferences_path(1)):
            assert "zh-Hans" == spoken(await client.get(f"{path}?language=de", headers={"accept-language": "pl"}))


async def test_the_mail_speaks_as_the_page_did(house: House) -> None:
    """The list's language; where we lack it, the browser's; the evidence names the language of the page."""
    await house.add_list(language="fr")
    await house.add_list("nyheter", language="sv")
    async with house.client() as client:
        for number, name in enumerate(("news", "nyheter")):
            data = {"email": f"ada{number}@reader.example", "form": "page"}
            await client.post(f"/{name}/subscribe", data=data, headers={"accept-language": "pl"})
    assert [("fr",), ("pl",)] == await house.rows("select language from notice order by id")
    assert [("",), ("pl",)] == await house.rows("select language from confirmation order by id")
    recorded = [await house.consent(f"ada{number}@reader.example") for number in (0, 1)]
    assert ["fr", "pl"] == [events[0]["language"] for events in recorded]


async def test_a_reader_is_mailed_their_link_in_their_own_language(house: House) -> None:
    """Whatever the browser of whoever asks for it prefers."""
    await house.add_reader(await house.add_list(language="fr"))
    async with house.client() as client:
        for tags in ("pl", "de"):
            await client.post("/preferences", data={"email": "ada@reader.example"}, headers={"accept-language": tags})
            await house.database.write(_speaks_chinese)
    assert [("fr",), ("zh-CN",)] == await house.rows("select language from notice order by id")


async def test_the_choice_of_a_language_shows_at_once(house: House) -> None:
    await house.add_reader(await house.add_list())
    async with house.client() as client:
        path = house.preferences_path(1)
        assert "ar" == spoken(await client.post(path, data={"action": "save", "language": "ar", "lists": "shown"}))


async def test_requests_do_not_hear_each_other(house: House) -> None:
    """One request's language is never that of the next."""
    async with house.client() as client:
        said = [spoken(await client.get("/", headers={"accept-language": tag})) for tag in ("de", "ar", "*", "pl")]
        said.append(spoken(await client.get("/")))
    assert ["de", "ar", "en", "pl", "en"] == said


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de, en;q=0.5, fr;q=0.8", ("de", "fr", "en")),
        ("de;q=0, en;q=x, fr;q=nan, it", ("it",)),
        (";;,,;q=1", ()),
        ("", ()),
        (",".join(f"x{number}" for number in range(1000)), tuple(f"x{number}" for number in range(20))),
    ],
)
def test_preferences_of_a_browser_are_read(header: str, expected: tuple[str, ...]) -> None:
    """By weight, then in their order; what is refused or broken is left out, and no header costs much."""
    assert expected == accepted(header)


def _speaks_chinese(tx: Transaction) -> None:
    tx._connection.execute("update subscriber set language = 'zh-CN'")
