"""Every layout as a browser shows it: on a phone and a desk, light and dark, in both directions, images off."""

from __future__ import annotations

import pytest
from tests.browser.chromium import Browser, Scheme
from tests.browser.specimens import WIDTHS, Specimen, own_specimens, specimens

from pressrun.core.colour import Colour

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

_SCHEMES: tuple[Scheme, Scheme] = ("light", "dark")
# Where a mail's colours are hardest to keep apart from their ground: in the middle, and at both ends.
_ACCENTS = ("#7f7f7f", "#ffff00", "#14171a")


async def _problems(
    browser: Browser, one: Specimen, width: int, scheme: Scheme, *, with_images: bool = True
) -> list[str]:
    async with browser.window(width=width, scheme=scheme, with_images=with_images) as window:
        await window.show(one.html)
        found = [*await window.axe(), *await window.sideways(), *window.outside]
        return [f"{one.name} at {width}, {scheme}: {line}" for line in found]


async def test_the_layout_of_the_docs_is_clean_on_a_small_phone(browser: Browser) -> None:
    """Whoever begins with it begins well."""
    assert [line for one in own_specimens() for line in await _problems(browser, one, 320, "light")] == []


async def test_each_layout_is_clean_on_a_small_phone(browser: Browser) -> None:
    """Neither axe nor the edge of 320 pixels finds anything; what is costly to look at is looked at below."""
    chosen = {"letter-ltr": "light", "classic-rtl": "dark", "notice-ltr": "dark", "magazine-rtl": "light"}
    found = [
        line
        for one in specimens()
        if one.name in chosen
        for line in await _problems(browser, one, 320, "dark" if chosen[one.name] == "dark" else "light")
    ]
    assert found == []


@pytest.mark.thorough
@pytest.mark.timeout(600)
async def test_each_layout_is_clean_everywhere(browser: Browser) -> None:
    """At every width, light and dark, in both directions, and with images off."""
    found = []
    for one in (*specimens(), *own_specimens()):
        for width in WIDTHS:
            for scheme in _SCHEMES:
                found += await _problems(browser, one, width, scheme)
        found += await _problems(browser, one, 375, "light", with_images=False)
    assert found == []


@pytest.mark.thorough
async def test_each_layout_can_be_read_in_every_colour(browser: Browser) -> None:
    """Also in those that no text could have on a light or a dark ground."""
    found = []
    for accent in _ACCENTS:
        for one in specimens(accent=Colour.parse(accent)):
            scheme: Scheme = "light" if one.name.endswith("ltr") else "dark"
            found += [f"{accent}: {line}" for line in await _problems(browser, one, 375, scheme)]
    assert found == []


@pytest.mark.thorough
async def test_no_meaning_is_lost_without_images(browser: Browser) -> None:
    """The list's name and the words for each picture are there to be read."""
    for one in specimens():
        async with browser.window(width=375, with_images=False) as window:
            await window.show(one.html)
            words = await window.page.evaluate("() => [...document.images].map(one => [one.alt, one.height])")
            assert all(alt and height > 12 for alt, height in words), one.name
            title = "The Harbour Letter" if one.name.endswith("ltr") else "رسالة الميناء"
            assert title in [alt for alt, _ in words] or title in await window.page.inner_text("body")
