"""A hostile edition beside the live session of an operator: wherever it is shown, it does nothing in their name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Response
from tests.browser.chromium import Browser, Window
from tests.database import select
from tests.hostile.hostile import KEPT, RAN, SUFFIXES, hostile_edition, open_canary
from tests.message.builders import build
from tests.ports import free_port
from tests.web.admin.admin_harness import AdminHarness, open_admin
from tests.web.editors.test_approval import hold
from tests.web.harness import WebHarness, open_web

from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.message.editions.compose import with_asset_prefix
from pressrun.web.http.server import WebServer
from pressrun.web.settings import HttpSettings

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.needs("chromium"),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", "a browser sees no engine"),
]

# What would act for whoever looks at it; ORIGIN is that of our pages.
_AT_OUR_PAGES = """
<form id="own" action="ORIGIN/admin/tokens/new" method="post"><input name="name" value="x">
<input name="scope" value="sign-up"><input name="expires" value="90d"></form>
<script>document.getElementById('own').submit()</script>
<script>fetch('ORIGIN/admin/logout', {method: 'POST', credentials: 'include'})</script>
<img src="x:x" onerror="fetch('ORIGIN/admin/tokens/new', {method: 'POST', body: 'name=x&scope=all', credentials: 'include'})">
<svg onload="navigator.sendBeacon('ORIGIN/admin/logout')"><a href="javascript:own.submit()"><text y="20">x</text></a></svg>
<meta http-equiv="refresh" content="0;url=ORIGIN/admin/logout"><base href="ORIGIN/admin/">
<iframe src="ORIGIN/admin/people"></iframe><object data="ORIGIN/admin/people"></object><embed src="ORIGIN/admin">
<iframe src="data:text/html,<form action='ORIGIN/admin/logout' method=post><script>document.forms[0].submit()</script>">
</iframe><iframe srcdoc="<script>parent.own.submit()</script>"></iframe>
<link rel="stylesheet" href="ORIGIN/admin/people"><link rel="prefetch" href="ORIGIN/admin/people">
<style>@import url(ORIGIN/admin/people); p { background: url(ORIGIN/admin/people) }</style>
<p style="background: url(ORIGIN/admin/people)">x</p><button form="own" formaction="ORIGIN/admin/logout" autofocus>x</button>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=own.submit()&gt;"></table></math>
<form><math><mtext></form><form><mglyph><style></math><img src onerror=fetch('ORIGIN/admin/logout',{method:'POST'})>
<a href="javascript:fetch('ORIGIN/admin/logout',{method:'POST'})">x</a><a ping="ORIGIN/admin/logout" href="#x">x</a>
"""  # noqa: E501 - each line is one sample or more


@dataclass
class Desk:
    """Our pages at one origin: what an author wrote, and what the operator ann is logged in to."""

    web: WebHarness
    admin: AdminHarness
    origin: str
    asked: list[tuple[str, str]] = field(default_factory=list)

    def edition(self, suffix: str, canary: str) -> bytes:
        """The hostile edition with what is aimed at our pages."""
        added = _AT_OUR_PAGES.replace("ORIGIN", self.origin).encode()
        source, kept = hostile_edition(suffix, canary), f"{KEPT}</p>".encode()
        return source + added if suffix == ".md" else source.replace(kept, kept + added, 1)

    async def log_in(self, window: Window) -> None:
        """Enter by a link, and note every request that is answered from then on."""
        ann = await self.admin.harness.add_person("ann", is_operator=True)
        await window.page.goto(self.origin + await self.admin.make_link(ann))
        await window.page.get_by_role("button", name="Log in").click()
        await window.page.wait_for_url("**/admin/account")
        window.page.context.on("response", self._note)

    def _note(self, response: Response) -> None:
        self.asked.append((response.request.method, response.url))

    async def state(self) -> list[Any]:
        """The people, their rights, tokens and sessions."""
        queries = (
            "select id, name, is_operator, epoch from person",
            "select * from permission",
            "select id, name from api_token",
            "select id, person_id from login_session",
        )
        return [await select(self.admin.harness.database, query) for query in queries]


@asynccontextmanager
async def open_desk(root: Path) -> AsyncIterator[Desk]:
    """Both at one port of this machine."""
    port = free_port()
    origin, settings = f"http://localhost:{port}", HttpSettings(listen=TcpEndpoint("127.0.0.1", port))
    for name in ("admin", "web"):
        (root / name).mkdir()
    async with (
        open_admin(root / "admin", origin, listen=settings.listen) as admin,
        open_web(root / "web", base_url=origin, settings=settings) as web,
    ):
        server = WebServer(web.app(admin.rows), settings)
        await server.start()
        try:
            yield Desk(web, admin, origin)
        finally:
            await server.stop(1)


async def _settled(window: Window) -> None:
    """What was to be asked for has been asked for by then."""
    await window.page.wait_for_load_state("networkidle")


async def test_without_our_care_it_acts_for_the_operator(browser: Browser, tmp_path: Path) -> None:
    """As a page of the same origin without a policy it does: what is not done elsewhere could have been done."""
    async with open_desk(tmp_path) as desk, open_canary() as canary, browser.window() as window:
        desk.web.clock.now = desk.admin.harness.now  # a log-in later than now is not recent
        await desk.log_in(window)
        bare = desk.edition(".html", canary.address).decode().replace('http-equiv="refresh"', "")
        await window.page.route("**/bare", lambda route: route.fulfill(body=bare, content_type="text/html"))
        before = await desk.state()
        async with window.page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
            await window.page.goto(f"{desk.origin}/bare", wait_until="commit")
        assert before != await desk.state()


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_it_does_nothing_where_it_is_shown(browser: Browser, suffix: str, tmp_path: Path) -> None:
    """In the archive, the approval page, its frame and the preview: nothing runs, and nothing is posted."""
    async with open_desk(tmp_path) as desk, open_canary() as canary, browser.window() as window:
        source = desk.edition(suffix, canary.address)
        link = await hold(desk.web, source, suffix)
        built = build(source, suffix)
        html = with_asset_prefix(built, "/news/archive/hostile/asset/")
        await desk.web.add_edition(1, "hostile", html=html, text=built.archive_text)
        await desk.log_in(window)
        before = await desk.state()
        for path in ("/news/archive/hostile", "/news", link, f"{link}/edition", f"{link}/preview"):
            assert 200 == await window.go(desk.origin + path)
            await _settled(window)
            frames = window.page.frames
            assert KEPT in "".join([await frame.content() for frame in frames]) or path == "/news"
            assert [] == [title for title in [await frame.title() for frame in frames] if title.startswith(RAN)]
            assert desk.origin + path == window.page.url
            links = [link for frame in frames for link in await frame.evaluate(_SCRIPTED)]
            assert ([], [], []) == (links, window.dialogs, window.errors)
        assert {"GET"} == {method for method, _ in desk.asked}
        assert [] == [url for _, url in desk.asked if not url.startswith((f"{desk.origin}/", "data:", "about:"))]
        assert ([], before) == (canary.caught, await desk.state())
        assert 200 == await window.go(f"{desk.origin}/admin/people")
        assert "/admin/people" in window.page.url


_SCRIPTED = """() => {
  const all = root => [...root.querySelectorAll('*')].flatMap(
    one => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
  return all(document).filter(one => /^(javascript|data|vbscript):/.test(one.protocol || '')
    || [...one.attributes].some(each => each.name.startsWith('on'))).map(one => one.outerHTML.slice(0, 120));
}"""
