"""The sign-up form while work is asked for: with a script, without one, and where the work cannot be done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.browser.chromium import Browser, Scheme, Window
from tests.browser.site import besieged
from tests.web.harness import WebHarness

from pressrun.locales.catalogues import words_in
from pressrun.locales.languages import LANGUAGES

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

READER = "ada@reader.example"
NOTE = "We're getting a lot of sign-ups. Your browser will run a quick anti-spam check first."
WORKING = "One moment. We'll send the form once the check is done."
_PICTURES = os.environ.get("PRESSRUN_PICTURES")
_NO_WORKERS = "window.Worker = class { constructor() { throw new Error('no workers here'); } };"
_OURS = """window.workers = []; window.Worker = class {
  constructor() { workers.push(this); }
  postMessage(message) { this.text = message.text; }
  terminate() {}
};"""


async def sign_up(web: WebHarness, window: Window, address: str = READER) -> None:
    """Fill the form in at a person's pace and send it, by keyboard alone."""
    await window.go(f"{web.site.base_url}/news")
    web.clock.now += 20
    await window.page.get_by_label("Email address").focus()
    async with window.page.expect_navigation(wait_until="load"):
        await window.page.keyboard.type(address)
        await window.page.keyboard.press("Enter")
    await web.web_requests.carry_out()


async def mailed(web: WebHarness) -> list[str]:
    return [address for _, address, _ in await web.notices() if not address.startswith("first")]


async def test_a_browser_does_the_work_and_is_beyond_the_limit(browser: Browser, tmp_path: Path) -> None:
    """Two in a row, though one more would have been taken without work."""
    async with besieged(tmp_path) as web, browser.window() as window:
        for address in (READER, "bob@reader.example", "eve@reader.example"):
            await sign_up(web, window, address)
            assert window.page.url.endswith("/news/subscribe")
        assert [READER, "bob@reader.example", "eve@reader.example"] == await mailed(web)
        assert ([], []) == (window.outside, window.errors)


@pytest.mark.parametrize("obstacle", ["no script", "no worker"])
async def test_whoever_cannot_work_is_taken_within_the_limit(browser: Browser, tmp_path: Path, obstacle: str) -> None:
    """The answer is that of everybody; the second one gets no mail."""
    async with besieged(tmp_path) as web, browser.window(with_script=obstacle != "no script") as window:
        await window.page.add_init_script(_NO_WORKERS)
        for address in (READER, "bob@reader.example"):
            await sign_up(web, window, address)
            assert window.page.url.endswith("/news/subscribe")
        assert [READER] == await mailed(web)


async def test_whoever_has_no_script_is_told_what_to_expect(browser: Browser, tmp_path: Path) -> None:
    for with_script in (True, False):
        async with besieged(tmp_path / str(with_script)) as web, browser.window(with_script=with_script) as window:
            await window.go(f"{web.site.base_url}/news")
            seen = await window.page.locator("main").inner_text()
            assert (True, not with_script) == (NOTE in seen, "You can also subscribe without JavaScript" in seen)


async def test_the_page_says_what_it_does_and_can_be_used_meanwhile(browser: Browser, tmp_path: Path) -> None:
    """A screen reader hears it; meanwhile the page takes what is typed, and a second press changes nothing."""
    async with besieged(tmp_path) as web, browser.window(width=320) as window:
        page = window.page
        await page.add_init_script(_OURS)  # work that never ends
        await window.go(f"{web.site.base_url}/news")
        await page.get_by_label("Email address").fill(READER)
        await page.get_by_role("button", name="Subscribe").click()
        await page.get_by_role("status").get_by_text(WORKING).wait_for()
        await page.get_by_role("button", name="Subscribe").click()
        await page.get_by_label("Email address").press("End")
        await page.keyboard.type("x")
        assert [] == await window.axe("target-size")
        assert 1 == await page.evaluate("workers.length")
        assert page.url.endswith("/news")


async def test_who_goes_on_typing_has_the_work_done_for_what_they_sent(browser: Browser, tmp_path: Path) -> None:
    """And what an earlier worker finds does not count for a later address."""
    async with besieged(tmp_path) as web, browser.window() as window:
        page = window.page
        await page.add_init_script(_OURS)
        await window.go(f"{web.site.base_url}/news")
        await page.get_by_label("Email address").fill("first@reader.example")
        await page.get_by_role("button", name="Subscribe").click()
        await page.get_by_label("Email address").evaluate("(field, address) => { field.value = address; }", READER)
        await page.evaluate("workers[0].onmessage({ data: '1' })")
        await page.evaluate("workers[0].onmessage({ data: '2' })")
        texts = await page.evaluate("workers.map(worker => worker.text.split('\\n')[1])")
        assert ["first@reader.example", READER] == texts
        async with page.expect_request("**/subscribe") as sent:
            await page.evaluate("workers[1].onmessage({ data: '3' })")
        assert "proof=3&" in ((await sent.value).post_data or "")


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(320, "dark", "ar"), (1280, "light", "en")]
    + [pytest.param(320, "light", tag, marks=pytest.mark.thorough) for tag in LANGUAGES],
)
async def test_the_page_is_good_for_everybody(
    browser: Browser, tmp_path: Path, width: int, scheme: Scheme, language: str
) -> None:
    """With and without a script: nothing beyond the edge, nothing for axe to find, one script of ours and no more."""
    async with besieged(tmp_path, language=language) as web:
        for with_script in (True, False):
            async with browser.window(width=width, scheme=scheme, with_script=with_script) as window:
                await window.go(f"{web.site.base_url}/news")
                say = words_in(language)
                assert say(NOTE) in await window.page.locator("main").inner_text()
                if with_script:
                    await window.page.get_by_role("status").evaluate(
                        "one => { one.textContent = one.dataset.working; }"
                    )
                    assert say(WORKING) in await window.page.locator("main").inner_text()
                    assert [] == await window.axe("target-size")
                scripts = [url for url in window.requests if "/static/" in url]
                assert ([], [], []) == (await window.sideways(), window.outside, window.errors)
                assert int(with_script) == len(scripts)
                assert len((await window.page.content()).encode()) <= 20 * 1024
                if _PICTURES:
                    name = f"work-{language}-{width}-{scheme}-{'script' if with_script else 'plain'}.png"
                    await window.picture(Path(_PICTURES) / name)
