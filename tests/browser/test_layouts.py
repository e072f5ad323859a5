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
    browser: Browser, specimen: Specimen, width: int, scheme: Scheme, *, with_images: bool = True
) -> list[str]:
    async with browser.window(width=width, scheme=scheme, with_images=with_images) as window:
        await window.show(specimen.html)
        lines = [*await window.axe(), *await window.sideways(), *window.outside]
        return [f"{specimen.name} at {width}, {scheme}: {line}" for line in lines]


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.parametrize("width", WIDTHS)
async def test_each_layout_is_clean_everywhere(browser: Browser, width: int) -> None:
    """At every width, light and dark, and in both directions."""
    problems = []
    for specimen in (*specimens(), *own_specimens()):
        for scheme in _SCHEMES:
            problems += await _problems(browser, specimen, width, scheme)
    assert problems == []


@pytest.mark.thorough
@pytest.mark.timeout(600)
async def test_each_layout_is_clean_without_images(browser: Browser) -> None:
    """In both directions."""
    problems = []
    for specimen in (*specimens(), *own_specimens()):
        problems += await _problems(browser, specimen, 375, "light", with_images=False)
    assert problems == []


@pytest.mark.thorough
async def test_each_layout_can_be_read_in_every_colour(browser: Browser) -> None:
    """Also in those that no text could have on a light or a dark ground."""
    problems = []
    for accent in _ACCENTS:
        for specimen in specimens(accent=Colour.parse(accent)):
            scheme: Scheme = "light" if specimen.name.endswith("ltr") else "dark"
            problems += [f"{accent}: {line}" for line in await _problems(browser, specimen, 375, scheme)]
    assert problems == []


@pytest.mark.thorough
async def test_no_meaning_is_lost_without_images(browser: Browser) -> None:
    """The list's name and the words for each picture are there to be read."""
    for specimen in specimens():
        async with browser.window(width=375, with_images=False) as window:
            await window.show(specimen.html)
            words = await window.page.evaluate("() => [...document.images].map(one => [one.alt, one.height])")
            assert all(alt and height > 12 for alt, height in words), specimen.name
            title = "The Harbour Letter" if specimen.name.endswith("ltr") else "رسالة الميناء"
            assert title in [alt for alt, _ in words] or title in await window.page.inner_text("body")
