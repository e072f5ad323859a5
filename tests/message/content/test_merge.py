"""Merge fields: found where they stand, escaped for where they stand, and nothing else is evaluated."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.builders import build, edition, part, read, values

from pressrun.core.lifecycles.edition import at_defaults
from pressrun.core.text.controls import without_controls
from pressrun.message.content.merge import FieldTable, without_fields
from pressrun.message.wire.quoted_printable import normalise_lines

HOSTILE = [
    '"><script>alert(1)</script>',
    "a\r\nBcc: victim@other.example\r\n\r\nbody",
    "javascript:alert(1)",
    "😀 Ünïcode 漢字",
    "x" * 5000,
    "{{ email }}",
    "\x00\x01\x1b[31m\x7f",
    "' onmouseover='x",
    "%0d%0aX: y",
    "&amp; &lt;",
    ".\r\n.",
]
PAGE = edition(
    '<p title="{{ town }}">{{ town }}</p><a href="https://x.example/?q={{ town }}">q</a><a href="{{ town }}">w</a>',
    subject="For {{ town }}",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_only_text(value: str) -> None:
    """No value becomes markup, a header, a link of a wrong scheme or another field."""
    content = build(PAGE, ".html").skeleton.copy(values(columns={"town": value}))
    message = read(content)
    shown = part(content, "html")
    assert "<script" not in shown
    assert " onmouseover='" not in shown.replace("&#39;", "").split("<p ")[1].split(">")[0]
    assert 'href="javascript' not in shown
    assert message["Bcc"] is None
    assert message["X"] is None
    assert "\r\n.\r\n" not in content.decode()
    assert content.isascii()
    assert "reader@reader.example" not in shown.split("<a ")[0].split("<p ")[1]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200))
def test_any_value_round_trips_through_the_copy(value: str) -> None:
    """The reader sees the value itself in the text, and its escaped form in HTML and URLs."""
    built = build(edition("<p>@@{{ town }}@@</p><a href='https://x.example/?q={{ town }}#e'>q</a>"), ".html")
    content = built.skeleton.copy(values(columns={"town": value}))
    shown = part(content, "html")
    assert value == html.unescape(shown.split("@@", 1)[1].split("@@</p>")[0]).replace("\r\n", "\n")
    assert value == unquote(shown.split("?q=")[1].split("#e")[0])
    assert f"@@{value}@@" in part(content, "plain")


@given(st.text(max_size=300))
def test_any_body_can_be_built_and_read_back(body: str) -> None:
    """Whatever the author writes, a text edition reads back as written and a Markdown one can be built."""
    body = without_controls(body.encode("utf-8", "replace").decode())
    content = build(edition("x" + body.replace("{", "(")), ".txt").skeleton.copy(values())
    expected = normalise_lines("x" + body.replace("{", "(")).rstrip("\r\n")
    assert part(content, "plain").startswith(expected + "\r\n\r\n-----")
    assert build(edition(body)).skeleton.copy(values()).isascii()


def test_defaults_and_builtin_fields() -> None:
    """A missing value takes the default or nothing; a column cannot stand in for one of ours."""
    body = '{{ name | default: friend }}|{{ town | default: "the sea" }}|{{ town }}|{{ email }}|{{ list.title }}|'
    built = build(edition(body), ".txt")
    text = part(built.skeleton.copy(values(name="", columns={"email": "no"})), "plain")
    assert text.startswith("friend|the sea||reader@reader.example|The Harbour Letter|")


def test_fields_in_the_subject_are_encoded_for_each_copy() -> None:
    """A subject with a field is rendered and encoded for its reader."""
    built = build(edition("x", subject="Ahoi {{ name | default: friend }}"))
    assert "Ahoi Ödön 😀" == str(read(built.skeleton.copy(values(name="Ödön\n😀")))["Subject"])
    assert "Ahoi friend" == built.subject


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("a\n{{ nmae }}", 5, "Did you mean {{ name }}?"),
        ("{{ name", 4, "not closed"),
        ("a\n\n{{ name\n}}", 6, "not closed"),
        ("{{ 1 + 1 }}", 4, "not a merge field"),
        ("{{ name.__class__ }}", 4, "No subscriber has a field"),
        ("{{ name | upper }}", 4, "not a merge field"),
        ("{{}}", 4, "not a merge field"),
        ('<p style="color: {{ town }}">x</p>', 4, "inside a style"),
    ],
)
def test_a_wrong_field_is_an_error_with_its_line(body: str, line: int, words: str) -> None:
    """What cannot be filled in stops the send and says how to mend it."""
    errors = [finding for finding in build(edition(body)).findings if finding.severity == "error"]
    assert [line] == [error.line for error in errors]
    assert words in errors[0].message


@pytest.mark.parametrize("suffix", [".md", ".html", ".txt"])
def test_braces_after_a_backslash_are_text(suffix: str) -> None:
    """In all sources and in code, too; what follows is not a field, though it looks like one."""
    body = "Ours is \\{{ secrets.TOKEN }}, not {{ name }}.\n\n    run: \\{{ x | upper }}\n\n`\\{{`"
    built = build(edition(body, subject="Use \\{{ x }}, {{ name }}"), suffix)
    assert () == tuple(finding for finding in built.findings if finding.severity == "error")
    copy = built.skeleton.copy(values(name="Ada"))
    for subtype in ("plain",) if suffix == ".txt" else ("plain", "html"):
        shown = part(copy, subtype)
        assert "Ours is {{ secrets.TOKEN }}, not Ada." in shown
        assert "run: {{ x | upper }}" in shown
        assert "\\" not in shown
    assert "Ours is {{ secrets.TOKEN }}" in built.text
    assert "Use {{ x }}, Ada" == str(read(copy)["Subject"])


@pytest.mark.parametrize("subject", ["\\{{ x }} y", "'\\{{ x }} y'", '"\\{{ x }} y"', '"\\\\{{ x }} y"'])
def test_braces_as_text_in_a_key(subject: str) -> None:
    """With or without quotes. Where YAML has escapes of its own, one backslash or two are the same."""
    built = build(f"---\nsubject: {subject}\npreheader: {subject}\n---\nx")
    assert ("{{ x }} y", "{{ x }} y", "x-y") == (built.subject, at_defaults(built.subject_template), built.slug)
    titled = build(f"---\nsubject: x\ntitle: {subject}\n---\nx")
    assert "{{ x }} y" == titled.title


@given(st.text("a{}\\% 7BDbd|\n", max_size=40))
def test_a_source_without_fields_is_shown_as_it_is(source: str) -> None:
    source = f"x{source}x"
    table = FieldTable([source], [], {})
    assert source == table.mark(without_fields(source), first_line=1)
    marked = table.mark(without_fields(source, is_markup=True), first_line=1, is_markup=True)
    assert ([], []) == (table.findings, table.fields_in(marked))


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://x.example/a b?ü=1&c=<d>", "https://x.example/a%20b?%C3%BC=1&c=%3Cd%3E"),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_an_address_of_a_reader_is_the_same_in_text_and_html(value: str, url: str) -> None:
    """It can be clicked in both, or in neither; where it is text, it stays as it is."""
    built = build(edition("[Yours]({{ town }})\n\n<p>{{ town }}</p>"))
    copy = built.skeleton.copy(values(columns={"town": value}))
    text = part(copy, "plain").replace("\r\n", "\n")
    assert text.startswith(f"Yours [1]\n\n{value}\n\n[1] {url}\n")
    assert f'href="{url.replace("&", "&amp;")}"' in part(copy, "html")


def test_a_field_as_an_autolink_and_in_a_visual_editors_link() -> None:
    """`<{{ unsubscribe_url }}>` in Markdown and a percent-encoded field in HTML both work."""
    link = f'href="{values().unsubscribe_url}"'
    assert link in part(build(edition("<{{ unsubscribe_url }}>")).skeleton.copy(values()), "html").split("pr-soft")[-2]
    page = build(edition('<a href="%7B%7B%20unsubscribe_url%20%7D%7D">go</a>'), ".html")
    assert f"[1] {values().unsubscribe_url}" in part(page.skeleton.copy(values()), "plain")
    assert () == page.findings


@pytest.mark.parametrize(
    "address",
    [
        "http://{{ unsubscribe_url }}",
        "https://{{unsubscribe_url}}",
        "http:///{{&nbsp;unsubscribe_url&nbsp;}}",
        "HTTP://%7B%7B%20unsubscribe_url%20%7D%7D",
        "{{%20unsubscribe_url%20}}",
    ],
)
def test_a_link_of_ours_leads_where_it_should_whatever_an_editor_makes_of_it(address: str) -> None:
    """Gmail and Outlook put `http://` before what somebody types as a link."""
    page = build(edition(f'<a href="{address}">go</a>'), ".html")
    copy = page.skeleton.copy(values())
    assert f"go [1]\n\n[1] {values().unsubscribe_url}\n" in part(copy, "plain").replace("\r\n", "\n")
    assert [values().unsubscribe_url] == re.findall(r'href="([^"]*)"[^>]*>go<', part(copy, "html"))
    assert () == page.findings


def test_our_address_in_a_text_may_have_the_same_before_it() -> None:
    """As the text part of such an email has it. Before other fields it stays."""
    built = build(edition("go <http://{{ archive_url }}> or http://{{ town }}.example"), ".txt")
    text = part(built.skeleton.copy(values(columns={"town": "quay"})), "plain")
    assert text.startswith("go <https://news.harbour.example/news/archive/harbour-news> or http://quay.example\r\n")


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ name | default: Hello }}, the harbour", "Hello, the harbour"),
        ('{{name|default:"Dear friend"}}: boats', "Dear friend: boats"),
        ("Boats {{ name }} again", "Boats again"),
        ("{{ not closed", "{{ not closed"),
    ],
)
def test_a_subject_is_shown_at_its_defaults(template: str, shown: str) -> None:
    """Wherever a person reads it who is no reader."""
    assert shown == at_defaults(template)
