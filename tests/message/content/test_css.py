"""Cleaning CSS: what mails need stays as it was written, and nothing stays that could fetch, run or hide."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines import IS_THOROUGH
from tests.message.content.css_oracle import harm_in

from pressrun.message.content import css
from pressrun.message.content.css import clean_sheet, clean_style
from pressrun.message.content.css_tokens import TokenKind, preprocessed, tokens_of

# What newsletters bring: dark mode, small screens, states of links, hacks for single programs.
KEPT = [
    ":root { color-scheme: light dark; supported-color-schemes: light dark; }",
    "@media (prefers-color-scheme: dark) { body, td.card { background: #111 !important; color: #eee !important } }",
    "@media only screen and (max-width: 600px) { .half { display: block !important; width: 100% !important } }",
    "@media screen and (-webkit-min-device-pixel-ratio: 0) { a { color: red } }",
    "@media (min-aspect-ratio: 16/9) { a { color: red } }",
    "@supports (display: grid) and (not (display: inline-grid)) { .a { grid-template: [x] 1fr / auto; } }",
    "a:hover, a:focus-visible > b + i ~ u { color: rgba(0, 0, 0, .5) }",
    "u + .body .gmail-fix { min-width: 100vw }",
    'div[style*="margin: 16px 0;"] { margin: 0 !important }',
    "[data-ogsc] h1, #outlook a, .ExternalClass * { line-height: 100% }",
    "li:nth-child(2n+1)::before { content: \"\u2192 \" counter(item) '.' }",
    ":not(.a):is(b, i) { width: calc(100% - 2 * (3px + 1em)) }",
    "h1 { background: linear-gradient(to right, #fff 0%, hsl(0 0% 0% / 50%)); -webkit-text-size-adjust: none }",
    "p { font: 700 16px/1.5 'Helvetica Neue', Helvetica, sans-serif; margin: -1px auto +.5em; --gap: 2px }",
    "p { padding: var(--gap, 3px); transform: rotate(3deg) translateX(10px); filter: alpha(opacity=50) }",
    "@media print { @media (min-width: 3cm) { p { color: blue } } }",
    "a{color:red}b{color:blue}",
    ".größe-1 { color: red }",
]


@pytest.mark.parametrize("sheet", KEPT)
def test_what_mails_need_stays_to_the_letter(sheet: str) -> None:
    assert (sheet, ()) == (clean_sheet(sheet).text, clean_sheet(sheet).losses)


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        (
            '@imp@import;ort "https://t.example/x.css"; @media print { p { color: red } } a { color: blue }',
            "a { color: blue }",
        ),
        ('@import "https://t.example/x.css"; a{color:red}', "a{color:red}"),
        ('@\\69mport "https://t.example/x.css"; a{color:red}', "a{color:red}"),
        ("@IMPORT url(x) screen;a{color:red}", "a{color:red}"),
        ('@media print{@import "x";a{color:red}}', "@media print{a{color:red}}"),
        ('a{@import "x";color:red}', "a{color:red}"),
        ("@font-face{font-family:x;src:url(x)}a{font-family:x}", "a{font-family:x}"),
        ("@namespace url(x);@charset 'x';@page{margin:0}@layer a{b{c:d}}@keyframes x{from{a:b}}a{b:c}", "a{b:c}"),
        ("@media x{a{background:url(x)}}b{c:d}", "b{c:d}"),
        ("a{background:url(x);color:red}", "a{color:red}"),
        ("a{background:url( 'x' );color:red}", "a{color:red}"),
        ("a{background:\\75rl(x);color:red}", "a{color:red}"),
        ("a{background:u\\72l('x');color:red}", "a{color:red}"),
        ("a{background:u/**/rl(x);color:red}", "a{color:red}"),
        ("a{--x:url(x);color:red}", "a{color:red}"),
        ("a{background:image-set('x' 1x);b:image('x');c:src('x');d:-webkit-image-set('x' 1x);e:f}", "a{e:f}"),
        ("a{background:calc(1px + url(x));b:c}", "a{b:c}"),
        ("a{width:expression(alert(1));b:c}", "a{b:c}"),
        ("a{-moz-binding:x;behavior:x;-ms-filter:'progid:x(src=y)';filter:progid:x(src='y');b:c}", "a{b:c}"),
        ("a{position:fixed;b:c}", "a{b:c}"),
        ("a{position:/**/sticky;b:c}", "a{b:c}"),
        ("a{--p:fixed;position:var(--p)}", "a{--p:fixed;}"),
        ("a{position:relative!important}", "a{position:relative!important}"),
        ("<!-- a{b:c} -->", "a{b:c}"),
        ("a<!-- {b:c} d{e:f}", "d{e:f}"),
        ("a{b:c<!--;d:e}", "a{d:e}"),
        ("</style><script>x</script> a{b:c}", ""),
        ('a{content:"</style>"}', 'a{content:"\\3c /style>"}'),
        ("a{content:'\\3c/style>\\27'}", 'a{content:"\\3c /style>\'"}'),
        ('a{content:"\\201C \\22 \\A "}', 'a{content:"\u201c\\22 \\a "}'),
        ('a{content:"x\n;d:e}', "a{d:e}"),
        ('a{content:"x', 'a{content:"x"}'),
        ("a{b:c", "a{b:c}"),
        ("@media x{a{b:c", "@media x{a{b:c}}"),
        ("a{b:calc(1px", ""),
        ("a{b:c)d;e:f}", "a{e:f}"),
        ("a{b:[c;d:e}", ""),
        ("a{b:{c:d};e:f}", "a{e:f}"),
        ("a{b:c;&:hover{d:e}f:g}", "a{b:c;f:g}"),
        ("}a{b:c}d{e:f}", "d{e:f}"),
        ("a{b:c}}d{e:f}g{h:i}", "a{b:c}g{h:i}"),
        ("{b:c}d{e:f}", "d{e:f}"),
        ("@media (x<url(y)){a{b:c}}d{e:f}", "d{e:f}"),
        ("@media{a{b:c}}", "@media{a{b:c}}"),
        ("@supports (a:url(x)){a{b:c}}d{e:f}", "d{e:f}"),
        ("@supports selector(a > b){a{b:c}}", "@supports selector(a > b){a{b:c}}"),
        ("a{color:red\\9;b:c}", "a{b:c}"),
        ("a{\\62 :c}", "a{b:c}"),
        (".md\\:w-50{b:c}", ".md\\3a w-50{b:c}"),
        (".\\31 0px{b:c}", ".\\31 0px{b:c}"),
        ("a{b:1\\65 3}", ""),
        ("a/* x */b{c/* y */:d/*z", "a b{c:d}"),
        ("a{b:1/**/.5 -/**/-/**/x}", "a{b:1 .5 - - x}"),
        ("a{b:c;;;d:e}", "a{b:c;d:e}"),
        ("a{}b{;}c{url(x)}", ""),
        ("a{b:\0c}", "a{b:\ufffdc}"),
        ("a\r\n{\fb:c}", "a\n{\nb:c}"),
        ("a{b::c}", ""),
        ("a{b:@c}", ""),
        ("a{b:c!important;d:e!x;f:!important}", "a{b:c!important;}"),
    ],
)
def test_what_could_fetch_run_or_hide_goes(sheet: str, expected: str) -> None:
    cleaned = clean_sheet(sheet).text
    assert expected == cleaned
    assert ([], cleaned) == (harm_in(cleaned), clean_sheet(cleaned).text)


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("color:red;background:url(x);position:fixed", "color:red"),
        ("margin:0 auto;;  padding : 3px ", "margin:0 auto; padding : 3px"),
        ("backg\\72ound:url(x)", ""),
        ("}a{b:c", ""),
        ("color:red}b{c:d", ""),
        ("color:red;}b{c:d};e:f", "color:red; e:f"),
        ("/*;*/color:red/*", "color:red"),
        ("@import 'x';color:red", "color:red"),
        ("font-family:&quot;x", ""),
        ('font:7.0pt "Times New Roman";mso-hide:all', 'font:7.0pt "Times New Roman"; mso-hide:all'),
    ],
)
def test_a_style_attribute_is_cleaned_as_a_sheet_is(style: str, expected: str) -> None:
    cleaned = clean_style(style).text
    assert expected == cleaned
    assert ([], cleaned) == (harm_in(cleaned), clean_style(cleaned).text)


def test_groups_are_not_nested_without_end() -> None:
    """Four inside each other are kept; the stack never depends on the source."""
    assert "color:red" in clean_sheet("@media a{" * 4 + "p{color:red}" + "}" * 4).text
    assert "" == clean_sheet("@media a{" * 50_000 + "p{color:red}").text
    assert "" == clean_sheet("p{color:" + "(" * 50_000 + "}").text


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ("(prefers-color-scheme: dark)", "@media (prefers-color-scheme: dark) {\na{b:c}\n}"),
        ("print", "@media print {\na{b:c}\n}"),
        ("x{} @import 'y'; @media z", ""),
        ("url(x)", ""),
        ("(x", ""),
        ("<!--", ""),
    ],
)
def test_the_media_of_a_style_element_stand_around_it(media: str, expected: str) -> None:
    assert expected == clean_sheet("a{b:c}", media).text


def test_the_media_of_a_style_element_hold_for_all_of_it() -> None:
    """A bracket too many inside does not end them early."""
    assert "@media print {\na{b:c}\n}" == clean_sheet("a{b:c}} d{e:f}", "print").text


@pytest.mark.parametrize(
    ("sheet", "sentence", "where"),
    [
        ('p { x: y }\n@import "https://t.example/x.css";', "@import is removed from the styles", "@import"),
        ("@keyframes x { from { a: b } }", "Only @media and @supports are kept", "@keyframes"),
        ("@media (width < 3px) { a { b: c } }", "its condition is not understood", "@media"),
        ("a { background: #fff url(x) }", "background image is removed", "background: #fff url(x)"),
        ("a { list-style: url(x) }", "url(…) is removed", "list-style: url(x)"),
        ("a { background: image-set('x' 1x) }", "image-set(…) is removed", "background: image-set("),
        ("a { behavior: x }", "nothing runs in an email", "behavior: x"),
        ("a { position: fixed }", "must not cover", "position: fixed"),
        ("a{b:c}" * 50_000, "of more than 256 KiB", ""),
    ],
)
def test_the_author_hears_what_was_taken_out_and_where(sheet: str, sentence: str, where: str) -> None:
    (loss,) = clean_sheet(sheet * 1).losses
    assert sentence in str(loss.remark)
    assert loss.where.startswith(where)


def test_what_word_processors_write_for_themselves_goes_without_a_word() -> None:
    sheet = "@font-face{font-family:Wingdings;panose-1:5 0 0}@page x{size:a4}@list l0{mso-list-id:1}@charset 'x';"
    assert ("", ()) == (clean_sheet(sheet).text, clean_sheet(sheet).losses)


def test_the_same_is_said_once() -> None:
    assert 1 == len(clean_sheet("a { b: url(x) } " * 9).losses)


PIECES = [
    *"{}()[];:,.#@!<>\\/*-+=\"'%&| \n\t", "\\\n", "/*", "*/", "<!--", "-->", "</style>", "url(", "\\75rl(", "u\\52l(",
    "@import", "@media", "@supports", "@font-face", "@\\69mport", "image-set(", "src(", "image(", "expression(",
    "calc(", "var(", "not(", "selector(", "URL(", "a", "b", "red", "important", "position", "fixed", "behavior",
    "-moz-binding", "--x", "-", "1", ".5", "1e3", "10px", "2n+1", "\\31 ", "\\0", "\\d800 ", "\\", "\0",
    "\u00e9", "\ufeff", "\u2028", "a{b:c}", "a{", "b:c;", "color:red", "background:", "{b:c}",
]  # fmt: skip
CSS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.text(max_size=60))


@given(CSS)
def test_a_cleaned_sheet_is_clean_for_others_too(sheet: str) -> None:
    """Nothing in it fetches for an independent parser, and cleaning it again changes nothing."""
    cleaned = clean_sheet(sheet).text
    assert [] == harm_in(cleaned)
    assert cleaned == clean_sheet(cleaned).text


@given(CSS)
def test_a_cleaned_style_is_clean_for_others_too(style: str) -> None:
    """Also where it stands inside of a rule, as others may paste it."""
    cleaned = clean_style(style).text
    assert [] == harm_in(f"a{{{cleaned}}}")
    assert cleaned == clean_style(cleaned).text
    if cleaned:
        assert f"a{{{cleaned}}}" == clean_sheet(f"a{{{cleaned}}}").text


@given(CSS)
def test_tokens_written_out_are_read_as_the_same_tokens(text: str) -> None:
    """What others read is what was judged."""
    tokens = [token for token in tokens_of(preprocessed(text)) if token.kind is not TokenKind.BAD]
    tokens = [token for token in tokens if token.text != "\\"]
    # Behind `url(` a comment would be part of an address.
    written = "".join(token.text if token.kind is TokenKind.FUNCTION else f"{token.text}/**/" for token in tokens)
    again = [token for token in tokens_of(written) if token.kind is not TokenKind.SPACE]
    assert [(token.kind, token.text) for token in tokens if token.kind is not TokenKind.SPACE] == [
        (token.kind, token.text) for token in again
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "a{b:(",
        "@media a{",
        "a:b{",
        "/*/",
        "/*",
        "'\\",
        '"',
        "url(",
        "[",
        "a{b:c}",
        "@x",
        "{[(",
        "-->",
        "\\a",
        "\\",
        "1",
        "-",
    ],
)
def test_the_time_is_that_of_the_length(piece: str) -> None:
    """Quadratic time would take minutes for the longest sheet, which only the thorough run has. A quarter of it, in
    which anything worse shows, takes a quarter of a second, or many times that on a busy machine.
    """
    length, seconds = (css.LONGEST, 20) if IS_THOROUGH else (css.LONGEST // 4, 5)
    sheet = piece * (length // len(piece))
    began = time.process_time()
    assert len(clean_sheet(sheet).text) <= 4 * length
    assert len(clean_style(sheet).text) <= 4 * length
    assert time.process_time() - began < seconds
