"""The text part made from HTML."""

from __future__ import annotations

import pytest

from pressrun.message.html import clean_html
from pressrun.message.markdown import render_markdown
from pressrun.message.plaintext import text_from_html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# A\n\n## B\n\n### C\n\ntext", "A\n=\n\nB\n-\n\nC\n\ntext\n"),
        ("- a\n- b\n  - c\n", "- a\n- b\n  - c\n"),
        ("3. a\n4. b\n", "3. a\n4. b\n"),
        ("- a\n\n  more\n- b", "- a\n\n  more\n\n- b\n"),
        ("[a](https://a.example) [b](https://b.example) [c](https://a.example)",
         "a [1] b [2] c [1]\n\n[1] https://a.example\n[2] https://b.example\n"),
        ("<https://a.example>", "https://a.example\n"),
        ("> a\n> b\n>\n> c", "> a b\n>\n> c\n"),
        ("a  \nb", "a\nb\n"),
        ("**a** *b* `c`", "*a* _b_ `c`\n"),
        ("    code  x\n    y", "    code  x\n    y\n"),
        ("| A | Bee |\n|---|---|\n| 漢字 | 1 |", "A     Bee\n----  ---\n漢字  1\n"),
        ("![Boat](x.png)", "[Boat]\n"),
        ("", ""),
    ],
)  # fmt: skip
def test_markdown_reads_well_as_text(source: str, expected: str) -> None:
    """Headings, lists, links, tables and quotes keep their shape."""
    assert expected == text_from_html(clean_html(render_markdown(source)).body)


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
