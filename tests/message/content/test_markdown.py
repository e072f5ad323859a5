"""Markdown: which line ends are kept, where a column starts, what is a button, what is a link."""

from __future__ import annotations

import pytest

from pressrun.message.content.markdown import render_markdown

SIGNED = "Until next week,\n_Maria_\n"
WRAPPED = "The tide tables for June are out, and the north quay opens\nagain on Monday after eleven weeks of work.\n"


def test_a_line_that_its_author_ended_early_stays_a_line() -> None:
    """The next word had room in it, so no program wrapped it."""
    assert render_markdown(SIGNED) == "<p>Until next week,<br />\n<em>Maria</em></p>\n"


@pytest.mark.parametrize(
    "source",
    [
        WRAPPED,
        "A line that ends before a link, since a link is kept in one\n[piece](https://harbour.example/a-long-way-to-go).\n",
        "今週の港の便りをお届けします。北の埠頭は十一週間の工事を終えて\n月曜日に再び開きます。\n",
        "`code that\nruns on` and then\nmore\n",
    ],
)
def test_a_wrapped_line_is_joined_with_the_next(source: str) -> None:
    """So is one of a paragraph whose line ends cannot be told apart from those inside of code."""
    assert "<br" not in render_markdown(source)


def test_lines_are_kept_wherever_they_stand() -> None:
    """Also in a list and in a quotation."""
    page = render_markdown(f"{WRAPPED}\n- One,\n  and two\n\n> Said\n> and done\n")
    assert page.count("<br />") == 2


def test_a_column_starts_where_the_lines_of_its_language_do() -> None:
    """`:---` is the right edge in a text from right to left."""
    source = "| A | B | C |\n|:--|:-:|--:|\n"
    sides = {
        direction: [part.partition('"')[0] for part in render_markdown(source, direction=direction).split("align:")[1:]]
        for direction in ("ltr", "rtl")
    }
    assert sides == {"ltr": ["left", "center", "right"], "rtl": ["right", "center", "left"]}


def test_a_link_says_that_it_is_a_button() -> None:
    """By `{.button}` right after it; elsewhere that is text."""
    assert render_markdown("[Go](https://a.example){.button}.") == (
        '<p><a href="https://a.example" class="button">Go</a>.</p>\n'
    )
    assert "{.button}" in render_markdown("`[Go](https://a.example){.button}`")


def linked(url: str) -> str:
    return f'<a href="{url}">{url}</a>'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://x.example/a_b_c", linked("https://x.example/a_b_c")),
        (
            "See https://x.example/b. Or (http://x.example/c).",
            f"See {linked('https://x.example/b')}. Or ({linked('http://x.example/c')}).",
        ),
        ("https://x.example/quay_(harbour), new", f"{linked('https://x.example/quay_(harbour)')}, new"),
        ("**https://x.example/**", f"<strong>{linked('https://x.example/')}</strong>"),
        ("https://x.example/東京", "https://x.example/東京"),
        ("https://x.example/1*2*3", "https://x.example/1<em>2</em>3"),
        ("https://x.example/<br>", "https://x.example/<br>"),
        ("`https://x.example/`", "<code>https://x.example/</code>"),
        ("[https://x.example](https://y.example)", '<a href="https://y.example">https://x.example</a>'),
        ("<a href='/x'>https://x.example</a>", "<a href='/x'>https://x.example</a>"),
        ("https:// and http://", "https:// and http://"),
    ],
)
def test_a_web_address_is_a_link(source: str, expected: str) -> None:
    """Where it is text, and where it ends for certain."""
    assert f"<p>{expected}</p>\n" == render_markdown(source)
