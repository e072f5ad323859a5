"""The style sheet of a page: short enough, and yet no rule is lacking that could meet something on the page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.browser.chromium import Browser
from tests.web.harness import WebHarness, open_web
from tests.web.test_pages_of_a_list import walk

from pressrun.locales.languages import LANGUAGES
from pressrun.web.sheet import PLACE, Sheet, compact

WHOLE = Path("src/pressrun/web/static/pressrun.css").read_text(encoding="utf-8")
MOST_OCTETS = 20 * 1024
OF_RULES = 10_000  # what a page may hold of the sheet: it is the larger half of a page

# Each selector of a sheet, without what only a state or a browser makes of it, that meets an element of the document.
_MEETING = """sheet => {
  const found = [], note = one => found.push(one), page = new CSSStyleSheet();
  page.replaceSync(sheet);
  const walk = rules => [...rules].forEach(one => one.cssRules?.length ? walk(one.cssRules) : note(one.selectorText));
  walk(page.cssRules);
  const split = list => list.split(/,(?![^(]*[)])/).map(one => one.trim());
  const bare = one => one.replace(/::[a-z-]+|(?<![(]):(?:focus-visible|focus|hover)/g, '') || '*';
  return found.filter(Boolean).flatMap(split).filter(one => document.querySelector(bare(one)));
}"""


def test_a_page_gets_the_rules_that_it_can_use() -> None:
    sheet = Sheet(
        """
        p { margin: 0; }  a:hover, .card.first, :root { color: red; }
        .edition :is(h1, h2), .edition > img { top: 0; }
        @media print { .card form { display: none; } }
        @media (max-width: 3rem) { .edition { hyphens: auto; } }
        """
    )
    assert ":root{color:red}" == sheet.of("")
    assert "p{margin:0}:root{color:red}" == sheet.of("<p>")
    assert ".card.first,:root{color:red}@media print{.card form{display:none}}" == sheet.of('<form class="first card">')
    assert ":root{color:red}.edition :is(h1,h2){top:0}@media (max-width:3rem){.edition{hyphens:auto}}" == sheet.of(
        '<div id="x" class="edition">'
    )


def test_a_page_gets_the_variables_that_it_uses() -> None:
    """In its rules or in its other sheets, but not in its text; a rule may be left with none."""
    sheet = Sheet(
        ":root { --a: #fff; --b: 1px; --c: 2px } p { color: var(--a); } .night { --b: #000; } td { top: 0; --c: 1px }"
    )
    assert ":root{--a:#fff}p{color:var(--a)}.night{}" == sheet.of('<p class="night">')
    assert ":root{--b:1px}.night{--b:#000}" == sheet.of('<i class="night">', ["q{top:var(--b)}"])
    assert ":root{--c:2px}td{top:0;--c:1px}" == sheet.of("<td>", ["q{top:var(--c)}"])
    assert ":root{}td{top:0}" == sheet.of("<td>")
    assert ":root{}td{top:0}" == sheet.of("<td>var(--a) var(--b)")


def test_a_page_that_uses_everything_gets_the_whole_sheet() -> None:
    names = set(re.findall(r"[a-z][a-z0-9-]*", WHOLE))
    page = f'<i class="{" ".join(names)}">' + "".join(f"<{name}>" for name in names if name.isalnum())
    assert compact(WHOLE) == Sheet(WHOLE).of(page)


async def every_page(web: WebHarness) -> AsyncIterator[tuple[str, httpx.Response]]:
    """The pages of a list, and those of a reader of three, in every language that we speak."""
    for path, _, answer in await walk(web):
        yield path, answer
    for name in ("harbour", "town"):
        await web.add_reader(await web.add_list(name))
    for index in range(45):  # as many as a page of the archive has, and a page of a search
        assets = [("a-picture-of-the-quay.png", "image/png", b"\x89PNG\r\n\x1a\n")]
        title, preheader = f"A title of the usual length, number {index}", "What happened on the water in this week"
        slug, text = f"a-title-of-the-usual-length-number-{index}", f"{preheader}, as everybody knows. " * 9
        await web.add_edition(1, slug, title=title, preheader=preheader, text=text, assets=assets)
    own = web.preferences_path(1, 0, int(web.clock()) + 3600)
    async with web.client() as client:
        paths = ("/", "/news", "/news/archive", "/news/archive/first", "/preferences", "/nothing", own)
        for path in (*paths, "/news/search?q=water", "/news/form"):
            for tag in LANGUAGES:
                query = f"{'&' if '?' in path else '?'}language={tag}"
                yield f"{path} in {tag}", await client.get(path + query)
        german = "case when id = 2 then 'de' else 'fr' end"
        await web.write(f"update list set family = 'quays', language = {german} where name != 'news'")
        for path in ("/", "/harbour"):
            yield f"{path} with a family", await client.get(path)


async def test_every_page_is_light(web: WebHarness) -> None:
    """With its sheet and icon in it, with three lists on a reader's page, and an archive of fifty."""
    answers = {path: answer async for path, answer in every_page(web)}
    assert {} == {path: len(page.content) for path, page in answers.items() if len(page.content) > MOST_OCTETS}
    sheets = {path: len(re.findall(r"<style>(.*?)</style>", page.text)[0]) for path, page in answers.items()}
    assert {} == {path: size for path, size in sheets.items() if not 0 < size <= OF_RULES}


def without_scripts(page: str) -> str:
    """A page that can be shown without its server."""
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_no_page_lacks_a_rule(browser: Browser, tmp_path: Path) -> None:
    """Of the whole sheet, a browser finds no rule for an element of a page that the page does not have."""
    async with open_web(tmp_path) as web, browser.window() as window:
        async for path, answer in every_page(web):
            await window.show(without_scripts(answer.text))
            wanted = await window.page.evaluate(_MEETING, compact(WHOLE))
            (held, *_) = re.findall(r"<style>(.*?)</style>", answer.text)
            had = await window.page.evaluate(_MEETING, held)
            assert [] == [rule for rule in wanted if rule not in had], path


async def test_a_title_cannot_take_the_place_of_the_sheet(web: WebHarness) -> None:
    """It comes before the sheet in the page; there it is text."""
    await web.add_list(title=PLACE)
    async with web.client() as client:
        page = (await client.get("/news")).text
    assert "<title>&lt;style&gt;" in page
    assert PLACE not in page
