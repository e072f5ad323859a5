"""The preferences page and asking for its link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.web.harness import NOW, WebHarness, open_web, words_of

from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings

ADA = "ada@reader.example"


async def test_asking_for_a_link_answers_everybody_alike(web: WebHarness) -> None:
    number = await web.add_list()
    await web.add_reader(number)
    await web.add_reader(number, "pia@reader.example", "pending")
    await web.add_reader(number, "bad@reader.example")
    await web.suppress("bad@reader.example", "complaint")
    addresses = ["sue@reader.example", "pia@reader.example", "bad@reader.example", *[ADA] * 4]
    async with web.client() as client:
        answers = [await client.post("/preferences", data={"email": address}) for address in addresses]
    seen = [(answer.status_code, sorted(answer.headers.items()), answer.text) for answer in answers]
    assert [seen[0]] * len(seen) == seen
    assert 200 == seen[0][0]
    expected = ("preferences_link", ADA, {"answers": "web", "in_reply_to": None})
    assert [expected] * 3 == await web.notices()


@pytest.mark.parametrize("path", ["/preferences", "/news/unsubscribe"])
async def test_whoever_mistypes_their_address_sees_it_and_the_way_back(web: WebHarness, path: str) -> None:
    await web.add_list()
    async with web.client() as client:
        token = re.findall(r'name="form_token" value="([^"]+)"', (await client.get(path)).text)[0]
        page = (await client.post(path, data={"email": " Ada@raeder.example", "form_token": token})).text
    assert "<p>Ada@raeder.example</p>" in page
    assert f'<a class="on" href="{path}">Wrong address? Change it.</a>' in page


@pytest.mark.parametrize("fields", [{"email": "ada"}, {"email": ""}, {}])
async def test_asking_with_a_malformed_address_or_none_is_400(web: WebHarness, fields: dict[str, str]) -> None:
    async with web.client() as client:
        assert 400 == (await client.post("/preferences", data=fields)).status_code


async def test_a_former_reader_is_mailed_their_link_though_somebody_has_signed_them_up_since(web: WebHarness) -> None:
    """They may want to see or erase what is kept of them. Of strangers who were only signed up, nothing is proven."""
    await web.add_reader(await web.add_list(), ADA, "unsubscribed")
    async with web.client() as client:
        for address in (ADA, "stranger@reader.example"):
            await client.post("/news/subscribe", data={"email": address})
            await client.post("/preferences", data={"email": address})
    assert [ADA] == [to for kind, to, _ in await web.notices() if kind == "preferences_link"]


async def test_the_link_of_an_edition_shows_the_address_masked_and_the_mailed_one_whole(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    async with web.client() as client:
        lasting = await client.get(web.preferences_path(1))
        mailed = await client.get(web.preferences_path(1, 0, int(NOW) + 3600))
    assert (200, False, 200, True) == (
        lasting.status_code,
        ADA in lasting.text,
        mailed.status_code,
        ADA in mailed.text,
    )


async def test_a_link_ends_with_its_hour_or_its_epoch(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    async with web.client() as client:
        for path in (web.preferences_path(1, 0, int(NOW)), web.preferences_path(1, 1), web.preferences_path(9)):
            assert 404 == (await client.get(path)).status_code
            assert 404 == (await client.post(path, data={"action": "leave-all"})).status_code
    assert "active" == (await web.subscription(1)).state


async def test_saving_takes_name_and_language_and_leaves_what_is_not_ticked(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    await web.add_reader(await web.add_list("other", title="Other"))
    async with web.client() as client:
        data = {"action": "save", "name": "Ada", "language": "de", "lists": "shown", "list": ["other"]}
        response = await client.post(web.preferences_path(1), data=data)
    assert (200, True) == (response.status_code, "Gespeichert." in response.text)
    assert [("Ada", "de")] == await web.rows("select name, language from subscriber")
    assert [("unsubscribed",), ("active",)] == await web.rows("select state from subscription order by id")
    assert [("withdrawn", "news")] == [(item["event"], item["list"]) for item in await web.consent()]


async def test_saving_without_any_word_about_lists_leaves_none(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    async with web.client() as client:
        await client.post(web.preferences_path(1), data={"action": "save", "name": "Ada"})
    assert "active" == (await web.subscription(1)).state


async def test_a_list_that_is_ticked_anew_asks_for_confirmation(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    await web.add_list("other", title="Other")
    async with web.client() as client:
        data = {"action": "save", "lists": "shown", "list": ["news", "other"]}
        await client.post(web.preferences_path(1), data=data)
    assert [("active",), ("pending",)] == await web.rows("select state from subscription order by id")
    assert ["confirmation"] == [kind for kind, _, _ in await web.notices()]


async def test_a_pause_and_its_end(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    async with web.client() as client:
        path = web.preferences_path(1)
        paused = await client.post(path, data={"action": "pause", "days": "14"})
        standing = await web.subscription(reader)
        assert ("suspended", "paused", int(NOW) + 14 * 86400) == (
            standing.state,
            standing.suspended_for,
            standing.paused_until,
        )
        assert "Resume" in paused.text
        await client.post(path, data={"action": "resume"})
    standing = await web.subscription(reader)
    assert ("active", None, None) == (standing.state, standing.suspended_for, standing.paused_until)
    assert ["paused", "resumed"] == [item["event"] for item in await web.consent()]


@pytest.mark.parametrize("days", ["", "0", "366", "-1", "x", "1.5", "9" * 5000, "0003651", "000001" + "9" * 5000, "²"])
async def test_an_impossible_pause_is_400_and_changes_nothing(web: WebHarness, days: str) -> None:
    await web.add_reader(await web.add_list())
    before = await web.everything()
    async with web.client() as client:
        response = await client.post(web.preferences_path(1), data={"action": "pause", "days": days})
    assert 400 == response.status_code
    assert before == await web.everything()


async def test_each_button_to_unsubscribe_says_from_what(web: WebHarness) -> None:
    """Somebody who hears the buttons of a page one after the other hears the newsletter with each."""
    number, other = await web.add_list(), await web.add_list("tides", title="Tides")
    await web.add_reader(number)
    await web.add_reader(other)
    async with web.client() as client:
        page = (await client.get(web.preferences_path(1))).text
    described = re.findall(r'value="leave" aria-describedby="([^"]+)"', page)
    assert ["of-news", "of-tides"] == sorted(described)
    assert all(f'id="{name}"' in page for name in described)


async def test_leaving_all_lists(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    await web.add_reader(await web.add_list("other", title="Other"), state="suspended")
    async with web.client() as client:
        response = await client.post(web.preferences_path(1), data={"action": "leave-all"})
    assert 200 == response.status_code
    assert [("unsubscribed",)] * 2 == await web.rows("select state from subscription")


# ---------------------------------------------------------------------- whose page it is


async def test_whoever_has_left_is_not_told_of_a_pause_or_of_the_next_edition(web: WebHarness) -> None:
    """The page may have been open since before; of a list that they read, it says both."""
    await web.add_reader(await web.add_list())
    await web.add_reader(await web.add_list("other", title="Other"))
    path, said = web.preferences_path(1), ("Paused.", "Welcome back.")
    async with web.client() as client:
        await client.post(path, data={"action": "leave", "list": "harbour"})
        pages = [
            await client.post(path, data={"action": action, "days": "7", **of})
            for of in ({"list": "harbour"}, {"list": "other"}, {})
            for action in ("pause", "resume")
        ]
        await client.post(path, data={"action": "leave-all"})
        pages += [await client.post(path, data={"action": action, "days": "7"}) for action in ("pause", "resume")]
    assert [200] * 8 == [page.status_code for page in pages]
    assert [False, False, True, True, True, True, False, False] == [
        said[place % 2] in page.text for place, page in enumerate(pages)
    ]


async def two_lists(web: WebHarness) -> None:
    """A reader of two lists, of which the second in the alphabet is Spanish and green."""
    await web.add_reader(await web.add_list("harbour"))
    await web.add_reader(await web.add_list("noticias", title="Noticias", language="es"))
    await web.dress_list("noticias", colour="#0b6b3a")


@pytest.mark.parametrize(
    ("list_name", "own", "accept", "expected"),
    [
        ("noticias", "", "de", "es"),  # that list's goes before the browser's,
        ("noticias", "fr", "de", "fr"),  # and the reader's own before both
        ("noticias&language=it", "", "de", "it"),  # what is named goes before the list's
        ("", "", "de", "de"),  # no list is named: the browser's,
        ("", "", "", "en"),  # or that of the first list
        ("nowhere", "", "de", "de"),
    ],
)
async def test_the_page_speaks_as_the_list_that_the_reader_came_from(
    web: WebHarness, list_name: str, own: str, accept: str, expected: str
) -> None:
    await two_lists(web)
    await web.write(f"update subscriber set language = '{own}'")
    async with web.client() as client:
        path = f"{web.preferences_path(1)}?list={list_name}"
        page = await client.get(path, headers={"accept-language": accept} if accept else {})
    assert (200, True) == (page.status_code, f'<html lang="{expected}"' in page.text)


async def test_the_page_is_in_the_colour_of_that_list_and_stays_so(web: WebHarness) -> None:
    await two_lists(web)
    async with web.client() as client:
        path = web.preferences_path(1)
        plain = await client.get(path)
        dressed = await client.get(f"{path}?list=noticias")
        saved = await client.post(f"{path}?list=noticias", data={"action": "save", "name": "Ada"})
        asked = await client.get("/preferences?list=noticias")
    assert [False, True, True, True] == ["--accent:#0b6b3a" in page.text for page in (plain, dressed, saved, asked)]


async def test_a_list_that_is_named_shows_nothing_of_anybody(web: WebHarness) -> None:
    """The name is not signed: it opens no list, and it makes no link good."""
    await two_lists(web)
    await web.add_list("secret", title="Secret")
    await web.write("update list set listed = 0 where name = 'secret'")
    async with web.client() as client:
        page = await client.get(f"{web.preferences_path(1)}?list=secret")
        assert 404 == (await client.get(f"{web.preferences_path(1, 7)}?list=noticias")).status_code
    assert 0 == page.text.count('value="secret"')


@pytest.mark.parametrize(
    ("came_from", "writes"), [("", "harbour"), ("noticias", "noticias"), ("other", "harbour"), ("nowhere", "harbour")]
)
async def test_the_link_is_mailed_by_the_list_that_the_reader_came_from_if_they_read_it(
    web: WebHarness, came_from: str, writes: str
) -> None:
    await two_lists(web)
    await web.add_list("other", title="Other")
    async with web.client() as client:
        await client.post(f"/preferences?list={came_from}", data={"email": ADA})
        await client.post(f"{web.preferences_path(1)}?list={came_from}", data={"action": "download"})
    query = "select list.name from notice join list on list.id = notice.list_id"
    assert [(writes,)] * 2 == await web.rows(query)


async def test_each_list_is_paused_resumed_and_left_on_its_own(web: WebHarness) -> None:
    await two_lists(web)
    async with web.client() as client:
        path = web.preferences_path(1)
        states = []
        for data in (
            {"action": "pause", "days": "7", "list": "noticias"},
            {"action": "resume", "list": "harbour"},
            {"action": "resume", "list": "noticias"},
            {"action": "leave", "list": "harbour"},
            {"action": "leave", "list": "other"},
            {"action": "leave"},
        ):
            assert 200 == (await client.post(path, data=data)).status_code
            states.append([row[0] for row in await web.rows("select state from subscription order by id")])
    paused, both, left = ["active", "suspended"], ["active", "active"], ["unsubscribed", "active"]
    assert [paused, paused, both, left, left, left] == states


async def test_a_list_that_is_paused_can_be_resumed_and_not_paused(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    async with web.client() as client:
        path = web.preferences_path(1)
        before = await client.get(path)
        after = await client.post(path, data={"action": "pause", "days": "7", "list": "news"})
    shown = [[f'value="{action}"' in page.text for action in ("pause", "resume")] for page in (before, after)]
    assert [[True, False], [False, True]] == shown


async def test_other_lists_are_added_without_a_word_about_those_there_are(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    await web.add_list("other", title="Other")
    async with web.client() as client:
        path = web.preferences_path(1)
        assert 400 == (await client.post(path, data={"action": "add"})).status_code
        assert 200 == (await client.post(path, data={"action": "add", "list": "other"})).status_code
    assert [("active",), ("pending",)] == await web.rows("select state from subscription order by id")
    assert ["confirmation"] == [kind for kind, _, _ in await web.notices()]


async def test_lists_that_are_added_together_are_asked_about_in_one_mail(web: WebHarness) -> None:
    """A mail for each would go over the limit of an address, and some lists would be lost without a word."""
    await web.add_reader(await web.add_list())
    names = [f"other{number}" for number in range(5)]
    for name in names:
        await web.add_list(name, title=name.title())
    async with web.client() as client:
        page = await client.post(web.preferences_path(1), data={"action": "add", "list": names})
        assert 200 == page.status_code
        await client.post(web.confirm_path(1))
    assert ["confirmation"] == [kind for kind, _, _ in await web.notices()]
    assert [("active", 6)] == await web.rows("select state, count(*) from subscription group by state")
    texts = {str(row["text"]) for row in await web.consent(ADA) if row["event"] == "requested"}
    assert {"Other0, Other1, Other2, Other3 and Other4 [Subscribe]"} == texts


@pytest.mark.parametrize("action", ["add", "save"])
async def test_over_the_limit_of_a_network_the_page_does_not_promise_a_mail(tmp_path: Path, action: str) -> None:
    async with open_web(tmp_path, limits=LimitSettings(sign_ups_per_ip=Rate(1, 3600.0))) as web:
        await web.add_reader(await web.add_list())
        await web.add_list("other", title="Other")
        async with web.client(peer="192.0.2.1") as client:
            await client.post("/news/subscribe", data={"email": "bo@reader.example"})
            page = await client.post(web.preferences_path(1), data={"action": action, "list": ["news", "other"]})
        assert (429, "3600") == (page.status_code, page.headers["retry-after"])
        assert "Too many sign-ups from your network. Try again in 60 minutes." in words_of(page.text)
        assert [("active",)] == await web.rows("select state from subscription where subscriber_id = 1")


async def test_the_history_names_titles_and_says_what_language_words_are_in(web: WebHarness) -> None:
    """Evidence keeps the words that were shown, so on a page in another language they say theirs."""
    await two_lists(web)
    async with web.client() as client:
        path = web.preferences_path(1, 0, int(NOW) + 3600)
        await client.post(f"{path}?list=noticias", data={"action": "pause", "days": "30", "list": "noticias"})
        page = await client.get(f"{path}?language=en")
    item = page.text.partition('<ol class="history">')[2]
    assert "<bdi>Noticias</bdi>" in item
    assert '<q lang="es" dir="ltr">[Pausar 30 días]</q>' in item
    assert "on this website" in item


async def test_a_sign_up_on_another_website_was_not_on_this_one(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": ADA}, headers={"Origin": "https://elsewhere.example"})
        page = await client.get(web.preferences_path(1, 0, int(NOW) + 3600))
    item = page.text.partition('<ol class="history">')[2]
    assert "You signed up on another website." in words_of(item)
    assert "on this website" not in item
