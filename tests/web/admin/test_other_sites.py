"""No page of another site acts for a person: every route that changes something, with every combination of headers."""

from __future__ import annotations

import itertools
from unittest.mock import Mock

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from tests.services.log_ins.lobby import ORIGIN
from tests.web.admin.admin_house import AdminHouse

from pressrun.web.admin.frame import AdminMember
from pressrun.web.admin.table import issuer_rows, log_in_rows, people_rows

SITES = (None, "same-origin", "cross-site", "none")
ORIGINS = (None, ORIGIN, "https://evil.example", "null")
RIGHT = {(None, ORIGIN), ("same-origin", None), ("same-origin", ORIGIN)}


async def test_every_route_refuses_what_another_site_sends(admin: AdminHouse) -> None:
    """403 and nothing done, but for the combinations that a page of ours sends."""
    ann = await admin.lobby.add_person("ann")
    await admin.lobby.set_password(ann)
    link = await admin.make_link(ann)
    async with admin.logged_in() as browser:
        cookies = dict(browser.cookies)
    transport = httpx.ASGITransport(app=admin.app)
    posts = admin.posted_routes()
    assert {"/admin/login", "/admin/logout", "/admin/account", "/admin/enter/{token}"} <= set(posts)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=cookies) as client:
        for path, site, origin in itertools.product(posts, SITES, ORIGINS):
            if (site, origin) in RIGHT:
                continue
            sent = {"Sec-Fetch-Site": site, "Origin": origin}
            headers = {name: value for name, value in sent.items() if value is not None}
            answer = await client.post(
                path.replace("{token}", link.rpartition("/")[2]), data={"action": "end-others"}, headers=headers
            )
            assert 403 == answer.status_code, (path, headers)
            assert "set-cookie" not in answer.headers
        assert 200 == (await client.get("/admin/account")).status_code
        assert 200 == (await client.get(link)).status_code  # it was not spent
    overview = await admin.lobby.account.overview(ann)
    assert 1 == len(overview.sessions)


@pytest.mark.parametrize(("site", "origin"), sorted(RIGHT, key=str))
async def test_what_a_page_of_ours_sends_is_done(admin: AdminHouse, site: str | None, origin: str | None) -> None:
    """A new browser says both, one over plain HTTP only the origin."""
    await admin.lobby.set_password(await admin.lobby.add_person("ann"))
    async with admin.logged_in() as client:
        sent = {"Sec-Fetch-Site": site, "Origin": origin}
        del client.headers["Sec-Fetch-Site"]
        headers = {name: value for name, value in sent.items() if value is not None}
        assert 303 == (await client.post("/admin/logout", headers=headers)).status_code
        assert 303 == (await client.get("/admin/account")).status_code


async def test_a_page_of_members_is_guarded_by_its_frame(admin: AdminHouse) -> None:
    """Whoever adds one need not think of it."""
    called = []

    async def page(_request: Request, member: AdminMember) -> Response:
        called.append(member.person_id)
        return PlainTextResponse("done")

    handler = admin.frame(admin.web).page(page)
    await admin.lobby.set_password(await admin.lobby.add_person("ann"))
    async with admin.logged_in() as client:
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items()).encode()

    async def answer(*headers: tuple[bytes, bytes], method: str = "POST") -> int:
        scope = {"type": "http", "method": method, "path": "/admin/x", "query_string": b"", "client": None}
        request = Request({**scope, "headers": [*headers], "scheme": "https", "server": ("news.example.org", 443)})
        return (await handler(request)).status_code

    ours = (b"sec-fetch-site", b"same-origin")
    assert [403, 303, 200, 200] == [
        await answer((b"cookie", cookie)),
        await answer(ours),
        await answer(ours, (b"cookie", cookie)),
        await answer((b"cookie", cookie), method="GET"),
    ]
    assert 2 == len(called)


async def test_every_route_of_every_table_is_guarded(admin: AdminHouse) -> None:
    """Pages of people, of tokens and of an issuer as well: nothing behind them is reached, whoever it is."""
    behind = Mock()
    frame = admin.frame(admin.web)
    rows = [
        *log_in_rows(frame),
        *people_rows(frame, behind.list_names),
        *issuer_rows(frame, behind.issuer, behind.identities, behind.cookies),
    ]
    posted = [(path, handler) for path, handler, methods in rows if "POST" in methods]
    assert len(posted) > 10
    behind.reset_mock()
    for path, handler in posted:
        for headers in ([], [(b"sec-fetch-site", b"same-site")], [(b"origin", b"null")]):
            scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "client": None}
            request = Request({**scope, "headers": headers, "scheme": "https", "server": ("n.example", 443)})
            assert 403 == (await handler(request)).status_code, path
    assert [] == behind.mock_calls
