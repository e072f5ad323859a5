"""Cleaning an author's HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.message.content.html import clean_html, web_addresses


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<script>x</script>a", "a"),
        ("<svg><a href='https://x.example'>b</a></svg>a", "a"),
        ("<math><mi>x</mi></math>a", "a"),
        ("<a href='javascript:x'>a</a>", "<a>a</a>"),
        ("<img src=x.png onerror=x>", '<img src="x.png">'),
        ("<p style='color:red;background:url(x);position:fixed'>a</p>", '<p style="color:red">a</p>'),
        ("<p style='backg\\72ound:url(x)'>a</p>", "<p>a</p>"),
        ("<form action=x><input name=y></form>a", "a"),
        ("<iframe src='https://x.example'></iframe>a", "a"),
        ("<!-- {{ x }} -->a", "a"),
    ],
)
def test_what_runs_or_fetches_is_taken_out(source: str, expected: str) -> None:
    """Nothing is left that a browser could run."""
    assert expected == clean_html(source).body


@given(st.text(alphabet=st.sampled_from("<>/\"'= abcdsvgmathscriptonx:{}url()\\!-"), max_size=300))
def test_cleaning_twice_changes_nothing(source: str) -> None:
    """The result is stable, so nothing hides behind the first cleaning."""
    once = clean_html(source).body
    assert once == clean_html(once).body
    assert "<script" not in once
    assert "<svg" not in once


@pytest.mark.parametrize("section", ["<![endif]>", "<![if x]>", "<![eding", "<![CDATA[x", "<![ ]>", "<!["])
def test_marked_sections_of_other_programs_are_passed_over(section: str) -> None:
    """What stands before them is kept, and the document is still one."""
    cleaned = clean_html(f"<html lang=de><body bgcolor=red>hi {section}</body></html>")
    assert (True, "de", "background-color: red") == (cleaned.is_document, cleaned.language, cleaned.body_style)
    assert cleaned.body.startswith("hi")


@pytest.mark.parametrize(("tag", "language"), [("pt-BR", "pt-BR"), ("und", ""), ("UND-Latn", ""), ("zxx", "")])
def test_a_document_that_leaves_its_language_open_names_none(tag: str, language: str) -> None:
    """As templates do with `und`; then the language of the list counts."""
    assert language == clean_html(f'<html lang="{tag}" dir="auto"><body>Tides</body></html>').language


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("https://x.example/a, and (https://y.example/b).", ["https://x.example/a", "https://y.example/b"]),
        ("https://x.example/quay_(harbour)!", ["https://x.example/quay_(harbour)"]),
        ("[https://x.example/?a[]=1]", ["https://x.example/?a[]=1"]),
        ("https://x.example/東京", ["https://x.example/東京"]),
        ("https:// http://) https://.", []),
        ("https://a" + ".)" * 100_000, ["https://a"]),
    ],
)
def test_where_an_address_ends(text: str, addresses: list[str]) -> None:
    """Punctuation behind it belongs to the sentence, and so does a bracket that was opened outside."""
    assert addresses == [text[start:end] for start, end in web_addresses(text)]


def test_a_style_sheet_ends_where_it_ends() -> None:
    """Text that looks like CSS is text."""
    page = clean_html("<style>p { color: red }</style><p>b { color: blue }</p>")
    assert ("red" in page.styles, "blue" in page.styles, "blue" in page.body) == (True, False, True)
