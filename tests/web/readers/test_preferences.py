"""The preferences page and asking for its link."""

from __future__ import annotations

import pytest
from tests.web.house import NOW, House

ADA = "ada@reader.example"


async def test_asking_for_a_link_answers_everybody_alike(house: House) -> None:
    number = await house.add_list()
    await house.add_reader(number)
    await house.add_reader(number, "pending@reader.example", "pending")
    await house.add_reader(number, "bad@reader.example")
    await house.suppress("bad@reader.example", "complaint")
    async with house.client() as client:
        answers = [
            await client.post("/preferences", data={"email": address})
            for address in ("stranger@reader.example", "pending@reader.example", "bad@reader.example", *[ADA] * 4)
        ]
    seen = [(answer.status_code, sorted(answer.headers.items()), answer.text) for answer in answers]
    assert [seen[0]] * len(seen) == seen
    assert 200 == seen[0][0]
    expected = ("preferences_link", ADA, {"answers": "web"})
    assert [expected] * 3 == await house.notices()


async def test_asking_with_a_malformed_address_is_400(house: House) -> None:
    async with house.client() as client:
        assert 400 == (await client.post("/preferences", data={"email": "ada"})).status_code


async def test_the_link_of_an_edition_shows_the_address_masked_and_the_mailed_one_whole(house: House) -> None:
    await house.add_reader(await house.add_list())
    async with house.client() as client:
        lasting = await client.get(house.preferences_path(1))
        mailed = await client.get(house.preferences_path(1, 0, int(NOW) + 3600))
    assert (200, False, 200, True) == (
        lasting.status_code,
        ADA in lasting.text,
        mailed.status_code,
        ADA in mailed.text,
    )


async def test_a_link_ends_with_its_hour_or_its_epoch(house: House) -> None:
    await house.add_reader(await house.add_list())
    async with house.client() as client:
        for path in (house.preferences_path(1, 0, int(NOW)), house.preferences_path(1, 1), house.preferences_path(9)):
            assert 404 == (await client.get(path)).status_code
            assert 404 == (await client.post(path, data={"action": "leave-all"})).status_code
    assert "active" == (await house.subscription(1)).state


async def test_saving_takes_name_and_language_and_leaves_what_is_not_ticked(house: House) -> None:
    await house.add_reader(await house.add_list())
    await house.add_reader(await house.add_list("other", title="Other"))
    async with house.client() as client:
        data = {"action": "save", "name": "Ada", "language": "de", "lists": "shown", "list": ["other"]}
        response = await client.post(house.preferences_path(1), data=data)
    assert (200, True) == (response.status_code, "Gespeichert." in response.text)
    assert [("Ada", "de")] == await house.rows("select name, language from subscriber")
    assert [("unsubscribed",), ("active",)] == await house.rows("select state from subscription order by id")
    assert [("withdrawn", "news")] == [(item["event"], item["list"]) for item in await house.consent()]


async def test_saving_without_any_word_about_lists_leaves_none(house: House) -> None:
    await house.add_reader(await house.add_list())
    async with house.client() as client:
        await client.post(house.preferences_path(1), data={"action": "save", "name": "Ada"})
    assert "active" == (await house.subscription(1)).state


async def test_a_list_that_is_ticked_anew_asks_for_confirmation(house: House) -> None:
    await house.add_reader(await house.add_list())
    await house.add_list("other", title="Other")
    async with house.client() as client:
        data = {"action": "save", "lists": "shown", "list": ["news", "other"]}
        await client.post(house.preferences_path(1), data=data)
    assert [("active",), ("pending",)] == await house.rows("select state from subscription order by id")
    assert ["confirmation"] == [kind for kind, _, _ in await house.notices()]


async def test_a_pause_and_its_end(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    async with house.client() as client:
        path = house.preferences_path(1)
        paused = await client.post(path, data={"action": "pause", "days": "14"})
        standing = await house.subscription(reader)
        assert ("suspended", "paused", int(NOW) + 14 * 86400) == (
            standing.state,
            standing.suspended_for,
            standing.paused_until,
        )
        assert "Resume" in paused.text
        await client.post(path, data={"action": "resume"})
    standing = await house.subscription(reader)
    assert ("active", None, None) == (standing.state, standing.suspended_for, standing.paused_until)
    assert ["paused", "resumed"] == [item["event"] for item in await house.consent()]


@pytest.mark.parametrize("days", ["", "0", "366", "-1", "x", "1.5", "9" * 5000, "0003651", "000001" + "9" * 5000, "²"])
async def test_an_impossible_pause_is_400_and_changes_nothing(house: House, days: str) -> None:
    await house.add_reader(await house.add_list())
    before = await house.everything()
    async with house.client() as client:
        response = await client.post(house.preferences_path(1), data={"action": "pause", "days": days})
    assert 400 == response.status_code
    assert before == await house.everything()


async def test_leaving_all_lists(house: House) -> None:
    await house.add_reader(await house.add_list())
    await house.add_reader(await house.add_list("other", title="Other"), state="suspended")
    async with house.client() as client:
        response = await client.post(house.preferences_path(1), data={"action": "leave-all"})
    assert 200 == response.status_code
    assert [("unsubscribed",)] * 2 == await house.rows("select state from subscription")
