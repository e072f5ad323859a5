"""Links of the program that a list was moved from, on our pages."""

from __future__ import annotations

import pytest
from tests.web.harness import WebHarness

from pressrun.core.addresses.old_links import OldKind, digest_of_campaign, digest_of_path, digest_of_person
from pressrun.services.readers.old_links import add_people, add_places
from pressrun.store.readers import subscribers

ADA, BOB = "ada@reader.example", "bob@reader.example"
ISSUE, ISSUE_OF_BOTH, UNKNOWN = (f"{digit * 8}-33d1-4d2c-9c55-0a64c5a3ad11" for digit in "123")
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def move_in(web: WebHarness) -> tuple[int, int]:
    """Two lists that Ada is on, and her old links; returns her subscriptions."""
    news, other = await web.add_list(), await web.add_list("other")
    reader, second = await web.add_reader(news, ADA), await web.add_reader(other, ADA)
    people = [(digest_of_person(READER), ADA), (digest_of_person(UID), ADA)]
    for name, places in (
        (
            "news",
            [(digest_of_campaign(ISSUE), OldKind.CAMPAIGN), (digest_of_campaign(ISSUE_OF_BOTH), OldKind.CAMPAIGN)],
        ),
        ("other", [(digest_of_campaign(ISSUE_OF_BOTH), OldKind.CAMPAIGN)]),
    ):
        await web.database.write(add_people, name, people)
        await web.database.write(add_places, name, places)
    return reader, second


READER, UID = "c9a1d6de-6d0e-4b0f-b5e8-7e0a2d3b5c11", "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_an_old_link_shows_our_page_and_changes_nothing(web: WebHarness, method: str) -> None:
    """The page has one button for the list that the issue went to."""
    reader, _ = await move_in(web)
    async with web.client() as client:
        before = await web.everything()
        answer = await client.request(method, f"/subscription/{ISSUE}/{READER}")
        assert 303 == answer.status_code
        assert "no-store" == answer.headers["cache-control"]
        assert "no-referrer" == answer.headers["referrer-policy"]
        shown = await client.get(answer.headers["location"])
    assert 200 == shown.status_code
    assert answer.headers["location"].startswith("/unsubscribe/")
    assert before == await web.everything()
    assert "active" == (await web.subscription(reader)).state


async def test_one_click_leaves_the_list_of_the_issue_alone(web: WebHarness) -> None:
    """As RFC 8058 promised in the old mail; twice is like once."""
    reader, second = await move_in(web)
    async with web.client() as client:
        for _ in range(2):
            answer = await client.post(f"/subscription/{ISSUE}/{READER}", content=ONE_CLICK, headers=FORM)
            assert 200 == answer.status_code
    assert ("unsubscribed", "active") == (
        (await web.subscription(reader)).state,
        (await web.subscription(second)).state,
    )


async def test_a_link_in_an_issue_of_several_lists_is_about_all_of_them(web: WebHarness) -> None:
    """Else the reader would go on getting what they have just left, from the other list."""
    reader, second = await move_in(web)
    async with web.client() as client:
        shown = await client.get(f"/subscription/{ISSUE_OF_BOTH}/{READER}")
        assert shown.headers["location"].startswith("/preferences/")
        answer = await client.post(f"/subscription/{ISSUE_OF_BOTH}/{READER}", content=ONE_CLICK, headers=FORM)
    assert 200 == answer.status_code
    assert ["unsubscribed"] * 2 == [(await web.subscription(number)).state for number in (reader, second)]


async def test_a_link_of_phplist_is_about_all_lists(web: WebHarness) -> None:
    """It leads to the preferences, where one can leave all; one click leaves all."""
    reader, second = await move_in(web)
    async with web.client() as client:
        shown = await client.get(f"/lists/?p=unsubscribe&uid={UID}")
        assert shown.headers["location"].startswith("/preferences/")
        assert 200 == (await client.get(shown.headers["location"])).status_code
        answer = await client.post(f"/lists/index.php?p=unsubscribe&uid={UID}&jo=1", content=ONE_CLICK, headers=FORM)
        assert 200 == answer.status_code
    assert ["unsubscribed"] * 2 == [(await web.subscription(number)).state for number in (reader, second)]


async def test_an_old_link_leads_to_no_preferences_once_the_links_of_a_person_have_ended(web: WebHarness) -> None:
    """A changed address ends them, and the old mailbox may be somebody else's. Leaving works as before."""
    reader, _ = await move_in(web)
    subscriber = (await web.subscription(reader)).subscriber_id
    await web.database.write(subscribers.end_links, subscriber)
    async with web.client() as client:
        for wanted in ("preferences", "unsubscribe"):
            where = (await client.get(f"/lists/?p={wanted}&uid={UID}")).headers["location"]
            assert where.startswith("/unsubscribe/")
            assert 200 == (await client.get(where)).status_code


async def test_any_other_post_shows_the_page(web: WebHarness) -> None:
    """Only the one-click body acts."""
    reader, _ = await move_in(web)
    async with web.client() as client:
        answer = await client.post(f"/subscription/{ISSUE}/{READER}", data={"submit": "true"})
    assert 303 == answer.status_code
    assert "active" == (await web.subscription(reader)).state


@pytest.mark.parametrize("path", [f"/subscription/{ISSUE}/{UNKNOWN}", "/lists/?p=unsubscribe&uid=ffffffffffffffff"])
async def test_an_unknown_personal_link_is_an_invalid_link(web: WebHarness, path: str) -> None:
    """One and the same page whatever its form."""
    await move_in(web)
    async with web.client() as client:
        answer = await client.get(path)
        assert 404 == answer.status_code
        assert answer.text == (await client.get("/unsubscribe/nonsense")).text


async def test_links_of_people_who_never_came_along_say_so(web: WebHarness) -> None:
    """And those of people who were erased, for ever."""
    await move_in(web)
    await web.database.write(add_people, "news", [(digest_of_person(UNKNOWN), "zoe@reader.example")])
    async with web.client() as client:
        answer = await client.get(f"/subscription/{ISSUE}/{UNKNOWN}", follow_redirects=True)
    assert 200 == answer.status_code
    assert "You are not subscribed" in answer.text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/mailman/listinfo/news", "/news"),
        ("/mailman/options/news/ada--at--reader.example", "/news/unsubscribe"),
        ("/pipermail/news/2020-May/000001.html", "/news/archive"),
        ("/lists/?p=subscribe&id=2", "/news"),
        ("/subscription/form", "/"),
    ],
)
async def test_old_pages_lead_to_ours(web: WebHarness, path: str, expected: str) -> None:
    """Whatever stood below them."""
    await web.add_list()
    await web.database.write(
        add_places,
        "news",
        [
            (digest_of_path("/mailman/listinfo/news"), OldKind.PAGE),
            (digest_of_path("/mailman/options/news"), OldKind.LEAVING_PAGE),
            (digest_of_path("/pipermail/news"), OldKind.ARCHIVE),
            (digest_of_path("/lists", "?p=subscribe&id=2"), OldKind.PAGE),
        ],
    )
    await web.database.write(add_places, None, [(digest_of_path("/subscription/form"), OldKind.PAGE)])
    async with web.client() as client:
        answer = await client.get(path)
        assert (302, expected) == (answer.status_code, answer.headers["location"])
        assert answer.status_code != (await client.post(path)).status_code


async def test_our_own_pages_win(web: WebHarness) -> None:
    """An old path that is ours, too, is ours."""
    await web.add_list()
    await web.database.write(add_places, "news", [(digest_of_path("/news"), OldKind.ARCHIVE)])
    async with web.client() as client:
        assert 200 == (await client.get("/news")).status_code
        assert 404 == (await client.get("/nothing")).status_code
