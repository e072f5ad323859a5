"""The preview of an edition as one page: what it shows, that it runs and fetches nothing, and who may see it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import ViewportSize
from tests.browser.chromium import Browser, Window
from tests.hostile.hostile import KEPT, RAN, SUFFIXES, hostile_edition, open_canary
from tests.message.builders import PNG, build, edition, values
from tests.web.editors.test_approval import hold
from tests.web.harness import WebHarness, words_of

from pressrun.message.editions.read_back import show_message
from pressrun.services.editions.edition_preview import Preview, SampleCopy
from pressrun.web.editors.preview import render_preview

SETTLE_SECONDS = 0.5
BOATS = edition(
    "# Boats\n\nDear {{ name }},\n\n![A boat](boat.png)\n\n[map](http://x.example/a)", subject="Boats & <b>"
)


def preview(source: str | bytes = BOATS, suffix: str = ".md") -> Preview:
    built = build(source, suffix, assets={"boat.png": PNG})
    copy = values()
    message = built.skeleton.copy(copy)
    made = SampleCopy(
        list_name="harbour",
        list_title="The Harbour Letter",
        language=built.language,
        subject=built.skeleton.subject(copy),
        message=message,
        findings=built.findings,
    )
    return Preview(copy=made, shown=show_message(message))


def test_the_page_needs_nothing_beside_it() -> None:
    """Images are inside, and no script, style sheet or form is there."""
    page = render_preview(preview())
    assert "src=&#34;data:image/png;base64," in page
    assert "cid:" not in page.partition('class="panel panel-text"')[0]
    for mark in ("<script", "<link", "<form", "allow-scripts", "allow-same-origin"):
        assert mark not in page


def test_all_parts_are_there() -> None:
    """The HTML in its frame, the text, the headers, the source with its long parts cut short, and the findings."""
    page = render_preview(preview())
    shown = words_of(page)
    for words in ("Boats &amp; &lt;b&gt;", "1 warning", "Line 10", "not encrypted", "Language: English", "Dear Rosa,"):
        assert words in shown
    for words in ("List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Content-Type: text/html", "Content-ID: "):
        assert words in page


def test_long_encoded_parts_are_cut_short() -> None:
    """Pictures of megabytes are no reading matter."""
    built = build(BOATS, assets={"boat.png": PNG + bytes(90_000)}).skeleton.copy(values())
    body = show_message(built).body
    assert "lines more" in body
    assert len(body) < 60_000


def test_a_preview_names_language_and_size_as_whoever_looks_at_it_does() -> None:
    """The language by its own name, not by its tag."""
    made = preview()
    page = render_preview(replace(made, copy=replace(made.copy, said_in="fr", language="pt-BR")))
    assert "Langue\xa0: Português<" in page
    assert re.search(r"\d\xa0Ko<", page)


def test_a_text_edition_shows_its_text_first() -> None:
    """There is no frame to show."""
    page = render_preview(preview(edition("Hello"), ".txt"))
    assert "<iframe" not in page
    assert '<input type="radio" name="part" id="part-text" checked>' in page


# ---------------------------------------------------------------------- in a browser


async def write(page: str, folder: Path) -> str:
    path = folder / "index.html"
    await asyncio.to_thread(path.write_text, page, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_hostile_edition_runs_and_fetches_nothing(browser: Browser, suffix: str, tmp_path: Path) -> None:
    """In whatever format it comes, and whichever part is looked at."""
    async with open_canary() as canary, browser.window() as window:
        url = await write(render_preview(preview(hostile_edition(suffix, canary.address), suffix)), tmp_path)
        await window.go(url)
        await asyncio.sleep(SETTLE_SECONDS)
        assert KEPT in await window.page.frames[1].content()
        for part in ("text", "header", "source", "html"):
            await window.page.click(f"label[for=part-{part}]")
        titles = [await frame.title() for frame in window.page.frames]
        assert 2 == len(titles)
        assert [] == [title for title in titles if title.startswith(RAN)]
        assert ([url], [], [], []) == (window.requests, window.outside, window.dialogs, window.errors)
        assert [] == canary.caught


async def seen_by_the_edition(window: Window) -> tuple[int, bool]:
    """How wide the frame is, and whether it is dark, as the edition's own style sheet is told."""
    element = await window.page.query_selector("iframe")
    assert element is not None
    box = await element.bounding_box()
    assert box is not None
    is_dark: bool = await window.page.frames[1].evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    return round(box["width"]), is_dark


@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_width_and_colours_are_chosen_without_a_script(browser: Browser, tmp_path: Path) -> None:
    """Phone and desktop, light and dark, on a screen of any size."""
    screen: ViewportSize = {"width": 1200, "height": 900}
    async with await browser.chromium.new_context(viewport=screen, color_scheme="null") as context:
        window = Window(await context.new_page())
        await window.go(await write(render_preview(preview()), tmp_path))
        seen = [await seen_by_the_edition(window)]
        for label in ("phone", "dark", "small", "light"):
            await window.page.click(f"label[for={label}]")
            seen.append(await seen_by_the_edition(window))
    assert [(920, False), (375, False), (375, True), (320, True), (320, False)] == seen


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (320, "dark")])
@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_everybody_can_read_and_use_it(browser: Browser, width: int, scheme: str, tmp_path: Path) -> None:
    """No finding of axe, nothing beyond the edge; the parts are chosen from the keyboard."""
    async with browser.window(width=width, scheme=scheme) as window:  # type: ignore[arg-type]
        await window.go(await write(render_preview(preview()), tmp_path))
        assert ([], []) == (await window.axe(), await window.sideways())
        await window.page.focus("#part-html")
        await window.page.keyboard.press("ArrowRight")
        assert await window.page.is_visible(".panel-text")
        assert not await window.page.is_visible(".panel-html")
        assert ([], []) == (await window.axe(), await window.sideways())


# ---------------------------------------------------------------------- for the editor of a held edition


async def test_an_editor_is_offered_it(web: WebHarness) -> None:
    """The same page, from below the link, under the same policy by its header."""
    path = await hold(web, BOATS)
    async with web.client() as client:
        held, shown = await client.get(path), await client.get(f"{path}/preview")
        assert 405 == (await client.post(f"{path}/preview")).status_code
        assert 404 == (await client.get(f"{path[:-1]}/preview")).status_code
    assert f'href="{path}/preview"' in held.text
    assert (200, "no-store", "no-referrer") == (
        shown.status_code,
        shown.headers["cache-control"],
        shown.headers["referrer-policy"],
    )
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "script" not in policy
    assert "The subject has several" in words_of(shown.text)
    assert "srcdoc=" in shown.text
