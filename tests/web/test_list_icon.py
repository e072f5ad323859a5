"""The icons that are drawn: a letter in a list's colour, and an envelope."""

from __future__ import annotations

import struct
import zlib

import pytest
from tests.web.harness import WebHarness

from pressrun.core.colour import Colour, contrast
from pressrun.web.brand import DEFAULT
from pressrun.web.list_icon import SIZE, icon_ico, icon_png

GREEN, YELLOW = Colour.parse("#0b6b3a"), Colour.parse("#f5c518")


def read(content: bytes) -> tuple[list[Colour], list[bytes]]:
    """The palette and the rows of a PNG, whose checksums must be right."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    parts, at = {}, 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.pack(">I", zlib.crc32(kind + data)) == content[at + 8 + length : at + 12 + length]
        parts[kind] = data
        at += 12 + length
    assert struct.pack(">IIBBBBB", SIZE, SIZE, 8, 3, 0, 0, 0) == parts[b"IHDR"]
    pixels, step = zlib.decompress(parts[b"IDAT"]), SIZE + 1
    rows = [pixels[row : row + step] for row in range(0, len(pixels), step)]
    assert {0} == {row[0] for row in rows}
    colours = [Colour(*parts[b"PLTE"][index : index + 3]) for index in range(0, len(parts[b"PLTE"]), 3)]
    return colours, [row[1:] for row in rows]


@pytest.mark.parametrize("letter", [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "", "\u0631"])
def test_an_icon_is_a_small_picture_whose_letter_can_be_seen(letter: str) -> None:
    """It stays away from the edge, which phones round, and from its ground."""
    content = icon_png(letter, GREEN)
    colours, rows = read(content)
    inked = [(row, column) for row in range(SIZE) for column in range(SIZE) if rows[row][column] == len(colours) - 1]
    assert len(content) < 3000
    assert contrast(colours[0], colours[-1]) > 4.5
    assert 0.02 < len(inked) / SIZE**2 < 0.2
    assert SIZE * 0.15 < min(min(place) for place in inked) <= max(max(place) for place in inked) < SIZE * 0.85


def test_each_letter_is_another_icon() -> None:
    """Without its accents; what cannot be drawn is an envelope; on a light ground the ink is dark."""
    drawn = {letter: icon_png(letter, YELLOW) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
    assert len(drawn) == len(set(drawn.values()))
    assert icon_png("\u00c9", YELLOW) == drawn["E"]
    assert icon_png("\u6e2f", YELLOW) == icon_png("", YELLOW) != drawn["E"]
    assert [True, False] == [read(icon_png("A", colour))[0][-1].luminance > 0.5 for colour in (GREEN, YELLOW)]


async def test_phones_and_other_sites_get_the_icon_of_a_list(web: WebHarness) -> None:
    """Its page and its editions name it, where there is neither a logo nor a picture; without a list, an envelope."""
    await web.add_edition(await web.add_list(title="The Harbour Letter"))
    await web.dress_list(colour="#0b6b3a")
    async with web.client() as client:
        icon = await client.get("/news/icon.png")
        page, edition = (await client.get("/news")).text, (await client.get("/news/archive/first")).text
        ico, touch = await client.get("/favicon.ico"), await client.get("/apple-touch-icon.png")
        again = await client.get("/news/icon.png", headers={"If-None-Match": icon.headers["etag"]})
        assert 404 == (await client.get("/nothing/icon.png")).status_code
    assert (icon_png("H", GREEN), "image/png") == (icon.content, icon.headers["content-type"])
    assert 304 == again.status_code
    assert '<link rel="apple-touch-icon" href="/news/icon.png">' in page
    for shown in (page, edition):
        assert '<meta property="og:image" content="https://news.example.org/news/icon.png">' in shown
    assert (icon_ico(DEFAULT), icon_png("", DEFAULT)) == (ico.content, touch.content)
    assert ico.content[22:] == touch.content
