"""How the pages of readers are to use and to print, as a browser lays them out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.chromium import Browser
from tests.browser.site import open_site
from tests.message.in_five_languages import LOGO
from tests.web.editors.test_approval import hold
from tests.web.harness import open_web
from tests.web.test_pages_of_a_list import walk
from tests.web.test_sheet import without_scripts

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

# What can be pressed and is smaller than 24 pixels (WCAG 2.5.8), but for links within a sentence and of authors.
_SMALL = """() => [...document.querySelectorAll('a, button, summary, select, input:not([type=hidden])')]
  .filter(one => one.getClientRects().length && !one.closest('.edition, .skip'))
  .filter(one => one.tagName != 'A' || one.parentElement.textContent.trim() == one.textContent.trim())
  .map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([_, box]) => box.width < 24 || box.height < 24).map(([shown]) => shown)"""
_FOR_A_SCREEN = """() => [...document.querySelectorAll('form, button, input, nav, .search')]
  .filter(one => one.getClientRects().length).map(one => one.outerHTML.slice(0, 80))"""
_LEFT_EMPTY = """() => [...document.querySelectorAll('.card, .tint')]
  .filter(one => one.getClientRects().length && one.innerText.trim().split('\\n').length < 2)
  .map(one => one.outerHTML.slice(0, 80))"""


async def test_what_can_be_pressed_is_large_enough(browser: Browser, tmp_path: Path) -> None:
    async with open_web(tmp_path) as web, browser.window(width=320) as window:
        for path, _, answer in await walk(web):
            await window.show(without_scripts(answer.text))
            assert [] == await window.page.evaluate(_SMALL), path


async def test_what_is_printed_is_to_be_read(browser: Browser, tmp_path: Path) -> None:
    """No form, no way to other pages, and no card that held nothing else; the postal address stays."""
    async with open_web(tmp_path) as web, browser.window(width=800) as window:
        await window.page.emulate_media(media="print")
        pages = [(path, answer) for path, _, answer in await walk(web) if "subscribe" not in path]
        async with web.client() as client:
            pages.append(("preferences", await client.get(web.preferences_path(1))))
        for path, answer in pages:
            await window.show(without_scripts(answer.text))
            assert [] == await window.page.evaluate(_FOR_A_SCREEN), path
            assert [] == await window.page.evaluate(_LEFT_EMPTY), path
            if path.startswith("/news"):
                assert await window.page.locator("address").is_visible(), path


async def test_colours_of_a_system_hide_no_choice_and_no_box(browser: Browser, tmp_path: Path) -> None:
    """In forced colours, the pressed button and the edges of boxes can be seen."""
    ground = "one => getComputedStyle(document.querySelector(`label[for=${one}]`)).backgroundColor"
    edge = "() => getComputedStyle(document.querySelector('.tint')).borderTopColor"
    async with open_site(tmp_path) as web, browser.window(width=320) as window:
        await window.page.emulate_media(forced_colors="active")
        path = await hold(web)
        for page in (path, f"{path}/preview"):
            await window.go(web.site.base_url + page)
            assert await window.page.evaluate(ground, "light") not in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"), page
        await web.add_edition(1)
        await window.go(f"{web.site.base_url}/news")
        assert "rgb(0, 0, 0)" == await window.page.evaluate(edge)


async def test_columns_of_a_table_keep_apart(browser: Browser, tmp_path: Path) -> None:
    """Also where figures that end at the right stand before words that begin at the left."""
    cells = '<td style="text-align:right">0.9 m</td><td style="text-align:left">Spring</td>'
    gap = """() => { const [one, other] = [...document.querySelectorAll('td')].map(cell => {
      const range = document.createRange(); range.selectNodeContents(cell); return range.getBoundingClientRect(); });
      return other.left - one.right; }"""
    async with open_site(tmp_path) as web, browser.window() as window:
        await web.add_edition(await web.add_list(), html=f"<table><tr>{cells}</tr></table>")
        for path in ("/news", "/news/archive/first"):
            await window.go(web.site.base_url + path)
            assert await window.page.evaluate(gap) >= 16, path


async def test_a_table_that_goes_on_beyond_the_edge_shows_it(browser: Browser, tmp_path: Path) -> None:
    """By a shade at that edge, also where columns end just there; whoever has colours of their own sees theirs."""
    row = "".join(f"<td>Column {number}</td>" for number in range(14))
    shade = "() => getComputedStyle(document.querySelector('.edition .scroll')).backgroundImage"
    async with open_site(tmp_path) as web, browser.window(width=360) as window:
        await web.add_edition(await web.add_list(), html=f"<table><tr>{row}</tr></table>")
        for path in ("/news", "/news/archive/first"):
            await window.go(web.site.base_url + path)
            assert "linear-gradient" in await window.page.evaluate(shade), path


async def test_the_date_of_an_edition_is_beside_the_first_line_of_its_title(browser: Browser, tmp_path: Path) -> None:
    """However many lines the title takes."""
    off = """() => { const [title, date] = ['.entry a', '.entry time'].map(one => {
      const range = document.createRange(); range.selectNodeContents(document.querySelector(one));
      return range.getClientRects()[0]; });
      return Math.abs(title.bottom - date.bottom); }"""
    async with open_site(tmp_path) as web, browser.window(width=800) as window:
        number = await web.add_list()
        for slug in ("first", "second"):
            await web.add_edition(number, slug=slug, title="A title of many words " * 6)
        for path in ("/news", "/news/archive"):
            await window.go(web.site.base_url + path)
            assert await window.page.evaluate(off) < 8, path


async def test_the_numbers_of_a_long_list_are_not_cut_off(browser: Browser, tmp_path: Path) -> None:
    """What an edition paints is clipped, but not before the edge of the page."""
    outside = """() => { const [edge, list] = ['.edition', '.edition ol'].map(one => document.querySelector(one));
      const range = document.createRange(); range.selectNodeContents(list);
      const mark = parseFloat(getComputedStyle(list).fontSize) * 2.5;
      return [edge.getBoundingClientRect().left, range.getBoundingClientRect().left - mark]; }"""
    async with open_site(tmp_path) as web, browser.window(width=360) as window:
        await web.add_edition(await web.add_list(), html='<ol start="100"><li>One hundred</li></ol>')
        for path in ("/news", "/news/archive/first"):
            await window.go(web.site.base_url + path)
            clipped_at, needed_from = await window.page.evaluate(outside)
            assert clipped_at <= needed_from, path


async def test_a_logo_that_comes_late_moves_nothing(browser: Browser, tmp_path: Path) -> None:
    """On a phone, where the links beside a narrow logo have no room beside a wide one."""
    top_of_text = """width => {
      document.querySelector('.brand img').style.width = width;
      return document.getElementById('content').offsetTop;
    }"""
    async with open_site(tmp_path) as web, browser.window(width=390) as window:
        await web.add_edition(await web.add_list())
        await web.dress_list("news", logo=LOGO)
        await window.go(f"{web.site.base_url}/news")
        before, after = [await window.page.evaluate(top_of_text, width) for width in ("0", "10rem")]
    assert before == after


@pytest.mark.parametrize(
    ("address", "is_from_left"),
    [("مكتب الميناء\n١ شارع الرصيف", False), ("Harbour Office\n1 Quay Street", True)],
)
async def test_the_lines_of_an_address_follow_each_other_as_it_is_read(
    browser: Browser, tmp_path: Path, address: str, *, is_from_left: bool
) -> None:
    """From right to left in Arabic, with the dot after the first, whatever the language of the page."""
    places = """() => [...document.querySelectorAll('#contact > span > *')].flatMap(line => {
      const last = document.createRange(), text = line.firstChild;
      last.setStart(text, text.length - 1);
      last.setEnd(text, text.length);
      return [line, last].map(part => part.getBoundingClientRect()).map(box => (box.left + box.right) / 2);
    })"""
    async with open_site(tmp_path) as web, browser.window(width=1280) as window:
        await web.add_list(language="ar", postal_address=address)
        for tag in ("ar", "en"):
            await window.go(f"{web.site.base_url}/news?language={tag}")
            first, dot, second, _ = await window.page.evaluate(places)
            assert sorted([first, dot, second], reverse=not is_from_left) == [first, dot, second], tag
