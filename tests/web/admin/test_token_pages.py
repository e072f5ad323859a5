"""The pages about tokens: who makes which, what is shown when, and that a revoked one is dead."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.database import execute, select
from tests.web.admin.admin_harness import AdminHarness
from tests.web.admin.test_people_pages import entered, operator

from pressrun.core.access.rights import ReaderAccess, Role
from pressrun.store.people import people
from pressrun.store.transaction import Transaction
from pressrun.web.admin import repeats

SHOP = {"name": "shop", "scope": "sign-up", "list": "news", "expires": "90d"}


async def publisher(admin: AdminHarness, name: str = "bob") -> int:
    """Somebody who may change the settings of `news`."""
    number = await admin.harness.add_person(name)

    def promote(tx: Transaction) -> None:
        people.lock_person(tx, name)
        people.put_permission(tx, 1, number, Role.PUBLISHER, ReaderAccess.MANAGE)

    await admin.harness.database.write(promote)
    return number


async def tokens(admin: AdminHarness) -> list[tuple[object, ...]]:
    return await select(
        admin.harness.database, "select name, scope, is_everywhere, person_id from api_token order by id"
    )


async def test_a_token_is_shown_once(admin: AdminHarness) -> None:
    """And listed from then on by what it may do."""
    bob = await publisher(admin)
    async with entered(admin, bob) as client:
        assert 'value="news" checked' in (await client.get("/admin/tokens/new")).text
        page = await client.post("/admin/tokens/new", data=SHOP)
        assert (200, "no-store") == (page.status_code, page.headers["cache-control"])
        assert re.search(r'value="pr_[A-Za-z0-9_-]{43}"', page.text)
        listed = (await client.get("/admin/tokens")).text
    assert ("pr_" in listed, "shop" in listed, "Ask people to confirm" in listed) == (False, True, True)
    assert [("shop", "sign-up", 0, bob)] == await tokens(admin)


async def test_a_form_that_comes_twice_makes_one_token_and_shows_it_twice(
    admin: AdminHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser shows the answer to the second click alone, and no other page ever shows the token."""
    monkeypatch.setattr(repeats, "KEPT_SECONDS", 2.0)
    bob = await publisher(admin)
    async with entered(admin, bob) as client:
        [copy] = re.findall(r'name="copy" value="(\w+)"', (await client.get("/admin/tokens/new")).text)
        form = {**SHOP, "copy": copy}
        clicks = [client.post("/admin/tokens/new", data=form) for _ in range(2)]
        pages = [*await asyncio.gather(*clicks), await client.post("/admin/tokens/new", data=form)]
        shown = [re.findall(r'value="(pr_[A-Za-z0-9_-]{43})"', page.text) for page in pages]
        assert 1 == len(shown[0])
        assert shown == [shown[0]] * 3
        await asyncio.sleep(2.1)
        late = await client.post("/admin/tokens/new", data=form)
    assert (422, [("shop", "sign-up", 0, bob)]) == (late.status_code, await tokens(admin))


async def test_a_form_that_comes_again_with_other_wishes_makes_another_token(admin: AdminHarness) -> None:
    """A step back leads to the same copy of the form, filled in as it was."""
    async with entered(admin, await publisher(admin)) as client:
        for name in ("shop", "clock"):
            page = (await client.post("/admin/tokens/new", data={**SHOP, "copy": "1a", "name": name})).text
            assert name in page
    assert ["shop", "clock"] == [row[0] for row in await tokens(admin)]


async def test_a_form_that_failed_can_be_posted_again(admin: AdminHarness) -> None:
    """What stood in its way may be gone: here, another token of the same name."""
    form = {**SHOP, "copy": "1a"}
    async with entered(admin, await publisher(admin)) as client:
        await client.post("/admin/tokens/new", data=SHOP)
        assert 422 == (await client.post("/admin/tokens/new", data=form)).status_code
        await client.post("/admin/tokens", data={"id": "1"})
        assert 200 == (await client.post("/admin/tokens/new", data=form)).status_code


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""},
        {"name": "x" * 300},
        {"scope": "everything"},
        {"scope": ""},
        {"list": "nolist"},
        {"list": ""},
        {"expires": "1s"},
        {"networks": "here"},
        {"networks": "10.0.0.1/8"},
    ],
)
async def test_a_wrong_wish_is_shown_again(admin: AdminHarness, wish: dict[str, str]) -> None:
    """With what was typed, and no token is made."""
    async with entered(admin, await publisher(admin)) as client:
        answer = await client.post("/admin/tokens/new", data={**SHOP, **wish})
    assert answer.status_code in (422, 403)
    assert [] == await tokens(admin)


async def test_nobody_gets_a_form_that_they_cannot_send(admin: AdminHarness) -> None:
    """People who may not change settings cannot make a token, and learn that before they fill anything in."""
    async with entered(admin, await admin.harness.add_person("vic")) as client:
        answers = [await client.get("/admin/tokens/new"), await client.post("/admin/tokens/new", data=SHOP)]
    assert [403, 403] == [answer.status_code for answer in answers]
    assert [] == await tokens(admin)


async def test_a_publisher_has_no_token_for_all_newsletters(admin: AdminHarness) -> None:
    """None chosen means all, which is for operators."""
    async with entered(admin, await publisher(admin)) as client:
        answer = await client.post("/admin/tokens/new", data={**SHOP, "list": []})
        assert 403 == answer.status_code
    async with operator(admin) as client:
        answer = await client.post("/admin/tokens/new", data={"name": "all", "scope": "read", "expires": ""})
        assert 200 == answer.status_code
    assert [("all", "read", 1)] == [row[:3] for row in await tokens(admin)]


async def test_an_editor_makes_none(admin: AdminHarness) -> None:
    """The menu does not lead there, and the door is shut."""
    async with entered(admin, await admin.harness.add_person("eve")) as client:
        assert "/admin/tokens" not in (await client.get("/admin")).text
        assert "/admin/tokens/new" not in (await client.get("/admin/tokens")).text
        assert 403 == (await client.post("/admin/tokens/new", data=SHOP)).status_code
    assert [] == await tokens(admin)


async def test_a_token_is_revoked_by_its_person_or_an_operator(admin: AdminHarness) -> None:
    """Nobody else sees it or ends it; what is gone already is no error."""
    bob, carl = await publisher(admin), await publisher(admin, "carl")
    async with entered(admin, bob) as client:
        for name in ("shop", "clock"):
            await client.post("/admin/tokens/new", data={**SHOP, "name": name})
    async with entered(admin, carl) as client:
        assert "shop" not in (await client.get("/admin/tokens")).text
        assert 303 == (await client.post("/admin/tokens", data={"id": "1"})).status_code
    assert 2 == len(await tokens(admin))
    async with entered(admin, bob) as client:
        for number in ("1", "1", "999", "x", "", "9" * 50):
            assert 303 == (await client.post("/admin/tokens", data={"id": number})).status_code
    assert ["clock"] == [row[0] for row in await tokens(admin)]
    async with operator(admin) as client:
        assert "bob" in (await client.get("/admin/tokens")).text
        assert 303 == (await client.post("/admin/tokens", data={"id": "2"})).status_code
    assert [] == await tokens(admin)


async def test_revoking_names_the_tokens_that_were_made_with_it(admin: AdminHarness) -> None:
    async with operator(admin) as client:
        await client.post("/admin/tokens/new", data={"name": "first", "scope": "write", "expires": ""})
        sql = """insert into api_token (name, digest, scope, is_everywhere, person_id, created_at, origin_id)
            select 'second', ?, scope, 1, person_id, created_at, id from api_token"""
        await execute(admin.harness.database, sql, b"x")
        answer = await client.post("/admin/tokens", data={"id": "1"})
    assert 200 == answer.status_code
    assert "Tokens that were made with first are still valid: second" in answer.text


async def test_making_and_revoking_need_a_log_in_of_the_last_minutes(admin: AdminHarness) -> None:
    async with entered(admin, await publisher(admin)) as client:
        await client.post("/admin/tokens/new", data=SHOP)
        admin.harness.now += 901
        assert 200 == (await client.get("/admin/tokens")).status_code
        for path, fields in (("/admin/tokens/new", SHOP), ("/admin/tokens", {"id": "1"})):
            away = await client.post(path, data=fields)
            assert (303, True) == (away.status_code, "/admin/login" in away.headers["location"])
    assert 1 == len(await tokens(admin))
