"""Style sheets moved into the elements, with and without the extra."""

from __future__ import annotations

import pytest
from tests.message.builders import build, edition, part, values

from pressrun.message.content import stylesheets
from pressrun.message.content.html import CleanHtml, clean_html
from pressrun.message.content.stylesheets import inline_styles, split_rules

SHEET = (
    "body { margin: 0; background: #eee } p.a > b { color: red } p { color: blue } a:hover { color: green }"
    "@media (max-width: 600px) { p { font-size: 20px !important } }"
)
PAGE = f"<html><head><style>{SHEET}</style></head><body><p class=a style='margin: 3px'>x <b>y</b></p></body></html>"


def test_plain_rules_go_into_the_elements() -> None:
    """Media queries and states of a link stay in the sheet, an element's own style wins."""
    page, findings = inline_styles(clean_html(PAGE))
    assert [] == findings
    assert '<p class="a" style="color: blue; margin: 3px">x <b style="color: red">y</b></p>' == page.body
    assert "margin: 0; background: #eee" == page.body_style
    assert ["a:hover", "@media (max-width: 600px)"] == [rule.partition(" {")[0] for rule in split_rules(page.styles)]


def test_a_sheet_for_one_medium_stays_one() -> None:
    """Dark colours of a `media` attribute never become those of everybody."""
    source = "<style media='(prefers-color-scheme: dark)'>p { color: white }</style><p>x</p>"
    page, _ = inline_styles(clean_html(source))
    assert "<p>x</p>" == page.body
    assert page.styles.startswith("@media (prefers-color-scheme: dark) {")


def test_a_fragment_keeps_its_layout() -> None:
    """A sheet alone makes no document of it; what stays of the sheet is in the head."""
    built = build(edition("<style>p{color:red}@media print{p{color:blue}}</style><p>x</p>"), ".html")
    html = part(built.skeleton.copy(values()), "html")
    head, _, body = html.partition("</head>")
    assert "@media print{p{color:blue}}" in head
    assert "color: red" in body


def test_without_the_extra_the_sheet_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept as it is, and the author is told what would help."""
    monkeypatch.setattr(stylesheets, "is_installed", lambda: False)
    page, findings = inline_styles(clean_html(PAGE))
    assert clean_html(PAGE) == page
    assert 1 == len(findings)
    assert "Install the Python package css-inline" in findings[0].message


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (CleanHtml(body="<div>" * 95, styles="div{color:red}"), "nested too deep"),
        (CleanHtml(body="<p>", styles="p{color:red}" * 20_000), "too long"),
        (CleanHtml(body="<p></p>" * 2_000, styles="p{color:red}" * 3_000), "too long"),
    ],
)
def test_what_the_library_would_choke_on_is_not_given_to_it(page: CleanHtml, reason: str) -> None:
    """Depth and work are bounded beforehand; the page goes out with its sheet as it was."""
    inlined, findings = inline_styles(page)
    assert page == inlined
    assert reason in findings[0].message


def test_what_a_sheet_brings_in_is_cleaned() -> None:
    """A rule cannot put into an element what its own style could not hold."""
    sheet = "p { background: url(http://t.example/x); position: fixed; color: red } @import 'http://t.example/y';"
    page, _ = inline_styles(clean_html(f"<style>{sheet}</style><p style='margin:0'>x</p>"))
    assert '<p style="color: red; margin: 0">x</p>' == page.body


@pytest.mark.parametrize(
    "sheet", ["p{", "}}}{{{", "p{}'\"{", "@media{p{color:red}", "p[=]{color:red}", "@x;p{color:red}"]
)
def test_a_broken_sheet_does_no_harm(sheet: str) -> None:
    """What cannot be read is passed over."""
    assert "<p" in inline_styles(CleanHtml(body="<p>x</p>", styles=sheet))[0].body


def test_one_broken_rule_does_not_spoil_the_others() -> None:
    """It stays in the sheet, where a browser passes over it; the rest is written into the elements."""
    page, findings = inline_styles(CleanHtml(body="<p>x</p>", styles="p{color:red} p{;;:} b{x:y;;;} i{color:;blue}"))
    assert [] == findings
    assert '<p style="color: red">x</p>' == page.body
