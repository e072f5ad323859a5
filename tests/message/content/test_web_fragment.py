"""An edition's fragment in a page of ours: no style attribute is left, and nothing meets the page's own names."""

from __future__ import annotations

import re

import pytest

from pressrun.message.content.html import clean_html
from pressrun.message.content.markdown import render_markdown
from pressrun.message.content.web_fragment import inline_fragment

MARKDOWN = """# Boats

Read [the note][^1] and ![sail](sail.png "The sail").

| a | b | c | d |
|:--|:-:|--:|---|
| 1 | 2 | 3 | 4 |

## More

[^1]: At the foot.
"""


def shown(source: str, *, below: int = 1) -> str | None:
    return inline_fragment(clean_html(source).body, table_name="Table", below=below)


def test_markdown_needs_no_style_attribute() -> None:
    page = shown(render_markdown(MARKDOWN))
    assert page is not None
    assert "style=" not in page
    assert ["al", "ac", "ar"] == re.findall(r'<th class="(\w+)"', page)
    assert ["h2", "h3"] == re.findall(r"<(h\d)", page)
    assert page.count("<h") - page.count("<hr") == page.count("</h")


def test_links_within_an_edition_lead_to_where_they_did() -> None:
    page = shown(render_markdown(MARKDOWN))
    assert page is not None
    targets, ids = set(re.findall(r'href="#([^"]+)"', page)), set(re.findall(r'id="([^"]+)"', page))
    assert targets <= ids
    assert all(name.startswith("e-") for name in ids)


def test_names_of_the_page_are_not_to_be_had() -> None:
    """Our style sheet and our labels do not get at an author's element, nor its id at ours."""
    page = shown('<p class="brand skip footnotes" id="content">a</p><a name="subscribe" href="#">b</a>')
    assert '<p id="e-content" class="footnotes">a</p><a name="e-subscribe" href="#">b</a>' == page


def test_a_button_stays_one() -> None:
    """A link that its author calls a button, as Markdown or HTML writes it; nothing but a link can be one."""
    page = shown(render_markdown("See [the map](https://town.example/map){.button} of it."))
    assert page == '<p>See <a href="https://town.example/map" class="button">the map</a> of it.</p>\n'
    assert '<p>a</p><a href="#e-b" class="button">b</a>' == shown(
        '<p class="button">a</p><a class="button" href="#b">b</a>'
    )


def test_a_table_scrolls_in_a_region_of_its_own() -> None:
    """The outermost alone, whose name is escaped."""
    page = inline_fragment("<table><tbody><tr><td><table></table></td></tr></tbody></table>", table_name='"T"', below=0)
    assert page is not None
    assert 1 == page.count('role="region" aria-label="&quot;T&quot;" tabindex="0"') == page.count("</div>")


@pytest.mark.parametrize(
    "source",
    [
        '<p style="color: red">a</p>',
        '<p style="text-align: center; background: #fff">a</p>',
        '<div style="padding: 4px">a</div>',
        '<table bgcolor="#eeeeee"><tr><td>a</td></tr></table>',
        '<font color="red">a</font>',
        "<style>p { margin: 0 }</style><p>a</p>",
    ],
)
def test_a_design_of_its_own_cannot_stand_in_our_page(source: str) -> None:
    cleaned = clean_html(source)
    fragment = f"<style>{cleaned.styles}</style>{cleaned.body}" if cleaned.styles else cleaned.body
    assert inline_fragment(fragment, table_name="Table", below=1) is None


def test_the_deepest_heading_stays_one() -> None:
    assert "<h6>a</h6><h6>b</h6>" == shown("<h6>a</h6><h5>b</h5>", below=2)


def test_plain_text_keeps_its_lines() -> None:
    page = inline_fragment('<div dir="auto" style="white-space: pre-wrap">a\nb</div>', table_name="", below=1)
    assert '<div dir="auto" class="lines">a\nb</div>' == page


def test_a_fragment_as_long_as_a_book_is_not_remembered() -> None:
    """Visitors see it in thirty languages, and each would keep it in memory twice."""

    def is_remembered(fragment: str) -> bool:
        once, again = (inline_fragment(fragment, table_name="Table") for _ in range(2))
        assert once == again
        return once is again

    assert is_remembered("<p class='x'>" + "a" * 1000)
    assert not is_remembered("<p class='x'>" + "a" * 1_000_000)
