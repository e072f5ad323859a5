"""What is found before an edition goes out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.message.builders import PNG, build, edition, profile


def found(source: str, suffix: str = ".md", **more: bytes) -> list[tuple[str, int | None, str]]:
    built = build(source, suffix, assets={name.replace("_", "."): content for name, content in more.items()})
    return [(finding.severity.value, finding.line, finding.message) for finding in built.findings]


def test_a_good_edition_has_no_findings() -> None:
    """Nothing is said where nothing is wrong."""
    body = "# Hello\n\n[site](https://x.example) [up](#top) <a id=top></a>\n\n![Boat](a.png)"
    assert [] == found(edition(body), a_png=PNG)


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("Hello", 1, "no subject"),
        ("---\nsubject: ' '\n---\nHello", 1, "no subject"),
        (edition(""), 4, "no text"),
        (edition("a\n\n![x](gone.png)"), 6, "broken reference: the image gone.png"),
        (edition("a", "attachments: [gone.pdf]"), 3, "broken reference: the attachment gone.pdf"),
        (edition("a", "text: gone.txt"), 3, "broken reference: the text part gone.txt"),
        (edition("{{ nothing_known }}"), 4, "no subscriber has a field"),
    ],
)
def test_errors_stop_a_send(source: str, line: int, words: str) -> None:
    """Each error names its line and the remedy."""
    findings = found(source)
    assert ("error", line) == findings[0][:2]
    assert words in findings[0][2]
    assert build(source).has_errors


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        (edition("a\n\n[x](http://x.example)"), 6, "not encrypted"),
        (edition("a\n\n[x](page.html)"), 6, "relative link"),
        (edition("[x](#nowhere)"), 4, "leads nowhere"),
        (edition("![](https://x.example/a.png)"), 4, "no alt text"),
        (edition("a\nTODO write"), 5, "left-over"),
        (edition("Lorem ipsum dolor"), 4, "left-over"),
        (edition("see [link] here"), 4, "left-over"),
        (edition("a", subject="x" * 79), 2, "79 characters"),
        (edition("a", subject="BUY THIS NOW"), 2, "capitals"),
        (edition("a", subject="'Re: hello'"), 2, "answer"),
        (edition("a" * 110_000), None, "Gmail cuts"),
        (edition("<a href='javascript:x'>go</a>"), 4, "no usable address"),
        (edition("<b {{ name }}>x</b>"), 4, "taken out"),
    ],
)
def test_warnings_leave_it_to_the_editor(source: str, line: int | None, words: str) -> None:
    """Each warning names its line and the remedy, and stops nothing."""
    findings = found(source)
    assert [("warning", line)] == [finding[:2] for finding in findings]
    assert words in findings[0][2]


def test_a_list_without_postal_address_may_not_send() -> None:
    """The list's setting decides."""
    without = profile(postal_address=" ")
    assert build(edition("a"), list_profile=without).has_errors
    assert not build(edition("a"), list_profile=replace(without, require_postal_address=False)).has_errors


def test_a_file_that_is_no_image_is_refused() -> None:
    """What mail programs do not show is an error, SVG among it."""
    findings = found(edition("![x](a.png)"), a_png=b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert ("error", 4) == findings[0][:2]
