"""The first page after a log-in: whose newsletters it shows, and what it says of each."""

from __future__ import annotations

import pytest
from tests.database import execute
from tests.web.admin.admin_harness import AdminHarness
from tests.web.admin.test_people_pages import entered, operator
from tests.web.admin.test_token_pages import publisher

from pressrun.store.lists import lists
from pressrun.store.lists.lists import NewList

NEWS = '<a href="https://news.example.org/news" lang="en"><bdi>News</bdi></a>'
POST = "To prepare an edition, email it to"


async def add_list(admin: AdminHarness) -> None:
    new = NewList(name="inner", title="The Inner Letter", from_address="inner@town.example")
    await admin.harness.database.write(lists.insert_list, new, 1)


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


async def test_without_a_newsletter_the_page_leads_on(admin: AdminHarness) -> None:
    ann = await admin.harness.add_person("ann")
    await execute(admin.harness.database, "delete from permission")
    async with entered(admin, ann) as client:
        page = (await client.get("/admin")).text
    assert (False, 2) == ('id="own"' in page, page.count('href="/admin/account"'))  # the menu has the other


@pytest.mark.parametrize("change", ["post_by_mail = 'off'", "closed_at = 1"])
async def test_nobody_is_told_to_post_where_it_is_refused(admin: AdminHarness, change: str) -> None:
    ann = await admin.harness.add_person("ann")
    await execute(admin.harness.database, f"update list set {change}")
    async with entered(admin, ann) as client:
        page = (await client.get("/admin")).text
    assert (True, False) == (NEWS in page, POST in page)
