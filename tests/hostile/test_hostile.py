"""The hostile edition does harm where nothing holds it, and none once it was built."""

from __future__ import annotations

import asyncio
import html
import json

import pytest
from tests.browser.chromium import Browser
from tests.hostile.hostile import (
    KEPT,
    RAN,
    SUFFIXES,
    hostile_edition,
    hostile_html,
    hostile_samples,
    open_canary,
)
from tests.message.builders import build

from pressrun.message.content.html import clean_html

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

SETTLE_SECONDS = 0.5


async def test_the_fixture_is_hostile(browser: Browser) -> None:
    """In a page without a policy the samples run and fetch: what finds nothing elsewhere could have found it."""
    async with open_canary() as canary, browser.window() as window:
        page = hostile_html(canary.address).replace('http-equiv="refresh"', "").replace("<base", "<bass")
        await window.show(page)
        await asyncio.sleep(SETTLE_SECONDS)
        assert "RAN" in await window.page.title()
        assert len(canary.caught) >= 10


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_what_is_built_of_it_runs_nothing_even_without_a_policy(browser: Browser, suffix: str) -> None:
    """The cleaner alone holds: no script runs, and only images that stand in the text are asked for."""
    async with open_canary() as canary, browser.window() as window:
        built = build(hostile_edition(suffix, canary.address), suffix)
        assert KEPT in built.archive_text
        for page in (built.html or "", built.archive_html):
            await window.show(page)
            await asyncio.sleep(SETTLE_SECONDS)
            # The subject, scripts and all, is the mail's title as text; a script that ran would have put its own there.
            assert not (await window.page.title()).startswith(RAN)
            assert ([], []) == (window.dialogs, window.errors)
        fetched = {line.split()[1].decode() for line in canary.caught if line}
    assert fetched <= {"/pixel.gif", "/picture-img.png", "/map.png", "/md-pixel.gif", "/md-alt.gif"}


async def test_no_sample_runs_by_itself(browser: Browser) -> None:
    """Each sample is cleaned alone and gets a frame of its own, in which scripts may run: none of them does."""
    async with open_canary() as canary, browser.window() as window:
        samples = hostile_samples(canary.address)
        frames = [f'<iframe srcdoc="{html.escape(clean_html(sample).body)}"></iframe>' for sample in samples]
        await window.show("".join(frames))
        await asyncio.sleep(SETTLE_SECONDS)
        titles: list[str] = await window.page.evaluate(
            "() => [...document.querySelectorAll('iframe')].map(frame => frame.contentDocument.title)"
        )
        links: list[str] = await window.page.evaluate(
            "() => [...document.querySelectorAll('iframe')].flatMap(frame =>"
            " [...frame.contentDocument.links].map(link => link.protocol))"
        )
    assert [] == [sample for sample, title in zip(samples, titles, strict=True) if RAN in title], json.dumps(titles)
    assert set(links) <= {"http:", "https:", "mailto:", "about:", ":"}  # the last one for what is no address
