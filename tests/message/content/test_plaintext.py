"""The text part made from HTML."""

from __future__ import annotations

import pytest

from pressrun.message.content.columns import width
from pressrun.message.content.html import clean_html
from pressrun.message.content.markdown import render_markdown
from pressrun.message.content.plaintext import text_from_html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# A\n\n## B\n\n### C\n\ntext", "A\n=\n\nB\n-\n\n### C\n\ntext\n"),
        ("- a\n- b\n  - c\n", "- a\n- b\n  - c\n"),
        ("3. a\n4. b\n", "3. a\n4. b\n"),
        ("- a\n\n  more\n- b", "- a\n\n  more\n\n- b\n"),
        ("[a](https://a.example) [b](https://b.example) [c](https://a.example)",
         "a [1] b [2] c [1]\n\n[1] https://a.example\n[2] https://b.example\n"),
        ("<https://a.example>", "https://a.example\n"),
        ("> a\n> b\n>\n> c", "> a\n> b\n>\n> c\n"),
        ("a  \nb", "a\nb\n"),
        ("**a** *b* `c`", "*a* _b_ `c`\n"),
        ("    code  x\n    y", "    code  x\n    y\n"),
        ("| A | Bee |\n|---|---|\n| 漢字 | 1 |", "A     Bee\n----  ---\n漢字  1\n"),
        ("| A | Bee |\n|--:|:-:|\n| 1 | x |\n| 100 | abcde |", "  A   Bee\n---  -----\n  1    x\n100  abcde\n"),
        ("> a\n>\n> > b", "> a\n>\n>> b\n"),
        ("![Boat](x.png)", "[Boat]\n"),
        ('![Boat](x.png "At low tide")', "[Boat]\n\nAt low tide\n"),
        ("a[^n] b[^n]\n\n[^n]: Note", "a[^1] b[^1]\n\n--------------------\n\n[^1] Note\n"),
        ("[a.example/x](https://a.example/x)", "https://a.example/x\n"),
        ("", ""),
    ],
)  # fmt: skip
def test_markdown_reads_well_as_text(source: str, expected: str) -> None:
    """Headings, lists, links, tables and quotes keep their shape."""
    assert expected == text_from_html(clean_html(render_markdown(source)).body)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<ol type=a start=26><li>x<li>y</ol>", "z. x\naa. y\n"),
        ("<ol style='list-style-type: upper-roman'><li>x<li value=9>y</ol>", "I. x\nIX. y\n"),
        ("<ol reversed><li>x<li>y</ol>", "2. x\n1. y\n"),
        ("<ol reversed>w <li>x</li> y <b>z</b><li>a</ol>", "w\n2. x\ny\nz\n1. a\n"),
        ("<dl>Tides <dt>Ebb</dt> are <dd>out</dd></dl>", "Tides\n\nEbb\n\nare\n  out\n"),
        ("<pre>a<br>b <b>c</b><i style='display: none'>d</i>\n e</pre>", "    a\n    b c\n     e\n"),
        ("<dl><dt>Ebb</dt><dd>out</dd><dt>Flood</dt><dd>in</dd></dl>", "Ebb\n  out\n\nFlood\n  in\n"),
        ("10<sup>2</sup> m, H<sub>2</sub>O, 4<sup>th</sup>", "10² m, H₂O, 4th\n"),
        ("<ruby>漢<rt>kan</rt></ruby>", "漢(kan)\n"),
        ("<p>a<span style='display:none'>b</span></p><div style='mso-hide:all'>c</div>", "a\n\nc\n"),
        ("<b style='font-weight:normal'><p>a</p></b><b style='font-weight: normal'>c</b>", "a\n\nc\n"),
        ("<div style='white-space: pre-wrap'>a  b\n c</div>", "a  b\n c\n"),
        ("Hy&shy;phen", "Hyphen\n"),
        ("<p>x<a href='#_ftn1' name='_r'>[1]</a></p><a href='#_r' name='_ftn1'>[1]</a> n", "x[^1]\n\n[^1] n\n"),
        ("<table><tr><td colspan=2>ab<td>c<tr><td rowspan=2>d<td>e<td>f<tr><td>g<td>h</table>",
         "ab    c\nd  e  f\n   g  h\n"),
        ("<table><tr><td><p>a</p><td><p>b</p><p>c</p><tr><td><p>d</p><td><p>e</p></table>", "a  b / c\nd  e\n"),
        ("<table><tr><th>a<th style='display:none'>b<tr><td>c<td>d</table>", "a\n-  -\nc  d\n"),
        ("<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>", "a\n\nb\n\nc\n\nd\n"),
        ("<p dir=rtl>שלום <a href='https://a.example'>קישור</a>.</p>", "שלום קישור [1].\n\n[1] https://a.example\n"),
    ],
)  # fmt: skip
def test_html_reads_well_as_text(page: str, expected: str) -> None:
    """What Markdown cannot say, and what other programs write, keeps its meaning."""
    assert expected == text_from_html(clean_html(page).body)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("abc", 3),
        ("漢字", 4),
        ("e\u0301", 1),
        ("👩‍👩‍👧‍👦", 2),
        ("👍🏽", 2),
        ("❤️", 2),
        ("🇫🇷", 2),
        ("한", 2),
        ("a\u200bb", 2),
    ],
)
def test_the_columns_of_a_text(text: str, columns: int) -> None:
    """Wide characters take two, marks and joined emoji nothing of their own."""
    assert columns == width(text)


def test_spans_beyond_reason_do_no_harm() -> None:
    """A cell that says it reaches over thousands of columns costs nothing."""
    page = "<table>" + "<tr><td colspan=9999 rowspan=9999>x<td>y" * 3000 + "</table>"
    assert 6000 == len(text_from_html(clean_html(page).body).split())


def test_a_layout_table_is_read_cell_by_cell() -> None:
    """Tables that only place things leave no columns behind."""
    page = "<table><tr><td><h1>A</h1><p>one</p></td><td><p>two</p></td></tr></table>"
    assert "A\n=\n\none\n\ntwo\n" == text_from_html(clean_html(page).body)


def test_a_wide_table_becomes_records() -> None:
    """A table too wide for a line names the column before each cell."""
    page = f"<table><tr><th>N</th><th>T</th></tr><tr><td>1</td><td>{'x' * 120}</td></tr></table>"
    assert f"N: 1\nT: {'x' * 120}\n" == text_from_html(clean_html(page).body)


def test_deep_nesting_does_no_harm() -> None:
    """Thousands of nested elements are read, not run into a limit."""
    assert "x\n" == text_from_html(clean_html("<div>" * 3000 + "x").body)


def test_a_link_around_blocks_keeps_its_address() -> None:
    """As around a card, or around the table that draws a button."""
    page = (
        '<a href="https://x.example/a"><h2>Tides</h2><p>Two springs.</p></a>'
        '<a href="https://x.example/b"><h2>Fares</h2></a>'
        '<a href="https://x.example/c"><table role="presentation"><tr><td>Book</td></tr></table></a>'
        '<a href="#top"><div>Up</div></a><a href="https://x.example/d"><div></div></a>'
    )
    assert (
        "Tides\n-----\n\nTwo springs. [1]\n\nFares [2]\n-----\n\nBook [3]\n\nUp\n\n"
        "[1] https://x.example/a\n[2] https://x.example/b\n[3] https://x.example/c\n"
    ) == text_from_html(page)


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "max-height: 0px; overflow: hidden; font-size: 1px",
        "line-height: 0px; height: 0; overflow-y: hidden; color: white",
        "opacity: 0; color: transparent",
    ],
)
def test_words_for_the_list_of_mails_are_left_out(style: str) -> None:
    """Templates hide them in many ways."""
    assert "Tides\n" == text_from_html(f'<div style="{style}">Two springs inside | &zwnj;&nbsp;</div><p>Tides</p>')


@pytest.mark.parametrize(
    "style", ["line-height: 0; overflow: hidden", "min-height: 0px; overflow: hidden", "height: 0", "opacity: 0.5"]
)
def test_words_that_can_be_seen_stay(style: str) -> None:
    """What has a height, or is not cut off, is shown."""
    assert "Tides\n" == text_from_html(f'<div style="{style}">Tides</div>')
