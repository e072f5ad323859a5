"""Forms of people who log in that make or mail something: a second click makes nothing more, and shows the same."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

import httpx
import pytest
from tests.database import select
from tests.web.admin.admin_harness import AdminHarness
from tests.web.admin.states import walk

from pressrun.core.access.login_codes import SALT_BYTES, app_secret
from pressrun.core.access.totp import STEP_SECONDS, code_at

COPY = r'name="copy" value="([0-9a-f]{16})"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A form: its page, what is filled in, the rows that it makes, and how many another copy makes then."""

    page: str
    fields: dict[str, str]
    made: str
    again: int = 1


DOORS = {
    "/admin/login email": Door(
        page="/admin/login", fields={"email": "dora@town.example"}, made="select count(*) from login_code"
    ),
    "/admin/invite": Door(
        page="/admin/invite",
        fields={"email": "berta@town.example", "list": "news", "role": "editor", "readers": "none"},
        made="select count(*) from audit where action = 'user.invite'",
    ),
    "/admin/people/{name} link": Door(
        page="/admin/people/dora",
        fields={"action": "link"},
        made="select count(*) from audit where action = 'user.link'",
    ),
    "/admin/tokens/new": Door(
        page="/admin/tokens/new",
        fields={"name": "shop", "scope": "read", "expires": "90d", "list": "news"},
        made="select count(*) from api_token",
        again=0,  # the name is taken
    ),
}
# What these do is done, or asked, once more without harm; a link and a password work once.
WITHOUT_NUMBER = {
    "/admin/login code",
    "/admin/logout",
    "/admin/tokens id",
    "/admin/account set-password",
    *(f"/admin/account {action}" for action in ("remove-password", "remove-app", "remove-passkey")),
    *(f"/admin/account {action}" for action in ("end-session", "end-others")),
    *(f"/admin/people/{{name}} {action}" for action in ("save", "remove-list", "make-operator", "end-operator")),
    "/admin/people/{name} really-remove",
}
# These have one, too; what their second click shows is in the tests of their pages.
WITH_NUMBER = {
    *DOORS,
    "/admin/login username",
    "/admin/enter/{token}",
    "/admin/account add-app",
    "/admin/account renew-codes",
    "/admin/people/{name} remove",
}


def forms_of(page: str, path: str) -> dict[str, bool]:
    """Each form by where it goes and its button, or else its first field; whether it has a number."""
    names = {}
    for attributes, content in re.findall(r'<form method="post"([^>]*)>(.*?)</form>', page, flags=re.DOTALL):
        where = ([*re.findall(r'action="([^"?]*)', attributes), path])[0]
        where = re.sub(r"^/admin/(people|enter)/[^/]+$", r"/admin/\1/{name}", where).replace(
            "enter/{name}", "enter/{token}"
        )
        buttons = re.findall(r'name="action" value="([\w-]+)"', content)
        typed = [name for name in re.findall(r'<input[^>]* name="(\w+)"', content) if name not in ("copy", "next")]
        is_plain = where in ("/admin/invite", "/admin/tokens/new")
        for part in buttons or ([] if is_plain else typed[:1]) or [""]:
            names[f"{where} {part}".rstrip()] = re.search(COPY, content) is not None
    return names


@pytest.mark.only_on("sqlite", "a form knows no engine")
async def test_every_form_is_in_one_of_the_tables(admin: AdminHarness) -> None:
    """A new form of these pages comes with its row."""
    shown: dict[str, bool] = {}
    async for _, _, answer in walk(admin):
        shown |= forms_of(answer.text, answer.request.url.path)
    expected = {**dict.fromkeys(WITHOUT_NUMBER, False), **dict.fromkeys(WITH_NUMBER, True)}
    assert {name: expected.get(name) for name in shown} == shown
    assert DOORS.keys() <= shown.keys()


async def _copy_of(client: httpx.AsyncClient, page: str) -> str:
    return str(re.findall(COPY, (await client.get(page)).text)[0])


async def _post(client: httpx.AsyncClient, door: Door, copy: str) -> httpx.Response:
    return await client.post(door.page, data={**door.fields, "copy": copy})


@pytest.mark.parametrize("name", DOORS)
async def test_a_second_click_makes_nothing_more(admin: AdminHarness, name: str) -> None:
    """At the same time, or a moment later; another copy of the form is another request."""
    door, database = DOORS[name], admin.harness.database
    await admin.harness.add_person("dora")
    async with admin.client() as client:
        ann = await admin.harness.add_person("ann", is_operator=True)
        await client.post(await admin.make_link(ann))
        [(before,)] = await select(database, door.made)
        copy, fresh = await _copy_of(client, door.page), await _copy_of(client, door.page)
        answers = list(await asyncio.gather(*(_post(client, door, copy) for _ in range(2))))
        answers.append(await _post(client, door, copy))
        [(after,)] = await select(database, door.made)
        await _post(client, door, fresh)
        [(last,)] = await select(database, door.made)
    assert (1, 200) == (len({answer.text for answer in answers}), answers[0].status_code)
    assert (1, door.again) == (after - before, last - after)


async def test_a_second_click_on_a_code_belongs_to_the_same_mail(admin: AdminHarness) -> None:
    """Its cookie is that of the first, so the code that is mailed lets in whichever answer the browser shows."""
    async with admin.client() as client:
        door = DOORS["/admin/login email"]
        copy = await _copy_of(client, door.page)
        answers = [await _post(client, door, copy) for _ in range(2)]
    assert 1 == len({answer.headers["set-cookie"].partition(";")[0] for answer in answers})


async def test_a_second_click_shows_the_recovery_codes_of_the_first(admin: AdminHarness) -> None:
    """Both where one-time codes are turned on and where new recovery codes are made."""
    await admin.harness.set_password(await admin.harness.add_person("ann"))
    async with admin.logged_in() as client:
        page = (await client.get("/admin/account?setup=app")).text
        [sealed], [copy] = re.findall(r'name="setup" value="([0-9a-f]+)"', page), re.findall(COPY, page)
        secret = app_secret(admin.harness.keys, bytes.fromhex(sealed)[:SALT_BYTES])
        code = code_at(secret, int(admin.harness.now // STEP_SECONDS))
        added = {"action": "add-app", "setup": sealed, "code": code, "copy": copy}
        first = [await client.post("/admin/account", data=added) for _ in range(2)]
        renewed = {"action": "renew-codes", "copy": await _copy_of(client, "/admin/account")}
        second = [await client.post("/admin/account", data=renewed) for _ in range(2)]
    assert [200] * 4 == [answer.status_code for answer in (*first, *second)]
    assert (1, 1) == (len({answer.text for answer in first}), len({answer.text for answer in second}))
    assert first[0].text != second[0].text
