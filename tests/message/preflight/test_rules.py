"""What is found before an edition goes out: which findings stop it, their order, and that good editions have none."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.editions.corpus import NAMES, Written
from tests.message.builders import PNG, build, edition
from tests.message.preflight.findings import findings_of

from pressrun.daemon import demo
from pressrun.message.finding import Severity, error, errors_of, in_order, note, warning
from pressrun.message.preflight.rules import MOST_OF_A_RULE

SAMPLE = Path(demo.__file__).parent / "sample"
GOLDEN = Path(__file__).parents[2] / "golden"


def test_a_good_edition_has_no_findings() -> None:
    """Nothing is said where nothing is wrong."""
    body = "# Hello\n\n[site](https://x.example) [up](#top) <a id=top></a>\n\n![Boat](a.png)"
    assert [] == findings_of(edition(body), assets={"a.png": PNG})


@pytest.mark.parametrize("name", ["edition.md", "edition.es.md"])
def test_the_sample_edition_has_no_findings(name: str) -> None:
    """The first edition that a newcomer sees, in both of its languages; they are one issue."""
    source = (SAMPLE / name).read_text(encoding="utf-8")
    assert [] == findings_of(source, assets={"quay.png": PNG})
    assert "\nissue: lamps\n" in source


# What is true of the corpus: one subject is long, and a mail cannot say that it is in Russian.
TRUE_OF = {"gavan.md": ["subject-long"], "mist.eml": ["language-letters-email"]}


@pytest.mark.parametrize("name", NAMES)
def test_editions_as_editors_write_them_raise_no_false_alarm(name: str) -> None:
    """In many languages and forms, from word processors and mail programs."""
    findings = Written(name).build().findings
    assert TRUE_OF.get(name, []) == [finding.remark.code for finding in findings], findings


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("Hello", 1, "no subject"),
        ("---\nsubject: ' '\n---\nHello", 1, "no subject"),
        (edition(""), 4, "no text"),
        (edition("a\n\n![x](gone.png)"), 6, "Broken reference: the image gone.png"),
        (edition("a", "attachments: [gone.pdf]"), 3, "Broken reference: the attachment gone.pdf"),
        (edition("a", "text: gone.txt"), 3, "Broken reference: the text part gone.txt"),
        (edition("{{ nothing_known }}"), 4, "No subscriber has a field"),
        (edition("{{ name"), 4, "not closed"),
    ],
)
def test_errors_stop_a_send(source: str, line: int, words: str) -> None:
    """Each error names its line and the remedy."""
    findings = findings_of(source)
    assert ("error", line) == findings[0][:2]
    assert words in findings[0][2]
    assert errors_of(build(source).findings)


@pytest.mark.parametrize("name", ["setup.exe", "Photo.JPG.js", "tool.EXE.gz", "x.exe.", "disk.iso"])
def test_an_attached_program_is_told(name: str) -> None:
    """Gmail would refuse the whole email, and so every copy for its readers."""
    (finding,) = findings_of(edition("a", f"attachments: [{name}]"), assets={name: b"x"})
    assert ("warning", 3, name) == (*finding[:2], finding[2].partition(" ")[0])
    mail = (
        "Subject: a\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\nhi\n--b\nContent-Type: application/octet-stream; name={name}\n\nx\n--b--\n"
    )
    assert name.rstrip(".") in findings_of(mail, ".eml")[0][2]


@pytest.mark.parametrize("name", ["plan.pdf", "exe", "js.txt", "tables.zip", "events.ics", "data.csv.gz"])
def test_other_attachments_are_not(name: str) -> None:
    assert [] == findings_of(edition("a", f"attachments: [{name}]"), assets={name: b"x"})


def test_warnings_and_notes_stop_nothing() -> None:
    """They are for the editor to judge."""
    built = build(edition('[x](http://x.example) <b id="a">1</b> <b id="a">2</b>'))
    assert {Severity.WARNING, Severity.NOTE} == {finding.severity for finding in built.findings}
    assert not errors_of(built.findings)


def test_a_field_in_markup_that_is_taken_out_is_told() -> None:
    """It would be missed silently."""
    assert [("warning", 4)] == [finding[:2] for finding in findings_of(edition("<b {{ name }}>x</b>"))]


def test_a_file_that_is_no_image_is_refused() -> None:
    """What mail programs do not show is an error, SVG among it."""
    findings = findings_of(edition("![x](a.png)"), assets={"a.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>"})
    assert ("error", 4) == findings[0][:2]


def test_errors_come_first_then_warnings_then_notes_each_by_line() -> None:
    """And each finding once."""
    findings = [note("x", 1), warning("w", 9), error("e", 7), warning("v"), error("d", 2), warning("w", 9)]
    assert ["d", "e", "v", "w", "x"] == [finding.remark.code for finding in in_order(findings)]


def test_a_rule_says_the_same_only_so_often() -> None:
    """Else a hostile mail could keep us busy, and its editor would read nothing."""
    assert MOST_OF_A_RULE == len(findings_of(edition("\n".join(f"[link] {number}" for number in range(1000)))))
