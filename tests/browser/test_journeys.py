"""What readers do, done in a browser: sign up, confirm, read, set preferences, leave.

Every page on the way is looked at: it is one request, at most 20 KB, in the reader's language and direction, with
nothing beyond its edge, and axe finds nothing in it. PRESSRUN_PICTURES names a folder for a picture of each.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Locator
from tests.browser.chromium import Browser, Scheme, Window
from tests.browser.site import open_site
from tests.web.harness import WebHarness

from pressrun.locales.catalogues import words_in
from pressrun.message.words import Words

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

LANGUAGES = ("en", "pl", "ar", "ja")  # the widest words, the other direction, no blanks
MOST_BYTES = 20 * 1024
READER = "ada@reader.example"
_PICTURES = os.environ.get("PRESSRUN_PICTURES")
_FOCUS = """() => {
  const focused = document.activeElement, style = getComputedStyle(focused);
  return focused !== document.body && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
}"""


@dataclass(slots=True)
class Reader:
    """Somebody at a browser: looks at each page, and goes on by its links and buttons."""

    window: Window
    web: WebHarness
    words: Words
    name: str
    has_script: bool = True
    seen: int = 0

    async def open(self, path: str) -> None:
        """Go to an address, as from a mail."""
        assert await self.window.go(self.web.site.base_url + path) == 200
        await self.look()

    async def press(self, sentence: str) -> None:
        """Press the button that says this."""
        await self._follow(self.window.page.get_by_role("button", name=self.words(sentence), exact=True).first)

    async def click(self, label: str) -> None:
        """Follow the first link that says this."""
        await self._follow(self.window.page.get_by_role("link", name=label, exact=True).first)

    async def click_edition(self, label: str) -> None:
        """Follow the link to an edition, whose page is a sandbox: axe looks at a copy of it outside."""
        has_script, self.has_script = self.has_script, False
        await self.click(label)
        self.has_script = has_script
        if has_script:
            content = await self.window.page.content()
            await self.window.go("about:blank")
            await self.window.show(content)
            assert [] == await self.window.axe()

    async def type(self, sentence: str, text: str) -> None:
        """Fill the field with this label, in the time that a person takes."""
        self.web.clock.now += 20
        await self.window.page.get_by_role("textbox", name=self.words(sentence)).first.fill(text)

    async def reads(self, sentence: str) -> None:
        """The page says this."""
        assert self.words(sentence) in await self.window.page.locator("main").inner_text()

    async def look(self) -> None:
        """Judge the page at hand."""
        window, page = self.window, self.window.page
        self.seen += 1
        if _PICTURES:
            await window.picture(Path(_PICTURES) / f"{self.name}-{self.seen:02}.png")
        root = page.locator("html")
        shown = (await root.get_attribute("lang"), await root.get_attribute("dir"))
        assert (self.words.language, self.words.direction) == shown
        assert len((await page.content()).encode()) <= MOST_BYTES
        assert ([], [], []) == (await window.sideways(), window.outside, window.errors)
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert [] == await window.sideways()
        await page.evaluate("document.documentElement.style.fontSize = ''")
        assert [] == (await window.axe("target-size") if self.has_script else [])  # axe waits for timers
        assert [] == [url for url in window.requests if "/static/" in url]

    async def _follow(self, target: Locator) -> None:
        async with self.window.page.expect_navigation(wait_until="load"):
            await target.click()
        await self.web.web_requests.carry_out()
        await self.look()


async def journey(reader: Reader) -> None:
    """From the page of a list to leaving it again."""
    web = reader.web
    await reader.open("/news")
    await reader.type("Email address", READER)
    await reader.press("Subscribe")
    await reader.reads("Check your email")
    await reader.open(web.confirm_path(await web.last_confirmation()))
    await reader.press("Confirm subscription")
    await reader.reads("You're subscribed")
    await reader.open("/news/archive")
    await reader.click_edition("Boats are back")
    assert "The first boats came back on Monday." in await reader.window.page.locator("main").inner_text()
    await reader.open(web.preferences_path(1))
    await reader.type("Name (optional)", "Ada")
    await reader.press("Save")
    await reader.reads("Saved.")
    await reader.press("Pause")
    await reader.open(web.unsubscribe_path(1))
    await reader.press("Unsubscribe")
    await reader.reads("You've unsubscribed")
    await reader.press("Subscribe me again")
    assert "suspended" == (await web.subscription(1)).state  # paused, as it was


async def travel(browser: Browser, root: Path, language: str, *, width: int, scheme: Scheme, with_script: bool) -> None:
    async with open_site(root) as web:
        await web.add_edition(await web.add_list(language=language), language=language)
        name = f"{language}-{width}-{scheme}-{'script' if with_script else 'plain'}"
        async with browser.window(width=width, scheme=scheme, with_script=with_script) as window:
            await journey(Reader(window, web, words_in(language), name, with_script))


@pytest.mark.thorough
@pytest.mark.timeout(300)
@pytest.mark.parametrize("with_script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_reader_goes_all_the_way(
    browser: Browser, tmp_path: Path, language: str, width: int, scheme: Scheme, with_script: bool
) -> None:
    """In four languages, on phone and desk, light and dark, with script and without."""
    await travel(browser, tmp_path, language, width=width, scheme=scheme, with_script=with_script)


async def test_a_reader_needs_no_mouse(browser: Browser, tmp_path: Path) -> None:
    """By keyboard alone: the first stop skips to the content, every stop is seen, Enter sends the form."""
    async with open_site(tmp_path) as web, browser.window() as window:
        await web.add_list()
        page = window.page
        await window.go(f"{web.site.base_url}/news")
        await page.keyboard.press("Tab")
        assert "#content" == await page.evaluate("() => document.activeElement.getAttribute('href')")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        assert "email" == await page.evaluate("() => document.activeElement.name")
        assert await page.evaluate(_FOCUS)
        web.clock.now += 20  # a form that comes back at once was not filled in by a person
        await page.keyboard.type(READER)
        async with page.expect_navigation(wait_until="load"):
            await page.keyboard.press("Enter")
        assert page.url.endswith("/news/subscribe")
        for _ in range(await page.locator("a:visible, button:visible, summary:visible").count()):
            await page.keyboard.press("Tab")
            assert await page.evaluate(_FOCUS)


async def test_what_is_wrong_is_said_at_the_field(browser: Browser, tmp_path: Path) -> None:
    """A screen reader finds the error by the field, which has the focus; what was typed is still there."""
    async with open_site(tmp_path) as web, browser.window(width=320) as window:
        await web.add_list()
        await window.go(f"{web.site.base_url}/news")
        await window.page.locator("form").evaluate("form => form.noValidate = true")
        await window.page.get_by_label("Email address").fill("ada@")
        async with window.page.expect_navigation(wait_until="load"):
            await window.page.get_by_role("button", name="Subscribe").click()
        field = window.page.get_by_label("Email address")
        assert ("ada@", "true") == (await field.input_value(), await field.get_attribute("aria-invalid"))
        described = window.page.locator(f"#{await field.get_attribute('aria-describedby')}")
        assert "full email address" in await described.inner_text()
        assert [] == await window.axe()


async def test_the_form_for_other_sites_is_copied_by_a_button(browser: Browser, tmp_path: Path) -> None:
    """With a script; without one the button is not there, and the code can be selected."""
    async with open_site(tmp_path) as web:
        await web.add_list()
        url = f"{web.site.base_url}/news/form"
        async with browser.window(width=320) as window:
            await window.go(url)
            assert ([], [], []) == (await window.axe(), await window.sideways(), window.errors)
            await window.page.get_by_role("button", name="Copy the code").click()
            await window.page.get_by_text("Copied.").wait_for()
        async with browser.window(with_script=False) as window:
            await window.go(url)
            assert 0 == await window.page.get_by_role("button", name="Copy the code").count()
            assert "/news/subscribe" in await window.page.get_by_role("textbox", name="HTML code").input_value()


@pytest.mark.parametrize(("language", "width", "scheme"), [("ar", 320, "dark"), ("en", 1280, "light")])
async def test_a_visitor_subscribes_to_what_they_tick(
    browser: Browser, tmp_path: Path, language: str, width: int, scheme: Scheme
) -> None:
    """On the front page, in one email; and to one language of a family on the page of its list."""
    async with open_site(tmp_path) as web:
        for name, tag in zip(("noticias", "nouvelles", "letters", "nashra"), ("es", "fr", "en", "ar"), strict=True):
            await web.add_edition(await web.add_list(name, title=f"Villanueva {tag}", language=tag))
        await web.write("update list set family = 'villanueva'")
        await web.add_list("tides", title="Tides")
        await web.add_list("council", title="Council", archive="members")
        async with browser.window(width=width, scheme=scheme) as window:
            reader = Reader(window, web, words_in(language), f"front-{language}")
            await reader.open(f"/?language={language}")
            await window.page.get_by_role("checkbox", name="Tides").check()
            await window.page.get_by_role("checkbox", name="Français – Villanueva fr").check()
            await reader.type("Email address", READER)
            await reader.press("Subscribe")
            await reader.reads("Check your email")
            await reader.open(web.confirm_path(await web.last_confirmation() - 1))
            await reader.press("Confirm subscription")
            await reader.reads("You're subscribed")
            await reader.open(f"/villanueva?language={language}")
            await window.page.get_by_role("combobox").select_option("fr")
            await reader.type("Email address", "bo@reader.example")
            reader.words = words_in("fr")
            await window.page.get_by_role("textbox").first.press("Enter")
            await window.page.wait_for_url("**/subscribe*")
            await reader.look()
        subscriptions = await web.rows(
            "select name, state from subscription join list on list.id = list_id order by 2, 1"
        )
        assert [("nouvelles", "active"), ("tides", "active")] == subscriptions[:2]
        await web.web_requests.carry_out()
        assert ("nouvelles", "pending") in await web.rows(
            "select name, state from subscription join list on list.id = list_id"
        )


async def test_a_language_is_chosen_on_the_page(browser: Browser, tmp_path: Path) -> None:
    """Without script, and the sign-up that follows is in that language."""
    async with open_site(tmp_path) as web, browser.window(with_script=False) as window:
        await web.add_list()
        reader = Reader(window, web, words_in("es"), "language", has_script=False)
        await window.go(f"{web.site.base_url}/news")
        await window.page.locator(".languages summary").click()
        await reader.click("Español")
        await reader.type("Email address", READER)
        await reader.press("Subscribe")
        await reader.reads("Check your email")
        assert [("es",)] == await web.rows("select language from notice")


async def test_a_reader_signs_up_below_an_edition(browser: Browser, tmp_path: Path) -> None:
    """Out of the sandbox of its page: the form reaches us, and the page after it is an ordinary one."""
    async with open_site(tmp_path) as web, browser.window(width=320) as window:
        await web.add_edition(await web.add_list())
        await window.go(f"{web.site.base_url}/news/archive/first")
        await window.page.get_by_label("Email address").fill(READER)
        async with window.page.expect_navigation(wait_until="load"):
            await window.page.get_by_role("button", name="Subscribe").click()
        assert READER in await window.page.inner_text("main")
        await web.web_requests.carry_out()
        assert [("confirmation", READER)] == [(kind, to) for kind, to, _ in await web.notices()]
        assert ([], []) == (window.errors, window.outside)
