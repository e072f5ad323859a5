"""The demo's mailbox."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.browser.chromium import Browser, Scheme
from tests.browser.site import open_site
from tests.web.harness import WebHarness, open_web, words_of
from tests.web.mailbox import MAIL, Box, demo_mail, demo_refusal

from pressrun.web.editors.demo import DemoMail


@pytest_asyncio.fixture
async def demo(tmp_path: Path) -> AsyncIterator[WebHarness]:
    box = Box(
        messages=[demo_mail(2, ("soft-1@reader.example",)), demo_mail(1, ("ada@reader.example",))],
        refusals=[
            demo_refusal("hard-1@reader.example", "550 5.1.1 There is no such mailbox", 1),
            demo_refusal("soft-1@reader.example", "451 4.2.1 Not just now", 2),
        ],
    )
    async with open_web(tmp_path, mailbox=box) as opened:
        yield opened


async def test_it_is_not_there_without_a_mailbox(web: WebHarness) -> None:
    async with web.client() as client:
        assert 404 == (await client.get("/demo")).status_code


async def test_the_page_names_the_mails_and_what_happened(demo: WebHarness) -> None:
    await demo.add_list()
    async with demo.client() as client:
        page = (await client.get("/demo")).text
    assert 'href="/demo/1"' in page
    assert "Please confirm ✓" in page
    assert "550 5.1.1 There is no such mailbox" in page
    assert "451 4.2.1 Not just now (2 times)" in page
    assert "delivered after a wait" in page
    assert 'href="/news"' in page


async def test_mails_are_grouped_and_the_page_reloads_only_when_asked(tmp_path: Path) -> None:
    """By subject; the copies of an edition together, though each greets its reader in the subject."""

    def copy(number: int, name: str) -> DemoMail:
        content = MAIL.replace(b"Subject:", f"Feedback-ID: 7:news:edition:x\r\nSubject: {name},".encode())
        return demo_mail(number, (f"{name}@reader.example",), content)

    others = [demo_mail(number, (f"cy{number}@reader.example",)) for number in (3, 1)]
    box = Box(messages=[copy(5, "rosa"), copy(4, "ada"), *others], refusals=[])
    async with open_web(tmp_path, mailbox=box) as web, web.client() as client:
        page = (await client.get("/demo")).text
    assert ["rosa, Please confirm ✓ (2)", "Please confirm ✓ (2)"] == [
        words_of(group) for group in re.findall("<summary>.*?</summary>", page)
    ]
    assert ["<details open>", "<details>"] == re.findall(
        "(<details[^>]*>)\n<summary><bdi>", page
    )  # the newest is in view
    for number in (1, 3, 4, 5):
        assert 1 == page.count(f'href="/demo/{number}"')
    assert 'http-equiv="refresh"' not in page
    assert 'href="/demo">Refresh' in page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_everybody_can_read_and_use_it(browser: Browser, width: int, scheme: Scheme, tmp_path: Path) -> None:
    """No finding of axe, nothing beyond the edge, with groups open and closed."""
    messages = [demo_mail(number, (f"ada{number}@reader.example",)) for number in range(3, 0, -1)]
    box = Box(
        messages=messages, refusals=[demo_refusal("hard-1@reader.example", "550 5.1.1 There is no such mailbox", 1)]
    )
    async with open_site(tmp_path, mailbox=box) as web, browser.window(width=width, scheme=scheme) as window:
        await web.add_list()
        await window.go(f"{web.site.base_url}/demo")
        assert ([], []) == (await window.axe(), await window.sideways())
        await window.page.click("summary")
        assert ([], []) == (await window.axe(), await window.sideways())


async def test_a_mail_is_shown_with_links_to_follow(demo: WebHarness) -> None:
    async with demo.client() as client:
        page = await client.get("/demo/1")
        raw = await client.get("/demo/1/raw")
        for number in ("9", "01", "1" * 6000, "x"):
            assert 404 == (await client.get(f"/demo/{number}")).status_code
    assert '<a href="https://news.example.org/confirm/abc.def">' in page.text
    assert "&lt;b&gt;" in page.text
    assert 'src="/demo/1/html"' in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert MAIL == raw.text.encode()
    assert "text/plain; charset=utf-8" == raw.headers["content-type"]


async def test_the_html_of_a_mail_is_sandboxed_and_its_links_open_beside_it(demo: WebHarness) -> None:
    async with demo.client() as client:
        response = await client.get("/demo/1/html")
    assert response.headers["content-security-policy"].startswith("sandbox allow-popups")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert '<base target="_blank">' in response.text
