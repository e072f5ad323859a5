"""The field "Language of this newsletter" on the preferences page."""

from __future__ import annotations

import re

import pytest
from tests.web.harness import WebHarness, words_of


async def add_family(web: WebHarness) -> None:
    await web.add_list("noticias", title="Noticias", language="es")
    await web.add_list("boletim", title="Boletim", language="pt-PT")
    await web.add_list("verein", title="Verein", language="de")
    await web.write("update list set family = 'villanueva' where name <> 'verein'")


def options(page: str) -> list[str]:
    match = re.search(r"<select id=\"family-villanueva\".*?</select>", page, re.DOTALL)
    return [] if match is None else re.findall(r"<option (.*?)>", match[0])


async def test_one_field_takes_the_place_of_boxes(web: WebHarness) -> None:
    await add_family(web)
    await web.add_reader(1)
    async with web.client() as client:
        page = (await client.get(web.preferences_path(1), params={"language": "en"})).text
    assert ['value="noticias" lang="es" selected', 'value="boletim" lang="pt-PT"'] == options(page)
    assert ["verein"] == re.findall(r'<input type="checkbox" name="list" value="(.*?)"', page)
    assert "Language of this newsletter Español Português Save" in words_of(page)


async def test_of_several_languages_none_is_chosen_by_accident(web: WebHarness) -> None:
    await add_family(web)
    for number in (1, 2):
        await web.add_reader(number)
    async with web.client() as client:
        page = (await client.get(web.preferences_path(1))).text
        assert 'value="" disabled selected' == options(page)[0]
        await client.post(web.preferences_path(1), data={"action": "save", "name": "Ada"})
    assert [("active",), ("active",)] == await web.rows("select state from subscription")


@pytest.mark.parametrize("state", ["pending", "unsubscribed"])
async def test_who_reads_none_has_boxes(web: WebHarness, state: str) -> None:
    await add_family(web)
    await web.add_reader(1, state=state)
    async with web.client() as client:
        page = (await client.get(web.preferences_path(1))).text
    assert [] == options(page)
    assert "boletim" in re.findall(r'<input type="checkbox" name="list" value="(.*?)"', page)


async def test_the_words_of_the_field_are_the_evidence(web: WebHarness) -> None:
    await add_family(web)
    await web.add_reader(1)
    async with web.client() as client:
        answer = await client.post(
            web.preferences_path(1),
            data={"action": "save", "family-villanueva": "boletim"},
            params={"language": "en"},
        )
    assert "From now on you'll get Boletim." in words_of(answer.text)
    words = "Language of this newsletter: Português [Save]"
    assert [("switched", "boletim", words), ("withdrawn", "noticias", words)] == [
        (item["event"], item["list"], item["text"]) for item in await web.consent()
    ]


async def test_the_old_link_unsubscribes_by_page_and_by_one_click(web: WebHarness) -> None:
    await add_family(web)
    for address in ("ada@reader.example", "bob@reader.example"):
        await web.add_reader(1, address)
    async with web.client() as client:
        for person in (1, 2):
            await client.post(web.preferences_path(person), data={"action": "save", "family-villanueva": "boletim"})
        asked = await client.get(web.unsubscribe_path(1), params={"language": "en"})
        assert "Stop sending Boletim to a•••@r•••.example?" in words_of(asked.text)
        left = await client.post(web.unsubscribe_path(1), data={"action": "leave"}, params={"language": "en"})
        assert "Subscribe me again" in words_of(left.text)
        await client.post(web.unsubscribe_path(2), data={"List-Unsubscribe": "One-Click"})
    assert {("unsubscribed",)} == set(await web.rows("select state from subscription"))
