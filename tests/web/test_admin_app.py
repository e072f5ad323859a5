"""Where the pages of /admin and the API are: beside those of readers, or at an address of their own alone."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp
from tests.web.harness import WebHarness

from pressrun.core.site import Site
from pressrun.web.app import Surroundings, build_admin_app
from pressrun.web.context import WebContext
from pressrun.web.http.security import Table

DESK = "https://desk.example.org"


def _admin_table(web: WebContext) -> Table:
    """A page that says where its links lead."""

    async def page(_request: Request) -> Response:
        return PlainTextResponse(web.pages.site.url("admin", "enter"))

    return [("/admin", page, ["GET"]), ("/admin/login", page, ["GET"]), ("/api/v1/me", page, ["GET"])]


def _own_app(web: WebHarness) -> ASGIApp:
    return build_admin_app(
        Surroundings(
            site=Site(base_url=DESK, mail_domain="news.example.org"),
            database=web.database,
            tokens=lambda: web.tokens,
            settings=web.settings,
            clock=web.clock,
            count_request=lambda method, route, status: web.counted.append((method, route, status)),
            admin=_admin_table,
        )
    )


def _browser(app: ASGIApp, base_url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=base_url)


@pytest.mark.parametrize("path", ["/admin", "/admin/login", "/api/v1/me"])
async def test_without_an_address_of_their_own_they_are_at_that_of_readers(web: WebHarness, path: str) -> None:
    await web.add_list("news")
    async with _browser(web.app(admin=_admin_table), web.site.base_url) as browser:
        answer = await browser.get(path)
        assert (200, "https://news.example.org/admin/enter") == (answer.status_code, answer.text)
        assert 200 == (await browser.get("/news")).status_code


@pytest.mark.parametrize("path", ["/admin", "/admin/login", "/api/v1/me", "/api/openapi.json"])
async def test_with_one_the_address_of_readers_does_not_know_them(web: WebHarness, path: str) -> None:
    """404, with the very page of any unknown address."""
    async with _browser(web.app(), web.site.base_url) as browser:
        answer, unknown = await browser.get(path), await browser.get(path.replace("i", "y"))
        assert (404, unknown.text) == (answer.status_code, answer.text)
        refused = await browser.post(path)
        assert (await browser.post(path.replace("i", "y"))).status_code == refused.status_code


async def test_the_address_of_its_own_knows_no_readers(web: WebHarness) -> None:
    """Its links lead to its own base_url; lists, their links and what monitors the daemon are not there."""
    number = await web.add_list("news")
    person = await web.add_reader(number)
    async with _browser(_own_app(web), DESK) as browser:
        assert f"{DESK}/admin/enter" == (await browser.get("/admin/login")).text
        assert ("/admin", 303) == ((front := await browser.get("/")).headers["location"], front.status_code)
        assert 200 == (await browser.get("/healthz")).status_code
        for path in ("/news", "/metrics", "/readyz", web.preferences_path(person), web.unsubscribe_path(1)):
            assert 404 == (await browser.get(path)).status_code, path
    assert ("GET", "/admin/login", 200) in web.counted
