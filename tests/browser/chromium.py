"""Debian's Chromium, driven for tests: what a page shows, what it asks the network for, and what axe says of it.

A `Window` meets nothing outside of this machine: a request to another host is recorded and refused. Tests that use it
are marked `needs("chromium")` and `asyncio(loop_scope="session")`: the fixture's one Chromium is for all of them.

    async with browser.window(width=320, scheme="dark") as window:
        await window.show(html)                      # or await window.go("http://127.0.0.1:8080/news")
        assert await window.sideways() == []         # nothing reaches beyond the right edge
        assert await window.axe() == []              # no finding of axe-core
        assert window.outside == []                  # nothing was to be fetched from elsewhere
        await window.picture(tmp_path / "news.png")  # the whole page; look at it
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import Dialog, Page, Request, Route, async_playwright

Scheme = Literal["light", "dark"]

_FLAGS = (
    "--no-sandbox",  # CI runs as root, where Chromium's own sandbox cannot
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
)
_NO_IMAGES = """<meta http-equiv="Content-Security-Policy" content="img-src 'none'">"""
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_LOCAL_SCHEMES = frozenset({"about", "blob", "data", "file"})

# The elements that reach beyond the window, but for what scrolls inside a box of its own.
_SIDEWAYS = """() => {
  const page = document.documentElement, width = page.clientWidth;
  if (Math.max(page.scrollWidth, document.body.scrollWidth) <= width) return [];
  const seen = [...document.body.querySelectorAll('*')].filter(one => one.getClientRects().length);
  const scrolls = one => one && (getComputedStyle(one).overflowX !== 'visible' || scrolls(one.parentElement));
  const reaches = box => box.right > width + 1 || box.left < -1;
  const out = seen.filter(one => reaches(one.getBoundingClientRect()) && !scrolls(one.parentElement)).slice(0, 8);
  return [`the page is ${page.scrollWidth} wide in ${width}`, ...out.map(one => one.outerHTML.slice(0, 120))];
}"""


_OF_COLOURS = ("color-contrast", "link-in-text-block", "target-size")

# What axe-core finds, one line an element; of what it does not object to, nothing is worked out and sent.
_VIOLATIONS = """async options => (await axe.run(document, options)).violations.flatMap(rule => rule.nodes.map(node => {
  const reasons = [...node.any, ...node.all, ...node.none].map(check => check.message);
  return `${rule.id}: ${node.html.slice(0, 160)} (${reasons.join('; ')})`;
}))"""


@dataclass(slots=True)
class Window:
    """One page, and what happened in it: `requests` by URL, `outside` those to other hosts, dialogs, errors."""

    page: Page
    with_images: bool = True
    requests: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def show(self, html: str) -> None:
        """Show a document that no server gives."""
        if not self.with_images:  # what stands in the document itself is no request that could be refused
            html = html.replace("<head>", f"<head>{_NO_IMAGES}", 1)
        await self.page.set_content(html, wait_until="load")

    async def go(self, url: str) -> int:
        """Open an address, and the status that came."""
        response = await self.page.goto(url, wait_until="load")
        return response.status if response is not None else 0

    async def sideways(self) -> list[str]:
        """What makes the page scroll to the side."""
        causes: list[str] = await self.page.evaluate(_SIDEWAYS)
        return causes

    async def axe(self, *also: str) -> list[str]:
        """The findings of axe-core, all rules that are on and those that are named: one line an element."""
        return await self._violations({"rules": {rule: {"enabled": True} for rule in also}})

    async def axe_of_colours(self) -> list[str]:
        """Its findings that can depend on the scheme: of colours, and of the room that a picture takes."""
        return await self._violations({"runOnly": {"type": "rule", "values": list(_OF_COLOURS)}})

    async def _violations(self, options: dict[str, object]) -> list[str]:
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE_SCRIPT)
        violations: list[str] = await self.page.evaluate(_VIOLATIONS, {**options, "resultTypes": ["violations"]})
        return violations

    async def prefer(self, scheme: Scheme) -> None:
        """Show what is shown light or dark."""
        await self.page.emulate_media(color_scheme=scheme)

    async def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        await self.page.screenshot(path=path, full_page=True)


@dataclass(frozen=True, slots=True)
class Browser:
    """A running Chromium; each window has its own cookies and cache."""

    chromium: PlaywrightBrowser

    @asynccontextmanager
    async def window(
        self,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: Scheme = "light",
        with_images: bool = True,
        with_script: bool = True,
    ) -> AsyncIterator[Window]:
        """A window of that size, light or dark; without images it shows their `alt`, as mail programs do.

        Without script, a page's own is not run; what a test asks the page still is.
        """
        context = await self.chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            service_workers="block",
            java_script_enabled=with_script,
        )
        window = Window(await context.new_page(), with_images)

        async def admit(route: Route) -> None:
            request = route.request
            window.requests.append(request.url)
            is_here = _is_here(request.url)
            if not is_here:
                window.outside.append(request.url)
            if is_here and (with_images or request.resource_type != "image"):
                await route.continue_()
            else:
                await route.abort()

        await context.route("**/*", admit)
        window.page.on("dialog", lambda dialog: _dismiss(window, dialog))
        window.page.on("pageerror", lambda error: window.errors.append(str(error)))
        window.page.on("requestfailed", lambda request: _note_failed(window, request))
        try:
            yield window
        finally:
            await context.close()


def _is_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in _LOCAL_SCHEMES or parts.hostname in _HERE


async def _dismiss(window: Window, dialog: Dialog) -> None:
    window.dialogs.append(dialog.message)
    await dialog.dismiss()


def _note_failed(window: Window, request: Request) -> None:
    """Some requests, such as pings, fail before they can be routed: what was wanted counts."""
    if not _is_here(request.url) and request.url not in window.outside:
        window.outside.append(request.url)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start Chromium with a profile of its own, and end it."""
    program = shutil.which("chromium")
    assert program is not None, "mark the test with needs(chromium)"
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        try:
            yield Browser(chromium)
        finally:
            await chromium.close()
