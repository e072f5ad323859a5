"""No page of another site acts for a person: every route that changes something, with every combination of headers."""

from __future__ import annotations

import itertools
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from tests.database import select
from tests.services.log_ins.log_in_harness import ORIGIN
from tests.web.admin.admin_harness import AdminHarness, open_admin

from pressrun.web.admin.frame import AdminMember
from pressrun.web.http.same_origin import SAFE_METHODS
from pressrun.web.http.security import Guard
from pressrun.web.settings import OidcSettings

SITES = (None, "same-origin", "same-site", "cross-site", "none")
ORIGINS = (None, ORIGIN, "https://evil.example", "null")
RIGHT = {(None, ORIGIN), ("same-origin", None), ("same-origin", ORIGIN)}


async def test_only_what_a_page_of_ours_sends_comes_through(tmp_path: Path) -> None:
    """All combinations of both headers, at every route of the application and by every unsafe method.

    The session is that of an operator who has just logged in by enough, so nothing but the headers is in the way.
    """
    oidc = OidcSettings(issuer="https://id.example", client_id="pressrun", client_secret="secret")
    async with open_admin(tmp_path, oidc=oidc) as web:
        ann = await web.harness.add_person("ann", is_operator=True)
        async with web.client() as browser:
            await browser.post(await web.make_link(ann))
            cookies = dict(browser.cookies)
        unsafe = _unsafe_routes(web, token=(await web.make_link(ann)).rpartition("/")[2])
        assert len(unsafe) > 12
        before = await _everything(web)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=web.app), base_url=ORIGIN, cookies=cookies)
        for headers, (method, path) in itertools.product(_combinations(are_right=False), unsafe):
            answer = await client.request(method, path, data=ACTS_EVERYWHERE, headers=headers)
            assert (403, False) == (answer.status_code, "set-cookie" in answer.headers), (method, path, headers)
        assert before == await _everything(web)
        for headers, (method, path) in itertools.product(_combinations(are_right=True), unsafe):
            answer = await client.request(method, path, data=ACTS_EVERYWHERE, headers=headers)
            assert 403 != answer.status_code, (method, path, headers)
        assert before != await _everything(web)


def _combinations(*, are_right: bool) -> list[dict[str, str]]:
    return [
        {name: value for name, value in {"Sec-Fetch-Site": site, "Origin": origin}.items() if value is not None}
        for site, origin in itertools.product(SITES, ORIGINS)
        if ((site, origin) in RIGHT) is are_right
    ]


# What the form of one page or another has, so that its POST would do something.
ACTS_EVERYWHERE = {"action": "end-others", "email": "ann@town.example", "list": "news", "role": "editor", "name": "a"}


def _unsafe_routes(web: AdminHarness, token: str) -> list[tuple[str, str]]:
    """Every method and path of the application below /admin that may change something; log-out comes last."""
    app = web.app
    assert isinstance(app, Guard)
    router = app._elsewhere.app
    assert isinstance(router, Router)
    routes = [
        (method, route.path.replace("{token}", token).replace("{name}", "ann").replace("{rest:path}", "x"))
        for route in router.routes
        if isinstance(route, Route) and route.path.startswith("/admin")
        for method in sorted((route.methods or set()) - SAFE_METHODS)
    ]
    return sorted(routes, key=lambda pair: pair[1].endswith("logout"))


async def _everything(web: AdminHarness) -> list[object]:
    tables = ("person", "permission", "login_session", "login_code", "enter_link", "api_token", "password", "audit")
    return [
        await select(web.harness.database, f"select * from {table}") for table in (*tables, "notice", "limit_event")
    ]


@pytest.mark.parametrize(("site", "origin"), sorted(RIGHT, key=str))
async def test_what_a_page_of_ours_sends_is_done(admin: AdminHarness, site: str | None, origin: str | None) -> None:
    """A new browser says both, one over plain HTTP only the origin."""
    await admin.harness.set_password(await admin.harness.add_person("ann"))
    async with admin.logged_in() as client:
        sent = {"Sec-Fetch-Site": site, "Origin": origin}
        del client.headers["Sec-Fetch-Site"]
        headers = {name: value for name, value in sent.items() if value is not None}
        assert 303 == (await client.post("/admin/logout", headers=headers)).status_code
        assert 303 == (await client.get("/admin/account")).status_code


async def test_a_page_of_members_is_guarded_by_its_frame(admin: AdminHarness) -> None:
    """Whoever adds one need not think of it."""
    called = []

    async def page(_request: Request, member: AdminMember) -> Response:
        called.append(member.person_id)
        return PlainTextResponse("done")

    handler = admin.frame(admin.web).page(page)
    await admin.harness.set_password(await admin.harness.add_person("ann"))
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
