"""A list's colour on its pages: any colour can be read."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.builders import PNG
from tests.web.harness import WebHarness

from pressrun.core.colour import READABLE, Colour, contrast
from pressrun.message.layouts.design import Logo
from pressrun.web.brand import DARK_GROUNDS, DEFAULT, LIGHT_GROUNDS, brand_sheet
from pressrun.web.pages import breakable, initial

COLOURS = st.builds(Colour, *(st.integers(0, 255) for _ in range(3)))
SHEET = resources.files("pressrun.web").joinpath("static", "pressrun.css").read_text("utf-8")


def shades(sheet: str) -> list[dict[str, Colour]]:
    """The colours that a sheet names, for light and for dark."""
    parts = [dict(re.findall(r"--([a-z-]+): ?(#[0-9a-f]{3,6})", part)) for part in re.split(r"@media", sheet)[:2]]
    return [{name: Colour.parse(text) for name, text in part.items()} for part in parts]


@given(COLOURS)
def test_every_colour_can_be_read(accent: Colour) -> None:
    """Words in the accent on each ground, and words on it, as it is and under the pointer."""
    built_in = shades(SHEET)
    for index, (named, fixed) in enumerate(
        zip(shades(brand_sheet(accent)), (LIGHT_GROUNDS, DARK_GROUNDS), strict=True)
    ):
        grounds = (*fixed, named["tint"])
        pairs = [(named["accent"], ground) for ground in grounds] + [
            (named["accent-dark"], ground) for ground in grounds
        ]
        pairs += [(named["on-accent"], named["accent"]), (named["on-hover"], named["accent-dark"])]
        pairs += [(built_in[index][name], named["tint"]) for name in ("text", "strong", "soft")]
        assert min(contrast(colour, other) for colour, other in pairs) >= READABLE


def test_a_colour_that_can_be_read_is_not_changed() -> None:
    accent = Colour.parse("#0b6b3a")
    assert accent == shades(brand_sheet(accent))[0]["accent"]


def test_the_built_in_colours_can_be_read() -> None:
    """The grounds here are those of the style sheet, and each of its words stands out from its ground."""
    for named, grounds in zip(shades(SHEET), (LIGHT_GROUNDS, DARK_GROUNDS), strict=True):
        assert set(grounds) == {named["page"], named["card"], named["code"], named["band"]}
        words = [
            (named[name], ground) for name in ("accent", "accent-dark", "text", "strong", "soft") for ground in grounds
        ]
        words += [(named[f"{name}-text"], named[name]) for name in ("good", "look", "bad")]
        words += [(named["bad-text"], named["card"]), (named["on-accent"], named["accent"])]
        words += [(named["on-hover"], named["accent-dark"])]
        assert [] == [(str(colour), str(other)) for colour, other in words if contrast(colour, other) < READABLE]
    assert DEFAULT == shades(SHEET)[0]["accent"]
    assert shades(brand_sheet(DEFAULT))[0]["tint"] == shades(SHEET)[0]["tint"]


async def test_the_pages_of_a_list_are_in_its_colour(web: WebHarness) -> None:
    """Sheet, icon and policy; the pages of no list stay as they are."""
    reader = await web.add_reader(await web.add_list())
    await web.dress_list(colour="#0b6b3a")
    async with web.client() as client:
        for path in ("/news", "/news/archive", "/news/check-mail", "/news/form", web.unsubscribe_path(reader)):
            answer = await client.get(path)
            assert "--accent:#0b6b3a" in answer.text
            digests = re.findall(r"'sha256-[^']+'", answer.headers["content-security-policy"])
            assert len(re.findall("<style>", answer.text.partition("<textarea")[0])) == len(digests)
        await web.add_edition(1)
        assert "--accent:#0b6b3a" in (await client.get("/news/archive/first")).text
        assert "--accent:#0b6b3a" not in (await client.get("/preferences")).text


async def test_a_logo_stands_where_the_first_letter_did(web: WebHarness) -> None:
    """It is kept for ever under its digest; another or none is 404."""
    await web.add_list()
    logo = Logo(name="boat.png", media_type="image/png", content=PNG, width=1, height=1)
    await web.dress_list(logo=logo)
    async with web.client() as client:
        page = (await client.get("/news/check-mail")).text
        answer = await client.get(f"/news/logo/{logo.digest}")
        other = await client.get(f"/news/logo/{'0' * 64}")
    assert f'src="/news/logo/{logo.digest}"' in page
    assert 'class="mark"' not in page
    assert (200, "image/png", PNG, 404) == (
        answer.status_code,
        answer.headers["content-type"],
        answer.content,
        other.status_code,
    )
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("title", "tag", "letter"),
    [
        ("The Harbour Letter", "en", "H"),
        ("The Harbour Letter", "de", "T"),
        ("L’Écho du port", "fr", "É"),
        ("Las noticias", "es-MX", "N"),
        ("The", "en", "T"),
        ("رسالة", "ar", "ر"),
        ("!", "en", "@"),
    ],
)
def test_an_initial_is_not_that_of_an_article(title: str, tag: str, letter: str) -> None:
    assert letter == initial(title, tag)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Sent to ada@reader.example.", "Sent to ada@reader.example."),
        ("Sent to ada.long@readers.example. <b>", "Sent to ada<wbr>.long<wbr>@readers<wbr>.example. &lt;b&gt;"),
        ("@@@@@@@@@@@@@@@@@@@@@@@@@@@@", "@@@@@@@@@@@@@@@@@@@@@@@@@@@@"),
        ('"o&x"@a-town-by-the-sea.example', "&#34;o&amp;x&#34;<wbr>@a-town-by-the-sea<wbr>.example"),
    ],
)
def test_a_long_address_breaks_between_its_parts(text: str, shown: str) -> None:
    """And what is around it is only text."""
    assert shown == breakable(text)
