"""The demo's mailbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.web.house import House, open_house
from tests.web.mailbox import MAIL, Box, Caught, Turned


@pytest_asyncio.fixture
async def demo(tmp_path: Path) -> AsyncIterator[House]:
    box = Box(
        messages=[Caught(2, ("soft-1@reader.example",)), Caught(1, ("ada@reader.example",))],
        refusals=[
            Turned("hard-1@reader.example", "550 5.1.1 There is no such mailbox", 1),
            Turned("soft-1@reader.example", "451 4.2.1 Not just now", 2),
        ],
    )
    async with open_house(tmp_path, mailbox=box) as opened:
        yield opened


async def test_it_is_not_there_without_a_mailbox(house: House) -> None:
    async with house.client() as client:
        assert 404 == (await client.get("/demo")).status_code


async def test_the_page_names_the_mails_and_what_happened(demo: House) -> None:
    await demo.add_list()
    async with demo.client() as client:
        page = (await client.get("/demo")).text
    assert 'href="/demo/1"' in page
    assert "Please confirm ✓" in page
    assert "550 5.1.1 There is no such mailbox" in page
    assert "451 4.2.1 Not just now (2 times)" in page
    assert "delivered after a wait" in page
    assert 'href="/news"' in page


async def test_a_mail_is_shown_with_links_to_follow(demo: House) -> None:
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


async def test_the_html_of_a_mail_is_sandboxed_and_its_links_open_beside_it(demo: House) -> None:
    async with demo.client() as client:
        response = await client.get("/demo/1/html")
    assert response.headers["content-security-policy"].startswith("sandbox allow-popups")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert '<base target="_blank">' in response.text
