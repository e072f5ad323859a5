"""Lists by API: what is shown, created, changed, closed and removed, and who may."""

from __future__ import annotations

import pytest
from tests.browser.pictures import logo
from tests.database import select
from tests.web.api.served import ServedApi

from pressrun.core.access.rights import Holdings, ReaderAccess, Right, Role, rights_of_role
from pressrun.core.addresses.address import parse_address
from pressrun.services.reports.list_descriptions import ListInfo

NEWS = {"name": "news", "title": "The Harbour Letter"}
PUBLISHER = Holdings(by_list={"news": rights_of_role(Role.PUBLISHER, ReaderAccess.NONE)})
SIGN_UP = Holdings(by_list={"news": frozenset({Right.SIGN_UP})})


async def test_create_show_and_change(served: ServedApi) -> None:
    """What was created is shown with all that its type promises, and a change leaves alone what it does not name."""
    async with served.client() as client:
        created = await client.post("/lists", json={**NEWS, "from": "News <news@list.example>", "listed": False})
        changed = await client.patch("/lists/news", json={"title": "The River Letter", "reply_to": None})
        shown = await client.get("/lists/news")
    assert (201, 200) == (created.status_code, changed.status_code)
    assert [*ListInfo.__struct_encode_fields__] == [*shown.json()]
    assert ("The River Letter", '"News" <news@list.example>', False) == tuple(
        shown.json()[name] for name in ("title", "from", "listed")
    )


async def test_what_is_not_there_is_said_without_verbs(served: ServedApi) -> None:
    """A program has no shell in which it could list what there is."""
    async with served.client() as client:
        said = {path: (await client.get(path)).json()["error"] for path in ("/lists/nws", "/editions/9", "/people/bob")}
    assert {
        "/lists/nws": "no such list: 'nws'",
        "/editions/9": "no such edition: 9",
        "/people/bob": "no such person: 'bob'",
    } == said


async def test_every_wrong_setting_at_once(served: ServedApi) -> None:
    """Those that a type shows, and those that only the service knows, each with its pointer."""
    async with served.client() as client:
        await client.post("/lists", json=NEWS)
        by_type = await client.patch("/lists/news", json={"listed": "yes", "archive": "hidden", "colour": 7, "shoe": 1})
        by_service = await client.patch(
            "/lists/news", json={"timezone": "Mars/Base", "hours": "late", "from": "nobody"}
        )
        shown = await client.get("/lists/news")
    assert ["/archive", "/colour", "/listed", "/shoe"] == sorted(error["pointer"] for error in by_type.json()["errors"])
    assert ["/from", "/hours", "/timezone"] == sorted(error["pointer"] for error in by_service.json()["errors"])
    assert "UTC" == shown.json()["timezone"]


@pytest.mark.parametrize("name", ["admin", "postmaster", "news-owner", "-news"])
async def test_a_name_that_no_list_can_have_is_among_all_that_is_wrong(served: ServedApi, name: str) -> None:
    """One that is reserved or a command address as well as one of other characters."""
    async with served.client() as client:
        answer = await client.post("/lists", json={"name": name, "title": 7, "family": name})
    assert ["/family", "/name", "/title"] == sorted(error["pointer"] for error in answer.json()["errors"])


async def test_a_change_made_from_older_settings_is_412(served: ServedApi) -> None:
    """Of settings and of the logo, and nothing changes; without If-Match it applies, and no reader changes the ETag."""
    async with served.client() as client:
        seen = {"If-Match": (await client.post("/lists", json=NEWS)).headers["ETag"]}
        await client.put("/lists/news/subscribers/ada@reader.example", json={"confirm": "vouch"})
        first = await client.patch("/lists/news", json={"title": "First"}, headers=seen)
        second = await client.patch("/lists/news", json={"title": "Second"}, headers=seen)
        pictured = await client.put("/lists/news/logo", content=logo(), headers={**seen, "Content-Type": "image/png"})
        shown = await client.get("/lists/news")
        third = await client.patch("/lists/news", json={"title": "Third"})
        fourth = await client.patch("/lists/news", json={"title": "Fourth"}, headers={"If-Match": "*"})
    assert 200 == fourth.status_code
    assert (200, 412, 412, 200) == tuple(answer.status_code for answer in (first, second, pictured, third))
    assert ("First", None) == (shown.json()["title"], shown.json()["logo"])
    assert seen["If-Match"] != first.headers["ETag"] == shown.headers["ETag"] != third.headers["ETag"]


async def test_a_name_in_use_is_409(served: ServedApi) -> None:
    """And nothing changes."""
    async with served.client() as client:
        await client.post("/lists", json=NEWS)
        assert 409 == (await client.post("/lists", json={**NEWS, "title": "Other"})).status_code
        assert "The Harbour Letter" == (await client.get("/lists/news")).json()["title"]


async def test_lists_come_page_by_page(served: ServedApi) -> None:
    """By name, and only those within reach."""
    async with served.client() as client:
        for name in ("news", "art", "music"):
            await client.post("/lists", json={"name": name, "title": name.title()})
        first = await client.get("/lists?limit=2&fields=name")
        second = await client.get(first.links["next"]["url"])
    assert [["art", "music"], ["news"]] == [
        [listed["name"] for listed in page.json()["items"]] for page in (first, second)
    ]
    async with served.client(PUBLISHER) as client:
        assert ["news"] == [listed["name"] for listed in (await client.get("/lists")).json()["items"]]
    async with served.client(SIGN_UP) as client:
        assert 403 == (await client.get("/lists")).status_code


async def test_a_foreign_list_is_like_an_unknown_one(served: ServedApi) -> None:
    """404 in the very same words, octet for octet, whatever is asked."""
    async with served.client() as client:
        for name in ("news", "secret"):
            await client.post("/lists", json={"name": name, "title": name})
    async with served.client(PUBLISHER) as client:
        for method, path, body in (
            ("GET", "/lists/{}", None),
            ("PATCH", "/lists/{}", {"title": "x"}),
            ("POST", "/lists/{}/close", None),
            ("DELETE", "/lists/{}?confirm={}", None),
        ):
            foreign, unknown = [
                await client.request(method, path.replace("{}", name), json=body) for name in ("secret", "nowhere")
            ]
            assert (404, 404) == (foreign.status_code, unknown.status_code)
            assert foreign.content.replace(b"secret", b"nowhere") == unknown.content
            assert foreign.headers.keys() == unknown.headers.keys()


async def test_what_a_publisher_may_not(served: ServedApi) -> None:
    """Settings, but neither closing, by whatever way, nor creating."""
    async with served.client() as client:
        await client.post("/lists", json=NEWS)
    async with served.client(PUBLISHER) as client:
        assert 200 == (await client.patch("/lists/news", json={"cadence": "weekly"})).status_code
        assert 403 == (await client.patch("/lists/news", json={"closed": True})).status_code
        assert 403 == (await client.patch("/lists/news", json={"approval": "none"})).status_code
        assert 403 == (await client.post("/lists/news/close")).status_code
        assert 403 == (await client.post("/lists", json={"name": "art", "title": "Art"})).status_code


async def test_a_list_joins_a_family_with_rights_on_all_of_it(served: ServedApi) -> None:
    """The pages of a family lead to all of its lists, and so to that of somebody who has no right on the others."""
    on_both = Holdings(by_list={**PUBLISHER.by_list, "secret": PUBLISHER.by_list["news"]})
    joining = {"family": "harbours", "language": "de"}
    async with served.client() as client:
        for name in ("news", "secret"):
            await client.post("/lists", json={"name": name, "title": name})
        await client.patch("/lists/secret", json={"family": "harbours"})
    async with served.client(PUBLISHER) as client:
        refused = await client.patch("/lists/news", json=joining)
        own = await client.patch("/lists/news", json={"family": "quays"})
        again = await client.patch("/lists/news", json={"family": "quays", "language": "de"})
        left = await client.patch("/lists/news", json={"family": None})
    assert [403, 200, 200, 200] == [answer.status_code for answer in (refused, own, again, left)]
    assert "secret" not in refused.text
    async with served.client(on_both) as client:
        assert 200 == (await client.patch("/lists/news", json=joining)).status_code


async def test_a_publisher_gives_a_list_an_owner_who_has_a_role_on_it(served: ServedApi) -> None:
    """Mail would go to anybody else who has not asked for it. Operators may choose whom they like."""
    async with served.client() as client:
        for name in ("news", "secret"):
            await client.post("/lists", json={"name": name, "title": name})
        await client.patch("/lists/news", json={"owner": "old@harbour.example"})
    for name in ("news", "secret"):
        await served.services.lists.add_editor(name, parse_address(f"{name}@people.example"))
    owners = ("Old@harbour.example", "old@harbour.example", "victim@x.example", "secret@people.example")
    async with served.client(PUBLISHER) as client:
        answers = [
            await client.patch("/lists/news", json={"owner": owner})
            for owner in (*owners, "NEWS@people.example", "news@people.example", None)
        ]
    assert [403, 200, 403, 403, 200, 200, 200] == [answer.status_code for answer in answers]
    async with served.client() as client:
        assert 200 == (await client.patch("/lists/news", json={"owner": "victim@x.example"})).status_code


async def test_close_reopen_and_remove(served: ServedApi) -> None:
    """Only a closed list goes, and only by its name."""
    async with served.client() as client:
        await client.post("/lists", json=NEWS)
        assert 409 == (await client.delete("/lists/news?confirm=news")).status_code
        closed = await client.post("/lists/news/close")
        reopened = await client.post("/lists/news/reopen")
        await client.post("/lists/news/close")
        unconfirmed = await client.delete("/lists/news")
        removed = await client.delete("/lists/news?confirm=news")
        gone = await client.get("/lists/news")
    assert closed.json()["closed_at"] is not None
    assert reopened.json()["closed_at"] is None
    assert [409, 204, 404] == [answer.status_code for answer in (unconfirmed, removed, gone)]


async def test_a_logo(served: ServedApi) -> None:
    """Judged by what it is, not by what it says."""
    async with served.client() as client:
        await client.post("/lists", json=NEWS)
        headers = {"Content-Type": "image/png", "X-File": "logo.png"}
        assert 422 == (await client.put("/lists/news/logo", content=b"<svg/>", headers=headers)).status_code
        assert (
            415
            == (
                await client.put("/lists/news/logo", content=b"<svg/>", headers={"Content-Type": "image/svg+xml"})
            ).status_code
        )
        assert (await client.get("/lists/news")).json()["logo"] is None


@pytest.mark.parametrize("name", ["/", "", "off", "river/mark.png"])
async def test_a_logo_is_put_whatever_its_file_is_called(served: ServedApi, name: str) -> None:
    async with served.client() as client:
        await client.post("/lists", json=NEWS)
        put = await client.put(
            "/lists/news/logo", content=logo(), headers={"Content-Type": "image/png", "X-File": name}
        )
    assert (200, {"/": "logo", "": "logo", "river/mark.png": "mark.png"}.get(name, name)) == (
        put.status_code,
        put.json()["logo"],
    )


async def test_each_change_and_each_refusal_leaves_one_row(served: ServedApi) -> None:
    """Who, what, on which list, how it ended, and the names of what changed."""
    async with served.client() as client:
        await client.post("/lists", json=NEWS)
        await client.patch("/lists/news", json={"title": "New", "cadence": "weekly"})
        await client.get("/lists/news")
        await client.delete("/lists/news?confirm=news")
        await client.patch("/lists/news", json={"shoe": 1})
        await client.patch("/lists/ada@reader.example", content=b"{", headers={"Content-Type": "text/plain"})
        await client.get("/lists/news?shoe=1")
    async with served.client(PUBLISHER) as client:
        await client.post("/lists/news/close")
    rows = await select(
        served.services.database,
        "select who, way, action, list, fields, outcome from audit where way = 'api' order by number",
    )
    assert [
        ("token:pr_0", "api", "list.create", "news", '["title"]', "done"),
        ("token:pr_0", "api", "list.set", "news", '["cadence","title"]', "done"),
        ("token:pr_0", "api", "list.rm", "news", "[]", "refused"),
        ("token:pr_0", "api", "list.set", "news", "[]", "refused"),
        ("token:pr_0", "api", "list.set", None, "[]", "refused"),
        ("token:pr_1", "api", "list.close", "news", "[]", "refused"),
    ] == [tuple(row) for row in rows]
