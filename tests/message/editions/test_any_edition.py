"""Whatever an author writes: it is built or refused with a sentence, and what every edition promises holds."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.editions import reading
from tests.message.builders import PNG, build, edition, values

from pressrun.core.errors import BadInput
from pressrun.message.content.flowed import unflow
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.sources.edition_file import parse_edition, referenced_paths

_TAGS = "p b div table tr td th ul ol li blockquote pre h1 a img sup ruby rt dl dt dd figure span center xml".split()
_MARKUP = [
    *(f"<{tag}>" for tag in _TAGS),
    *(f"</{tag}>" for tag in _TAGS),
    "<script>",
    "</script>",
    "<style>p{color:red}",
    "</style>",
    "<svg>",
    "</svg>",
    "<!--",
    "-->",
    "<![if x]>",
    "<![endif]>",
    "<!doctype html>",
    "<html lang=ar dir=rtl>",
    "<body style='margin:0'>",
    "<head>",
    "<br>",
    "<hr>",
    "<o:p>",
    "<form>",
    '<td colspan="3" rowspan="2">',
    '<p style="white-space:pre">',
    '<p style="display:none">',
    '<img src="a.png" alt="x">',
    '<a href="https://a.example/?b=1&amp;c">',
    '<a href="#note">',
    '<li value="7">',
    '<ol type="i" start="3">',
    "<",
    ">",
]
_MARKDOWN = [
    "# ",
    "## ",
    "- ",
    "1. ",
    "> ",
    "\n",
    "\n\n",
    "  \n",
    "*",
    "**",
    "_",
    "~~",
    "| a | b |\n|---|--:|\n| 1 | 2 |\n",
    "[^1]",
    "\n\n[^1]: note\n",
    "![x](a.png)",
    '\n\n![x](a.png "y")\n\n',
    "[x](https://a.example)",
    "<https://a.example>",
    "---\n",
]
_WORDS = [
    "word",
    "the tide is in and the boats are out ",
    "漢字かな",
    "مرحبا",
    "שלום",
    "👩‍👩‍👧‍👦",
    "é",
    "&nbsp;",
    "&amp;",
    " ",
    "\xad",
    "From ",
]
_FIELDS = [
    "{{ town }}",
    "{{ email }}",
    "{{ town | default: here }}",
    "{{ list.title }}",
    "{{",
    "}}",
    "{{ x",
    "{{ archive_url }}",
]
_NAMES_OF_TAGS = "|".join([*_TAGS, "script", "style", "svg", "html", "body", "br", "hr"])
_A_TAG = re.compile(rf"</?(?:{_NAMES_OF_TAGS})(?:\s[^<>\n]*)?>")
_PLAIN = [*_WORDS, *_FIELDS, "\n", "> ", "-- \n", "  ", "\t", ">"]

SOURCES = st.one_of(
    st.tuples(st.just(".md"), st.lists(st.sampled_from(_MARKDOWN + _MARKUP + _WORDS + _FIELDS), max_size=40)),
    st.tuples(st.just(".html"), st.lists(st.sampled_from(_MARKUP + _WORDS + _FIELDS), max_size=40)),
    st.tuples(
        st.just(".txt"),
        st.lists(st.sampled_from(_PLAIN), max_size=60),
    ),
    st.tuples(st.sampled_from([".md", ".html", ".txt"]), st.lists(st.text(max_size=60), max_size=4)),
)
NAMES = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Mn", "Cf"]), min_size=1, max_size=20
)


def built_from(suffix: str, pieces: list[str]) -> BuiltEdition | None:
    """The edition after a greeting with a field; None where it is refused with an error of ours."""
    greeting = "<p>Dear {{ name }}!</p>\n" if suffix == ".html" else "Dear {{ name }}!\n\n"
    source = edition(greeting + "".join(pieces).replace("\0", ""))
    try:
        file = parse_edition(source.encode("utf-8", "replace"), suffix)
        assets = {reference.path: PNG for reference in referenced_paths(file)}
        return build(source.encode("utf-8", "replace"), suffix, assets=assets)
    except BadInput:
        return None


@settings(max_examples=150, deadline=None)
@given(source=SOURCES, name=NAMES)
def test_an_edition_is_built_or_refused(source: tuple[str, list[str]], name: str) -> None:
    """A parser of somebody else reads the copy without a defect, and the reader is greeted in both parts."""
    built = built_from(*source)
    if built is None:
        return
    content = built.skeleton.copy(values(name=name))
    message = reading.message_of(content)
    assert not [defect for part in message.walk() for defect in part.defects]
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert f"Dear {name}!" in unflow(reading.text_of(message, "plain"), delete_blank=False).replace("\n ", "\n")
    if built.html is not None:
        page = reading.seen(reading.page_of(reading.text_of(message, "html")))
        assert f"Dear {name}!" in page


@settings(max_examples=150, deadline=None)
@given(source=SOURCES)
def test_the_text_part_holds_no_markup(source: tuple[str, list[str]]) -> None:
    """What is made from Markdown or HTML has no tag left, but where one was written as words."""
    suffix, pieces = source
    if suffix == ".txt" or not set(pieces) <= {*_MARKUP, *_MARKDOWN, *_WORDS, *_FIELDS}:
        return
    built = built_from(suffix, pieces)
    if built is not None:
        assert _A_TAG.search(built.archive_text) is None
