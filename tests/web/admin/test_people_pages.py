"""The pages about people: who may see them, what their buttons do, and what is refused."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.database import execute, select
from tests.web.admin.admin_harness import AdminHarness

from pressrun.core.addresses.address import parse_address
from pressrun.store.people import people
from pressrun.store.transaction import Transaction


@asynccontextmanager
async def operator(admin: AdminHarness, name: str = "ann") -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which an operator has logged in by a passkey."""
    number = await admin.harness.add_person(name, is_operator=True)
    async with entered(admin, number) as client:
        yield client


@asynccontextmanager
async def entered(admin: AdminHarness, number: int) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which somebody has entered by a link."""
    async with admin.client() as client:
        answer = await client.post(await admin.make_link(number))
        assert 303 == answer.status_code
        yield client


async def permissions(admin: AdminHarness) -> list[tuple[Any, ...]]:
    return await select(
        admin.harness.database,
        "select person.name, permission.role, permission.readers from permission join person "
        "on person.id = permission.person_id order by person.name",
    )


async def is_operating(admin: AdminHarness, name: str) -> int:
    """1 for an operator."""
    rows = await select(admin.harness.database, f"select is_operator from person where name = '{name}'")
    return int(rows[0][0])


async def press(client: httpx.AsyncClient, name: str, action: str, **fields: str) -> httpx.Response:
    return await client.post(f"/admin/people/{name}", data={"action": action, **fields})


async def test_an_operator_sees_everybody(admin: AdminHarness) -> None:
    """By name, with what they may do and whether they can log in; the menu leads there."""
    await admin.harness.add_person("bob")
    await admin.harness.add_person("carl", may_log_in=False)
    async with operator(admin) as client:
        page = await client.get("/admin/people")
        assert 200 == page.status_code
        assert ["ann", "bob", "carl"] == re.findall(r'href="/admin/people/(\w+)"', page.text)
        assert "Operator" in page.text
        assert "<bdi>News</bdi>: Editor" in page.text
        assert "Posts by email only" in page.text
        assert 'href="/admin/people"' in (await client.get("/admin")).text


async def test_an_operator_sees_whose_mail_does_not_arrive(admin: AdminHarness) -> None:
    """Beside the person, and on their page with what the mail server said."""
    await admin.harness.add_person("bob")
    async with operator(admin) as client:
        assert "did not arrive" not in (await client.get("/admin/people")).text
        database = admin.harness.database
        [(address,)] = await select(database, "select address from person where name = 'bob'")
        values = "'login_code', ?, 'en', x'00', 1"
        await execute(
            database,
            f"insert into notice (kind, address, language, message_secret, created_at) values ({values})",
            address,
        )
        await execute(
            database,
            "insert into delivery (notice_id, domain, state, due_at, recorded_at, reply) "
            "select max(id), 'x.example', 'failed', 1, 1, '550 <b>gone</b>' from notice",
        )
        assert 1 == (await client.get("/admin/people")).text.count("The latest email did not arrive.")
        page = (await client.get("/admin/people/bob")).text
        assert "The latest email did not arrive." in page
        assert "550 &lt;b&gt;gone&lt;/b&gt;" in page
        assert "did not arrive" not in (await client.get("/admin/people/ann")).text


async def test_a_person_without_rights_is_told_so(admin: AdminHarness) -> None:
    """As the shell adds people without any; their page does not call the first newsletter another one."""
    await admin.harness.add_person("bob")
    async with operator(admin) as client:
        assert "No rights yet" not in (await client.get("/admin/people")).text
        assert "Another newsletter" not in (await client.get("/admin/people/bob")).text  # there is only one
        await press(client, "bob", "remove-list", list="news")
        assert "No rights yet" in (await client.get("/admin/people")).text
        assert '<h2 id="another">Newsletter</h2>' in (await client.get("/admin/people/bob")).text


@pytest.mark.parametrize("path", ["/admin/people", "/admin/people/ann", "/admin/invite"])
async def test_nobody_else_does(admin: AdminHarness, path: str) -> None:
    """403 for an editor, whose menu does not lead there, and the log-in for nobody."""
    ann = await admin.harness.add_person("ann")
    async with entered(admin, ann) as client:
        assert 'href="/admin/people"' not in (await client.get("/admin")).text
        page = await client.get(path)
        wish = {"action": "make-operator", "email": "x@y.example", "list": "news", "role": "editor"}
        refused = await client.post(path, data=wish)
    assert (403, False) == (page.status_code, "town.example" in page.text)
    assert refused.status_code == (405 if path == "/admin/people" else 403)
    assert [("ann", "editor", "none")] == await permissions(admin)
    async with admin.client() as client:
        assert 303 == (await client.get(path)).status_code


async def test_an_invitation_is_mailed(admin: AdminHarness) -> None:
    """With the role and the access that were chosen; the page says where it goes."""
    async with operator(admin) as client:
        form = await client.get("/admin/invite")
        assert ["news"] == re.findall(r'<option value="(\w+)">News \(news\)<', form.text)
        wish = {"email": "Berta@town.example", "list": "news", "role": "publisher", "readers": "see"}
        answer = await client.post("/admin/invite", data=wish)
        assert (200, True) == (answer.status_code, "Berta@town.example" in answer.text)
        assert "Invited" in (await client.get("/admin/people")).text
    assert [("berta", "publisher", "see")] == await permissions(admin)
    mailed = await select(admin.harness.database, "select kind, address from notice")
    assert [("invitation", "Berta@town.example")] == mailed
    recorded = "select who, way, action, outcome from audit where action = 'user.invite'"
    assert [("person:ann", "page", "user.invite", "done")] == await select(admin.harness.database, recorded)


@pytest.mark.parametrize(
    "wish",
    [
        {"email": "berta@"},
        {"email": ""},
        {"list": "nolist"},
        {"list": ""},
        {"role": "owner"},
        {"role": ""},
        {"readers": "all"},
        {"email": "berta@town.example\r\nBcc: x@y.example"},
    ],
)
async def test_a_wrong_invitation_is_shown_again(admin: AdminHarness, wish: dict[str, str]) -> None:
    """What was typed is kept, and nobody is mailed."""
    async with operator(admin) as client:
        good = {"email": "berta@town.example", "list": "news", "role": "editor", "readers": "none"}
        answer = await client.post("/admin/invite", data={**good, **wish})
    assert (422, True) == (answer.status_code, 'action="/admin/logout"' in answer.text)
    assert [] == await select(admin.harness.database, "select * from notice")
    assert [] == await permissions(admin)


async def test_the_buttons_of_a_person(admin: AdminHarness) -> None:
    """Rights on a list, an operator's, and back; each change ends the person's sessions."""
    bob = await admin.harness.add_person("bob")
    async with operator(admin) as client, entered(admin, bob) as theirs:
        assert 200 == (await theirs.get("/admin")).status_code
        saved = await press(client, "bob", "save", list="news", role="publisher", readers="export")
        assert (303, "/admin/people/bob?done=1") == (saved.status_code, saved.headers["location"])
        assert [("bob", "publisher", "export")] == await permissions(admin)
        assert 303 == (await theirs.get("/admin")).status_code
        page = await client.get("/admin/people/bob?done=1")
        assert 'value="publisher" selected' in page.text
        for action, is_operator in (("make-operator", 1), ("end-operator", 0)):
            assert 303 == (await press(client, "bob", action)).status_code
            assert [(is_operator,)] == await select(
                admin.harness.database, "select is_operator from person where name = 'bob'"
            )
        assert 303 == (await press(client, "bob", "remove-list", list="news")).status_code
        assert [] == await permissions(admin)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("save", {"list": "nolist", "role": "editor", "readers": "none"}),
        ("save", {"list": "news", "role": "owner", "readers": "none"}),
        ("save", {"list": "news"}),
        ("save", {}),
        ("unknown", {}),
        ("", {}),
    ],
)
async def test_a_button_that_means_nothing_changes_nothing(
    admin: AdminHarness, action: str, fields: dict[str, str]
) -> None:
    await admin.harness.add_person("bob")
    async with operator(admin) as client:
        answer = await press(client, "bob", action, **fields)
    assert answer.status_code in (200, 422)
    assert "bob" in answer.text
    assert [("bob", "editor", "none")] == await permissions(admin)


@pytest.mark.parametrize(
    ("action", "fields", "leads_to"),
    [
        ("remove-list", {"list": "news"}, "/admin/people/bob"),
        ("end-operator", {}, "/admin/people/bob"),
        ("really-remove", {}, "/admin/people"),
    ],
)
async def test_what_is_taken_away_twice_is_away(
    admin: AdminHarness, action: str, fields: dict[str, str], leads_to: str
) -> None:
    """A second click leads where the first one does, and says nothing of a problem."""
    await admin.harness.add_person("bob", is_operator=True)
    async with operator(admin) as client:
        await press(client, "bob", "save", list="news", role="editor", readers="none")
        answers = [await press(client, "bob", action, **fields) for _ in range(2)]
    assert [f"{leads_to}?done=1", leads_to] == [answer.headers["location"] for answer in answers]


async def test_a_mark_behind_a_link_leads_to_its_page(admin: AdminHarness) -> None:
    """As with the links of readers: mail programs take a full stop for a part of the link."""
    number = await admin.harness.add_person("bob")
    link = await admin.make_link(number)
    async with admin.client() as client:
        marked = await client.get(f"{link}.")
        assert (303, True) == (marked.status_code, link.endswith(marked.headers["location"]))
        assert [404, 404] == [
            (await client.get(f"{link[:-1]}.")).status_code,
            (await client.post(f"{link}.")).status_code,
        ]
        assert 303 == (await client.post(link)).status_code


async def test_a_link_is_shown_once_and_lets_its_person_in(admin: AdminHarness) -> None:
    await admin.harness.add_person("bob")
    async with operator(admin) as client:
        page = await press(client, "bob", "link")
        assert "no-store" == page.headers["cache-control"]
        (url,) = re.findall(r'value="(https://news\.example\.org/admin/enter/[^"]+)"', page.text)
        assert "/admin/enter/" not in (await client.get("/admin/people/bob")).text
    async with admin.client() as client:
        assert 303 == (await client.post(url)).status_code
        assert "bob" in (await client.get("/admin")).text


async def test_a_person_is_removed_after_a_question(admin: AdminHarness) -> None:
    """The first press asks, the second removes; oneself one cannot remove by the page."""
    await admin.harness.add_person("bob")
    async with operator(admin) as client:
        asked = await press(client, "bob", "remove")
        assert (200, True) == (asked.status_code, "really-remove" in asked.text)
        assert 200 == (await client.get("/admin/people/bob")).status_code
        assert 303 == (await press(client, "bob", "really-remove")).status_code
        assert 404 == (await client.get("/admin/people/bob")).status_code
        assert 'value="remove"' not in (await client.get("/admin/people/ann")).text


async def test_a_change_needs_a_log_in_of_the_last_minutes(admin: AdminHarness) -> None:
    """Later the pages with forms lead to the log-in and back; the others can be read on."""
    await admin.harness.add_person("bob")
    async with operator(admin) as client:
        admin.harness.now += 901
        assert 200 == (await client.get("/admin/people")).status_code
        for path in ("/admin/people/bob", "/admin/invite"):
            away = await client.get(path)
            assert (303, True) == (away.status_code, "/admin/login?next=" in away.headers["location"])
        assert 303 == (await press(client, "bob", "make-operator")).status_code
    assert 0 == await is_operating(admin, "bob")


async def test_a_password_alone_is_not_enough_for_an_operator(admin: AdminHarness) -> None:
    """Everything can be read and nothing changed."""
    await admin.harness.set_password(await admin.harness.add_person("ann", is_operator=True))
    await admin.harness.add_person("bob")
    async with admin.logged_in() as client:
        assert 200 == (await client.get("/admin/people")).status_code
        answer = await press(client, "bob", "make-operator")
        assert (303, "/admin/account") == (answer.status_code, answer.headers["location"])
    assert 0 == await is_operating(admin, "bob")


async def test_who_is_no_operator_any_more_is_turned_away_at_once(admin: AdminHarness) -> None:
    """In the middle of a session."""
    bob = await admin.harness.add_person("bob", is_operator=True)
    async with operator(admin) as client, entered(admin, bob) as theirs:
        assert 200 == (await theirs.get("/admin/people")).status_code
        await press(client, "bob", "end-operator")
        assert 303 == (await press(theirs, "ann", "end-operator")).status_code
    assert 1 == await is_operating(admin, "ann")


@pytest.mark.parametrize("change", ["epoch = epoch + 1", "is_operator = 0"])
async def test_nothing_is_changed_once_a_session_or_right_has_ended(admin: AdminHarness, change: str) -> None:
    """Also where that is while the form arrives."""
    bob = await admin.harness.add_person("bob", is_operator=True)

    async def form() -> AsyncIterator[bytes]:
        yield b"action=end-"
        await execute(admin.harness.database, f"update person set {change} where id = {bob}")
        yield b"operator"

    async with operator(admin), entered(admin, bob) as theirs:
        answer = await theirs.post(
            "/admin/people/ann", content=form(), headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
    assert (403, 1) == (answer.status_code, await is_operating(admin, "ann"))


async def test_an_address_is_shown_as_text(admin: AdminHarness) -> None:
    """Whatever is in it."""

    def add(tx: Transaction) -> None:
        people.insert_person(tx, "eve", parse_address("o&x`{{7*7}}'@town.example"), 1)

    await admin.harness.database.write(add)
    async with operator(admin) as client:
        for path in ("/admin/people", "/admin/people/eve"):
            assert "o&amp;x`{{7*7}}&#39;@town.example" in (await client.get(path)).text.replace("<wbr>", "")


async def test_very_many_people_come_in_pages(admin: AdminHarness) -> None:
    def add(tx: Transaction) -> None:
        for number in range(120):
            people.insert_person(tx, f"person-{number:03}", None, 1)

    await admin.harness.database.write(add)
    async with operator(admin) as client:
        first = await client.get("/admin/people")
        (following,) = re.findall(r'href="(/admin/people\?after=[^"]+)"', first.text)
        second = await client.get(following)
    shown = [re.findall(r'href="/admin/people/([^"?]+)"', page.text) for page in (first, second)]
    assert [100, 21] == [len(names) for names in shown]
    assert 121 == len({*shown[0], *shown[1]})
