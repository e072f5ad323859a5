"""The built-in layouts: what stands inline, what every one of them says, and that it can be read in every colour."""

from __future__ import annotations

import colorsys
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.browser.pictures import harbour
from tests.message.builders import PNG, build, edition, part, profile, read, values

from pressrun.core.colour import READABLE, Colour, contrast
from pressrun.message.content.tree import Node, parse_tree
from pressrun.message.finding import errors_of
from pressrun.message.layouts.built_in import LAYOUT_NAMES, built_in_layout, shared_pieces
from pressrun.message.layouts.design import Design, Logo
from pressrun.message.layouts.palette import Palette, dark_palette, light_palette

BODY = """\
Hello {{ name | default: reader }}.

## First

| A | B |
|---|--:|
| 1 | 2 |

[The way](https://harbour.example/way)

### Second

```
code
```
"""
LOGO = Logo(name="logo.png", media_type="image/png", content=PNG, width=480, height=112)

layouts = pytest.mark.parametrize("name", LAYOUT_NAMES)
colours = st.builds(Colour, *(st.integers(0, 255) for _ in range(3)))


def page(name: str, body: str = BODY, *, language: str = "en", logo: Logo | None = None, footer: str = "") -> str:
    design = Design(layout=name, logo=logo)
    built = build(edition(body), list_profile=replace(profile(language=language), design=design, footer=footer))
    assert not errors_of(built.findings)
    return part(built.skeleton.copy(values()), "html")


def test_there_are_at_least_four() -> None:
    """Each has a name that a list can choose, and says in a line what it is for."""
    assert LAYOUT_NAMES == ("letter", "classic", "notice", "magazine")
    assert all(built_in_layout(name).summary for name in LAYOUT_NAMES)


@layouts
def test_what_matters_stands_inline(name: str) -> None:
    """Without its sheet, as Gmail may show it, every colour, size and space is there still."""
    bare = re.sub(r"<style>.*?</style>|<!--.*?-->", "", page(name), flags=re.DOTALL)
    for tag in re.findall(r"<(?:p|h1|h2|h3|a|pre|th|td)\b[^>]*>", bare.partition("<body")[2]):
        assert 'style="' in tag, tag


@layouts
def test_nothing_is_used_that_mail_programs_do_not_hold(name: str) -> None:
    """No position, float, flex or grid, no picture in a background, nothing from elsewhere, no unit of the window."""
    markup = page(name, logo=LOGO)
    for word in ("position:", "float:", "flex", "grid", "url(", "@import", "@font-face", "<svg", "<v:", "http:"):
        assert word not in markup, word
    assert re.findall(r"\d(?:vw|vh|vmin|rem)\b", markup) == []
    assert set(re.findall(r'src="(\w+):', markup)) == {"cid"}


@layouts
def test_tables_that_lay_out_say_so(name: str) -> None:
    """A screen reader reads one table, that of the author; Outlook's conditional table is of the width 600."""
    tree = parse_tree(page(name))
    assert [table.attributes.get("role") for table in tree.find_all("table")].count(None) == 1
    assert '<!--[if mso]><table role="presentation" width="600"' in page(name)
    assert page(name).count("<!--[if mso]>") == page(name).count("<![endif]-->") == 3


@layouts
@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl"), ("he-IL", "rtl")])
def test_language_and_direction_survive_the_loss_of_html_and_body(name: str, language: str, direction: str) -> None:
    """Gmail drops the outermost elements, so the first one inside says both again; sides follow the direction."""
    markup = page(name, language=language)
    first = next(node for node in parse_tree(markup).find_all("div"))
    assert (first.attributes["lang"], first.attributes["dir"]) == (language, direction)
    start, end = {"ltr": ("left", "right"), "rtl": ("right", "left")}[direction]
    assert f'align="{start}"' in markup
    assert f'align="{end}"' not in markup
    assert f"padding-{start}:24px" in page(name, "- One\n", language=language)


@layouts
@pytest.mark.parametrize("opening", ["", "# The heading\n\n"])
def test_headings_stand_in_order(name: str, opening: str) -> None:
    """Exactly one of the first rank, and it comes first: the author's, the subject, or the list's name."""
    ranks = [node.tag for node in _walk(parse_tree(page(name, opening + BODY))) if node.tag in ("h1", "h2", "h3")]
    assert ranks == ["h1", "h2", "h3"]


@layouts
def test_the_logo_travels_once_and_has_words(name: str) -> None:
    """It is enclosed, its alternative text is the list's title in the type that the title would have."""
    design = Design(layout=name, logo=LOGO)
    copy = build(edition(BODY), list_profile=replace(profile(), design=design)).skeleton.copy(values())
    enclosed = [mime_part for mime_part in read(copy).walk() if mime_part.get_content_type() == "image/png"]
    assert [picture.get_payload(decode=True) for picture in enclosed] == [PNG]
    (image,) = parse_tree(part(copy, "html")).find_all("img")
    assert image.attributes["src"] == f"cid:{enclosed[0]['Content-ID'].strip('<>')}"
    assert (image.attributes["alt"], image.attributes["width"], image.attributes["height"]) == (
        "The Harbour Letter",
        "240",
        "56",
    )
    assert "font-size" in image.attributes["style"]


@layouts
def test_a_logo_is_left_out_of_a_text_edition_and_of_an_authors_own_document(name: str) -> None:
    """Nothing is enclosed that is not shown."""
    own = replace(profile(), design=Design(layout=name, logo=LOGO))
    for source, suffix in ((edition("Plain."), ".txt"), (edition("<html><body><p>Own</p></body></html>"), ".html")):
        copy = build(source, suffix, list_profile=own).skeleton.copy(values())
        assert b"image/png" not in copy


@layouts
def test_the_lists_footer_stands_in_both_parts(name: str) -> None:
    """Line by line, its addresses as links, its markup as text."""
    note = "Written <by> the office.\nMore: https://harbour.example/more"
    built = build(edition(BODY), list_profile=replace(profile(), design=Design(layout=name), footer=note))
    copy = built.skeleton.copy(values())
    assert note in part(copy, "plain").replace("\r\n", "\n")
    assert "Written &lt;by&gt; the office.<br>" in part(copy, "html")
    assert 'href="https://harbour.example/more"' in part(copy, "html")


@layouts
def test_a_lone_link_is_a_button(name: str) -> None:
    """A table cell in the list's colour, which Outlook draws too; an address that is shown as it is stays a link."""
    assert 'mso-padding-alt:13px 26px"><a href="https://harbour.example/way"' in page(name)
    for body in (
        "See [the way](https://harbour.example/way).",
        "<https://harbour.example/way>",
        "- [a](https://b.example)",
    ):
        assert "mso-padding-alt" not in page(name, body)


@layouts
def test_a_link_inside_of_a_text_is_a_button_where_its_author_says_so(name: str) -> None:
    """Two of them in a line have the colours of a button, too."""
    markup = page(name, "[One](https://a.example){.button} [Two](https://b.example){.button} and {.button}")
    buttons = [link for link in parse_tree(markup).find_all("a") if "inline-block" in link.attributes["style"]]
    assert [link.attributes["href"] for link in buttons] == ["https://a.example", "https://b.example"]
    assert markup.count("{.button}") == 1


@layouts
def test_the_outer_margins_are_gone_without_a_sheet(name: str) -> None:
    """Gmail knows no `:first-child`: what comes first has no margin above, what comes last none below."""
    tree = parse_tree(page(name, "## First\n\n> Quoted.\n>\n> Twice.\n\nLast.", language="en"))
    styles = [node.attributes["style"] for node in tree.find_all("p")]
    paragraphs = [style for style in styles if re.fullmatch(r"margin:0 0 (18|20)px", style)]
    assert len(paragraphs) == 1  # that of the quotation, not its last nor that of the content
    (heading,) = tree.find_all("h2")
    has_headline = built_in_layout(name).shows_subject
    assert heading.attributes["style"].startswith("margin:0 ") is not has_headline


@layouts
@pytest.mark.parametrize(("typeface", "first"), [("sans", "system-ui"), ("serif", "Iowan"), ("mono", "ui-monospace")])
def test_a_mail_has_the_typeface_of_the_lists_pages(name: str, typeface: str, first: str) -> None:
    """The same fonts in the same order, and one that Outlook has; none is fetched."""
    built = build(edition(BODY), list_profile=replace(profile(), design=Design(layout=name, typeface=typeface)))
    markup = part(built.skeleton.copy(values()), "html")
    (ours,) = re.findall(r'role="article"[^>]*;font-family:([^"]*)"', markup)
    assert first in ours
    pages = Path("src/pressrun/web/static/pressrun.css").read_text(encoding="utf-8")
    assert f"{ours};" in pages.replace('"', "'")
    assert f"font-family: {shared_pieces().outlook_fonts[typeface]} !important" in markup


def test_a_letter_has_a_letterhead() -> None:
    """The list's name and what it is about stand above the text, each reader of HTML sees whose letter it is."""
    about = replace(profile(), description="Tides & berths, every Friday.\nMore.", design=Design(layout="letter"))
    markup = part(build(edition("Text."), list_profile=about).skeleton.copy(values()), "html")
    head = markup.partition("Text.")[0]
    assert ">The Harbour Letter</h1>" in head
    assert ">Tides &amp; berths, every Friday.</p>" in head


def test_a_letter_has_the_grounds_of_the_lists_page_in_the_dark() -> None:
    """One ground for the letter, another for the band below it."""
    sheet = page("letter").partition("prefers-color-scheme: dark")[2].partition("</style>")[0]
    assert ".pr-page { background-color: #14171a !important; }" in sheet
    assert ".pr-band { background-color: #1e2226 !important; }" in sheet


@layouts
def test_the_title_of_the_page_is_the_subject(name: str) -> None:
    """It names the mail where it is opened in a window of its own."""
    assert "<title>Harbour news</title>" in page(name)


@layouts
def test_what_stands_around_the_content_is_small(name: str) -> None:
    """Gmail cuts a mail after 102 KB: the frame takes at most 15."""
    assert len(page(name, "x", logo=LOGO, footer="Written on Fridays.").encode()) <= 15 * 1024


@pytest.mark.parametrize("opening", ["![A boat](boat.png)\n\n", "# Boats\n\n![A boat](boat.png)\n\n"])
def test_a_magazine_lifts_its_opening_picture(opening: str) -> None:
    """It stands above the content over the whole width, once; elsewhere it stays where it is, as wide as it may be."""
    widths = {name: _image_width(name, opening + "Text.", harbour()) for name in LAYOUT_NAMES}
    assert widths == {"letter": "600", "classic": "526", "notice": "502", "magazine": "600"}


def test_a_small_picture_keeps_its_size() -> None:
    """It is neither lifted nor stretched."""
    assert {_image_width(name, "![A boat](boat.png)\n\nText.", PNG) for name in LAYOUT_NAMES} == {None}


def _image_width(name: str, body: str, picture: bytes) -> str | None:
    own = replace(profile(), design=Design(layout=name))
    built = build(edition(body), list_profile=own, assets={"boat.png": picture})
    (image,) = parse_tree(part(built.skeleton.copy(values()), "html")).find_all("img")
    assert image.attributes["alt"] == "A boat"
    return image.attributes.get("width")


def test_a_picture_further_down_is_not_lifted() -> None:
    """Only what a mail begins with opens it."""
    own = replace(profile(), design=Design(layout="magazine"))
    built = build(edition("Text.\n\n![A boat](boat.png)"), list_profile=own, assets={"boat.png": PNG})
    assert 'pr-hero"' not in part(built.skeleton.copy(values()), "html").partition("<body")[2]


def test_the_subject_above_a_notice_is_each_readers_own() -> None:
    """Merge fields in it are filled in and escaped."""
    own = replace(profile(), design=Design(layout="notice"))
    copy = build(edition("Text.", subject="News for {{ name }}"), list_profile=own).skeleton.copy(values(name="R <b>"))
    assert ">News for R &lt;b&gt;</h1>" in part(copy, "html")


def _walk(tree: Node) -> list[Node]:
    return list(tree.elements())


# ---------------------------------------------------------------------------------------------------- colours


def _pairs(shades: Palette) -> dict[str, tuple[Colour, Colour]]:
    """Every text with every ground that it stands on."""
    pairs = {
        f"{text} on {ground}": (getattr(shades, text), getattr(shades, ground))
        for text in ("text", "strong", "soft", "link")
        for ground in ("page", "card")
    }
    pairs |= {f"{text} on code": (getattr(shades, text), shades.code) for text in ("text", "link")}
    return pairs | {"ink on accent": (shades.ink, shades.accent)}


@given(accent=colours)
def test_every_text_can_be_read_whatever_colour_a_list_chooses(accent: Colour) -> None:
    """At least 4.5 to 1, light and dark (WCAG 2.2 §1.4.3)."""
    for mode in (light_palette(accent), dark_palette(accent)):
        weak = {pair: contrast(*both) for pair, both in _pairs(mode).items() if contrast(*both) < READABLE}
        assert weak == {}


@layouts
def test_the_colours_survive_a_program_that_inverts_them(name: str) -> None:
    """Programs that turn a light mail dark by themselves turn lightness round: what was readable still is."""
    for pair, (text, ground) in _pairs(light_palette(Colour.parse(built_in_layout(name).accent))).items():
        if pair != "ink on accent":  # dark grounds with light text are left as they are
            assert contrast(_inverted(text), _inverted(ground)) >= READABLE, pair


def _inverted(colour: Colour) -> Colour:
    hue, lightness, saturation = colorsys.rgb_to_hls(colour.red / 255, colour.green / 255, colour.blue / 255)
    red, green, blue = colorsys.hls_to_rgb(hue, 1 - lightness, saturation)
    return Colour(round(red * 255), round(green * 255), round(blue * 255))
