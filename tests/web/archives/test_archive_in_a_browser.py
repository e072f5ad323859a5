"""The archive in Chromium: nothing of a hostile edition runs, is fetched or leaves its place; axe has no finding."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Route
from tests.browser.chromium import Browser, Scheme, Window
from tests.hostile.hostile import RAN, SUFFIXES, Canary, hostile_edition, hostile_html, open_canary
from tests.message.builders import PNG, build, edition
from tests.ports import free_port
from tests.web.harness import WebHarness, open_web
from tests.web.mailbox import Box, demo_mail

from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.signing.tokens import WebPurpose
from pressrun.message.editions.compose import with_asset_prefix
from pressrun.web.http.server import WebServer
from pressrun.web.settings import HttpSettings

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

SETTLE_SECONDS = 0.5
AS_IT_CAME = "as it came"
PLAIN = edition(
    "# Tides\n\nHigh [water](https://tides.example) at noon.\n\n| Wind | Water |\n|---|---|\n| calm | low |\n\n"
    "```\ncode " + "x" * 200 + "\n```\n\n![A boat](boat.png)",
    "attachments: [plan.pdf]",
)
OWN_COLOURS = edition('<p style="color:#7a2e0e">Rust.</p>\n\nSee [the map](https://tides.example){.button} of it.')
OWN_SHEET = (
    b"---\nsubject: On its own paper\n---\n<html><head><style>body{background:#fdf6e3} h1{color:#7a2e0e}</style></head>"
    b'<body><h1>Own sheet</h1><p>With <a href="https://tides.example">a link</a>.</p></body></html>'
)


@dataclass(slots=True)
class Street:
    """A harness that is served on loopback, with a canary beside it."""

    web: WebHarness
    canary: Canary
    browser: Browser

    async def put(self, list_id: int, slug: str, source: str | bytes, suffix: str = ".md") -> None:
        built = build(source, suffix, assets={"boat.png": PNG, "plan.pdf": b"%PDF-1.7"})
        await self.web.add_edition(
            list_id,
            slug,
            title=built.subject,
            text=built.archive_text,
            html=with_asset_prefix(built, f"/news/archive/{slug}/asset/"),
            assets=[(asset.name, asset.media_type, asset.content) for asset in built.archive_assets],
        )

    def url(self, path: str) -> str:
        return self.web.site.base_url + path


@asynccontextmanager
async def served(web: WebHarness, port: int) -> AsyncIterator[None]:
    server = WebServer(web.app(), HttpSettings(listen=TcpEndpoint("127.0.0.1", port)))
    await server.start()
    try:
        yield
    finally:
        await server.stop(5.0)


@pytest_asyncio.fixture(loop_scope="session")
async def street(browser: Browser, tmp_path: Path) -> AsyncIterator[Street]:
    port = free_port()
    async with (
        open_web(tmp_path, base_url=f"http://127.0.0.1:{port}", mailbox=Box()) as web,
        open_canary() as canary,
        served(web, port),
    ):
        yield Street(web=web, canary=canary, browser=browser)


async def title_of(window: Window) -> str:
    """The title of a page that runs no script, not even one of Playwright's."""
    session = await window.page.context.new_cdp_session(window.page)
    answer = await session.send("Target.getTargetInfo")
    title: str = answer["targetInfo"]["title"]
    return title


@asynccontextmanager
async def settled(street: Street, paths: Sequence[str]) -> AsyncIterator[list[Window]]:
    """A window for each path, side by side, once what is in them had its time; each still shows its page, untouched."""
    async with AsyncExitStack() as stack:
        windows = [await stack.enter_async_context(street.browser.window()) for _ in paths]
        urls = [street.url(path) for path in paths]
        assert {200} == {await window.go(url) for window, url in zip(windows, urls, strict=True)}
        await asyncio.sleep(SETTLE_SECONDS)
        assert urls == [window.page.url for window in windows]
        assert [] == [title for title in [await title_of(window) for window in windows] if title.startswith(RAN)]
        yield windows


async def let_tools_in(window: Window) -> None:
    """Take the sandbox off an edition's page, and nothing else: axe is a script."""

    async def without_sandbox(route: Route) -> None:
        answer = await route.fetch()
        policy = answer.headers.get("content-security-policy", "").split("; ")
        kept = "; ".join(part for part in policy if not part.startswith("sandbox"))
        await route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": kept})

    await window.page.route("**/archive/*", without_sandbox)


@pytest.mark.parametrize("suffix", [*SUFFIXES, AS_IT_CAME])
async def test_a_hostile_edition_does_nothing_in_the_archive(street: Street, suffix: str) -> None:
    """Cleaned as it is stored; and should the cleaner fail one day, the page's policy still holds alone."""
    number = await street.web.add_list()
    if suffix == AS_IT_CAME:
        await street.web.add_edition(number, "hostile", html=hostile_html(street.canary.address))
    else:
        await street.put(number, "hostile", hostile_edition(suffix, street.canary.address), suffix)
    pages = ("/news/archive/hostile", "/news", "/news/archive", "/news/search?q=kept", "/news/search?q=hostile")
    async with settled(street, pages) as windows:
        for window in windows:
            outside = [
                url for url in window.outside if not url.startswith("javascript:")
            ]  # of an image: that is no page
            assert ([], [], []) == (window.dialogs, window.errors, outside)
            assert [] == await window.page.context.cookies()
    # Chromium opens a connection for `<link rel=preconnect>`, which no policy governs: the cleaner takes that out.
    assert [] == [line for line in street.canary.caught if line or suffix != AS_IT_CAME]


async def test_what_an_edition_does_to_its_looks_stays_in_its_place(street: Street) -> None:
    """Sheets and styles that want to cover the page change nothing outside of the article."""
    number = await street.web.add_list()
    await street.put(number, "hostile", hostile_edition(".html", street.canary.address), ".html")
    async with street.browser.window() as window:
        await let_tools_in(window)
        await window.go(street.url("/news/archive/hostile"))
        outside = await window.page.evaluate(
            """() => [...document.querySelectorAll('header a, footer nav a, .sign-up button')].filter(link => {
                 link.scrollIntoView();
                 const box = link.getBoundingClientRect();
                 return !link.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
               }).map(link => link.outerHTML)"""
        )
        assert ([], []) == (outside, await window.sideways())


async def test_a_hostile_mail_does_nothing_in_the_mailbox(street: Street) -> None:
    """The demo's mailbox shows mails as they came, in a frame where nothing runs and nothing is fetched."""
    box = street.web.mailbox
    assert isinstance(box, Box)
    box.messages.append(demo_mail(1, ("ada@reader.example",), hostile_edition(".eml", street.canary.address)))
    built = build(hostile_edition(".html", street.canary.address), ".html")
    page = (built.html or "").encode()
    mail = hostile_edition(".eml", street.canary.address).partition(b"--B\r\n")[0] + (
        b"--B\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page.replace(b"\n", b"\r\n") + b"\r\n--B--\r\n"
    )
    box.messages.append(demo_mail(2, ("ada@reader.example",), mail))
    async with settled(street, ("/demo/1", "/demo/1/html", "/demo/2", "/demo/2/html", "/demo")) as windows:
        for window in windows:
            assert ([], [], []) == (window.dialogs, window.errors, window.outside)
    assert [] == street.canary.caught


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (320, "light"),
        (1280, "dark"),
        pytest.param(320, "dark", marks=pytest.mark.thorough),
        pytest.param(1280, "light", marks=pytest.mark.thorough),
    ],
)
async def test_axe_has_no_finding(street: Street, width: int, scheme: Scheme) -> None:
    """Front page, archive, a year, search, editions with and without a sheet of their own, phone and desktop, dark."""
    number = await street.web.add_list()
    for index in range(25):
        await street.web.add_edition(number, f"e-{index}", started_at=1_700_000_000 + index * 3_000_000)
    await street.put(number, "plain", PLAIN)
    await street.put(number, "coloured", OWN_COLOURS)
    await street.put(number, "own", OWN_SHEET, ".html")
    reader = await street.web.add_reader(await street.web.add_list("club", archive="members"))
    read = f"/read/{street.web.tokens.make(WebPurpose.READ, reader, 0, 0)}"
    paths = [
        "/news",
        "/news/archive",
        "/news/archive?year=2025",
        "/news/search?q=boats",
        "/news/search?q=nothing+there",
    ]
    async with street.browser.window(width=width, scheme=scheme) as window:
        await let_tools_in(window)
        for path in [*paths, *(f"/news/archive/{slug}" for slug in ("plain", "coloured", "own")), read]:
            assert 200 == await window.go(street.url(path))
            assert (path, [], []) == (path, await window.axe(), await window.sideways())
        assert ([], []) == (window.errors, window.outside)
