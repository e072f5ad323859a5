"""What holds for every state of every page: its markup, its weight, and that everybody can read and use it."""

from __future__ import annotations

import re
from pathlib import Path

import html5lib
import pytest
from tests.browser.chromium import Browser, Window
from tests.web.routes import HTML, ROUTES
from tests.web.states import ASKS, OF_AUTHORS, State, open_town
from tests.web.test_sheet import without_scripts

MOST_OCTETS = 20 * 1024
MOST_REQUESTS = 3  # the pictures of authors apart

# What a reader may set for themselves (WCAG 1.4.12), and letters of twice the size (WCAG 1.4.4).
_SPACED = """() => document.head.insertAdjacentHTML('beforeend', `<style id="spaced">
  * { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
  p { margin-bottom: 2em !important; }</style>`)"""
_AS_BEFORE = "() => document.getElementById('spaced').remove()"
_LARGE = "() => { document.documentElement.style.fontSize = '200%'; }"
_AS_BEFORE_LARGE = "() => { document.documentElement.style.fontSize = ''; }"

# The words of headings that a line end cuts; an address may be cut.
_CUT_WORDS = """() => [...document.querySelectorAll('h1, h2, h3')].flatMap(heading => {
  const texts = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT), cut = [];
  while (texts.nextNode()) {
    for (const word of texts.currentNode.data.matchAll(/[^\\s@.-]+/g)) {
      const range = new Range();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) cut.push(word[0]);
    }
  }
  return cut;
})"""


def test_every_page_has_its_states() -> None:
    """A new route that answers with a page comes with its row of ASKS, for each of its methods."""
    asked = {(ask.method or ("GET" if ask.fields is None else "POST"), ask.path.partition("?")[0]) for ask in ASKS}
    lacking = []
    for route, operations in ROUTES.items():
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route)))
        for method, operation in operations.items():
            is_page = HTML in operation.answers.get(200, ())
            if is_page and not any(done == method.upper() and pattern.fullmatch(path) for done, path in asked):
                lacking.append(f"{method} {route}")
    assert [] == lacking


async def test_every_state_is_valid_and_light(tmp_path: Path) -> None:
    """A parser finds no error and no id twice; 20 KB with sheet and icon, pictures apart. GET writes nothing."""
    broken, heavy = {}, {}
    acting: dict[str, list[str]] = {}
    async with open_town(tmp_path) as town:
        async for state in town.states():
            if problems := _broken(state.answer.text):
                broken[state.name] = problems
            if len(state.answer.content) > MOST_OCTETS and state.name not in OF_AUTHORS:
                heavy[state.name] = len(state.answer.content)
            if state.method == "GET" and state.written:
                acting[state.name] = state.written
    assert ({}, {}, {}) == (broken, heavy, acting)


def _broken(page: str) -> list[str]:
    """What is wrong with the markup of a page."""
    parser = html5lib.HTMLParser()
    parser.parse(page)
    ids = re.findall(r'\sid="([^"]+)"', re.sub(r"<textarea.*?</textarea>", "", page, flags=re.DOTALL))
    return [*map(str, parser.errors), *(repeated for repeated in set(ids) if ids.count(repeated) > 1)]


async def _show(window: Window, state: State, base: str) -> None:
    """Show it as its server gives it, outside of the sandbox where axe could not run."""
    await window.go("about:blank")  # nothing of the page before is left
    window.requests.clear()
    page = without_scripts(state.answer.text)
    await window.show(page.replace("<head>", f'<head><base href="{base}/">', 1))


async def _sideways(window: Window) -> list[str]:
    """What reaches beyond the edge, as it is, with more space, and with large letters."""
    problems = [f"sideways: {line}" for line in await window.sideways()]
    await window.page.evaluate(_SPACED)
    problems += [f"sideways with space: {line}" for line in await window.sideways()]
    await window.page.evaluate(_AS_BEFORE)
    await window.page.evaluate(_LARGE)
    problems += [f"sideways in large letters: {line}" for line in await window.sideways()]
    await window.page.evaluate(_AS_BEFORE_LARGE)
    return problems


async def _problems(window: Window) -> list[str]:
    """The same, and what is fetched."""
    problems = await _sideways(window)
    ours = [url for url in window.requests if "/asset/" not in url]
    if len(ours) + 1 > MOST_REQUESTS:
        problems.append(f"requests: {ours}")
    return [*problems, *window.outside, *window.errors]


async def _problems_for_anybody(window: Window) -> list[str]:
    """The same by day and by night, and what axe says: in the dark only of what can be another thing there."""
    problems = [*await window.axe("target-size"), *await _problems(window)]
    await window.prefer("dark")
    problems += [f"dark: {line}" for line in [*await window.axe_of_colours(), *await _problems(window)]]
    await window.prefer("light")
    return problems


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.needs("chromium")
@pytest.mark.only_on("sqlite", "a browser sees no engine")
@pytest.mark.asyncio(loop_scope="session")
async def test_every_state_is_good_for_everybody(browser: Browser, tmp_path: Path, width: int) -> None:
    """Axe finds nothing in either scheme, the size of what can be pressed included.

    Nothing is beyond the edge, whatever its reader sets; at most three requests, all of them here.
    """
    by_state = {}
    async with open_town(tmp_path) as town, browser.window(width=width) as window:
        async for state in town.states():
            if state.answer.content:
                await _show(window, state, town.web.site.base_url)
                by_state[state.name] = await _problems_for_anybody(window)
    assert {} == {name: problems for name, problems in by_state.items() if problems}


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.parametrize("tag", ["de", "fr", "pl"])
@pytest.mark.needs("chromium")
@pytest.mark.only_on("sqlite", "a browser sees no engine")
@pytest.mark.asyncio(loop_scope="session")
async def test_no_state_is_too_wide_in_long_words(browser: Browser, tmp_path: Path, tag: str) -> None:
    """On the narrowest phone, in the languages whose words are longest; nor is a word of a heading cut."""
    by_state = {}
    async with open_town(tmp_path) as town, browser.window(width=320) as window:
        async for state in town.states(tag):
            if state.answer.content:
                await _show(window, state, town.web.site.base_url)
                cut = [f"cut: {word}" for word in await window.page.evaluate(_CUT_WORDS)]
                by_state[state.name] = [*cut, *await _sideways(window)]
    assert len(by_state) > len(ASKS) / 2
    assert {} == {name: problems for name, problems in by_state.items() if problems}
