"""The browser tool sees what it is there to see: each test shows it something that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.chromium import Browser

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

_PAGE = """\
<!DOCTYPE html><html lang="en"><head><title>Tides</title>{head}</head>
<body><main><h1>Tides</h1>{body}</main></body></html>
"""

_DOT = "R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="


def _page(body: str, head: str = "") -> str:
    return _PAGE.format(head=head, body=body)


async def test_a_sound_page_has_no_finding(browser: Browser, tmp_path: Path) -> None:
    """A plain page is clean in every respect, and can be pictured."""
    async with browser.window(width=320) as window:
        await window.show(_page("<p>High water at noon.</p>"))
        await window.picture(tmp_path / "page.png")
        assert ([], [], [], []) == (await window.axe(), await window.sideways(), window.outside, window.errors)
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


async def test_axe_names_what_is_wrong(browser: Browser) -> None:
    """Grey on white and an image without alternative text are both found, with their elements."""
    body = f'<p style="color:#bbb">Low</p><img src="data:image/gif;base64,{_DOT}">'
    async with browser.window() as window:
        await window.show(_page(body))
        problems = await window.axe()
    assert ["color-contrast", "image-alt"] == sorted(line.partition(":")[0] for line in problems)


async def test_the_dark_scheme_reaches_the_page(browser: Browser) -> None:
    """A window in dark mode answers the media query, so that its contrast is judged."""
    head = "<style>@media (prefers-color-scheme: dark) { p { color: #ddd } }</style>"
    async with browser.window(scheme="dark") as window:
        await window.show(_page("<p>Low</p>", head))
        assert [line.partition(":")[0] for line in await window.axe()] == ["color-contrast"]


async def test_a_page_can_be_judged_by_day_and_then_by_night(browser: Browser) -> None:
    """What is shown already changes its colours, and one of them is found; nothing is when it is day again."""
    head = "<style>@media (prefers-color-scheme: dark) { p { color: #ddd } }</style>"
    async with browser.window() as window:
        await window.show(_page("<p>Low</p>", head))
        assert [] == await window.axe_of_colours()
        await window.prefer("dark")
        assert ["color-contrast"] == [line.partition(":")[0] for line in await window.axe_of_colours()]
        await window.prefer("light")
        assert [] == await window.axe_of_colours()


async def test_what_is_too_wide_is_found(browser: Browser) -> None:
    """An element of 400 pixels makes a phone's page scroll; one inside a scrolling box does not."""
    wide = '<div style="width:400px">wide</div>'
    async with browser.window(width=320) as window:
        await window.show(_page(wide))
        assert len(await window.sideways()) > 1
        await window.show(_page(f'<div style="overflow-x:auto">{wide}</div>'))
        assert await window.sideways() == []


async def test_nothing_outside_is_reached_and_each_try_is_seen(browser: Browser) -> None:
    """An image of another host, a style sheet, a script and a dialog are recorded."""
    async with browser.window() as window:
        await window.show(
            _page(
                '<img alt="" src="https://pixel.invalid/a.gif"><script>alert(1); missing()</script>',
                '<link rel="stylesheet" href="https://pixel.invalid/a.css">',
            )
        )
        assert sorted(set(window.outside)) == ["https://pixel.invalid/a.css", "https://pixel.invalid/a.gif"]
        assert (window.dialogs, len(window.errors)) == (["1"], 1)


async def test_images_can_be_off(browser: Browser) -> None:
    """A window without images draws none, not even one that stands in the page itself, and shows its words."""
    picture = f'<img alt="A boat" src="data:image/gif;base64,{_DOT}">'
    for with_images, widths in ((True, [1, 1]), (False, [0, 40])):
        async with browser.window(with_images=with_images) as window:
            await window.show(_page(picture))
            await window.page.screenshot()  # which would load what is only late
            natural, shown = await window.page.evaluate(
                "() => [document.images[0].naturalWidth, document.images[0].width]"
            )
            assert [natural, min(shown, widths[1])] == widths
