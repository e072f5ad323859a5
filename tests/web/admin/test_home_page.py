"""The first page after a log-in: whose newsletters it shows, and what it says of each."""

from __future__ import annotations

import pytest
from tests.database import execute
from tests.web.admin.admin_harness import AdminHarness
from tests.web.admin.test_people_pages import entered, operator
from tests.web.admin.test_token_pages import SHOP, publisher

from pressrun.store.lists import lists

NEWS = '<a href="https://news.example.org/news" lang="en"><bdi>News</bdi></a>'
POST = "To prepare an edition, email it to"


async def add_list(admin: AdminHarness) -> None:
    new = {"name": "inner", "title": "The Inner Letter", "from_address": "inner@town.example"}
    await admin.harness.database.write(lists.insert_list, **new, now=1)


async def test_an_editor_finds_her_newsletter_and_where_to_write(admin: AdminHarness) -> None:
    """And no other, which she is not to know of."""
    await add_list(admin)
    ann = await admin.harness.add_person("ann")
    async with entered(admin, ann) as client:
        page = (await client.get("/admin")).text
    assert f"{NEWS}&nbsp;· Editor" in page
    assert f'{POST} <a href="mailto:news@news.example.org"><bdi>news@news.example.org</bdi></a>' in page
    assert "Inner" not in page


async def test_a_publisher_is_called_that(admin: AdminHarness) -> None:
    bob = await publisher(admin)
    async with entered(admin, bob) as client:
        assert f"{NEWS}&nbsp;· Publisher" in (await client.get("/admin")).text


async def test_an_operator_finds_every_newsletter(admin: AdminHarness) -> None:
    """Without the way to post by email, which needs a role on the list."""
    await add_list(admin)
    async with operator(admin) as client:
        page = (await client.get("/admin")).text
    assert (True, True, False) == (NEWS in page, "The Inner Letter" in page, POST in page)


async def test_without_a_newsletter_the_page_says_so_and_leads_on(admin: AdminHarness) -> None:
    """As where the last one was removed. The token for it is still listed, and for nothing."""
    ann = await publisher(admin, "ann")
    async with entered(admin, ann) as client:
        await client.post("/admin/tokens/new", data=SHOP)
        assert "No rights yet" not in (await client.get("/admin")).text
        await execute(admin.harness.database, "delete from list")
    async with entered(admin, ann) as client:
        page, tokens = (await client.get("/admin")).text, (await client.get("/admin/tokens")).text
    assert (False, 2) == ('id="own"' in page, page.count('href="/admin/account"'))  # the menu has the other
    assert (True, True) == ("No rights yet" in page, "<bdi>No rights yet</bdi>" in tokens)


async def test_an_operator_has_rights_without_a_newsletter(admin: AdminHarness) -> None:
    async with operator(admin) as client:
        await execute(admin.harness.database, "delete from list")
        assert "No rights yet" not in (await client.get("/admin")).text


@pytest.mark.parametrize("change", ["post_by_mail = 'off'", "closed_at = 1"])
async def test_nobody_is_told_to_post_where_it_is_refused(admin: AdminHarness, change: str) -> None:
    ann = await admin.harness.add_person("ann")
    await execute(admin.harness.database, f"update list set {change}")
    async with entered(admin, ann) as client:
        page = (await client.get("/admin")).text
    assert (True, False) == (NEWS in page, POST in page)


@pytest.mark.parametrize("path", ["/admin/lists", "/admin/lists/news", "/admin/people/ann/x", "/admin/wp-login.php"])
async def test_a_path_without_a_page_is_told_only_to_those_who_have_logged_in(admin: AdminHarness, path: str) -> None:
    """It leads others to the log-in, as every page does, and what another site sends there is turned away."""
    async with admin.client() as client:
        for answer in (await client.get(path), await client.post(path)):
            assert (303, "/admin/login") == (answer.status_code, answer.headers["location"].partition("?")[0])
        assert 403 == (await client.post(path, headers={"Sec-Fetch-Site": "cross-site"})).status_code
        assert 405 == (await client.delete(path)).status_code
    async with operator(admin) as client:
        answer = await client.get(path)
        assert (404, True) == (answer.status_code, "Page not found" in answer.text)


async def test_a_page_that_takes_another_method_says_which(admin: AdminHarness) -> None:
    async with admin.client() as client:
        assert [(405, "POST"), (405, "GET, HEAD")] == [
            (answer.status_code, answer.headers["allow"])
            for answer in (await client.get("/admin/logout"), await client.post("/admin/people"))
        ]
