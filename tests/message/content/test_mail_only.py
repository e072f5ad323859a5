"""Parts of an edition for the mail alone."""

from __future__ import annotations

import pytest
from tests.message.builders import PNG, build, edition, part, profile, site, values

from pressrun.message.content.mail_only import split_mail_only


@pytest.mark.parametrize(
    ("source", "mail", "web"),
    [
        ("All of it.", "All of it.", "All of it."),
        ("a {% mail %}b{% endmail %} c", "a b c", "a  c"),
        ("a\n\n{% mail %}\nb\n{% endmail %}\n\nc\n", "a\n\nb\n\nc\n", "a\n\n\nc\n"),
        ("  {%mail%}  \nb\n{%endmail%}", "b\n", ""),
        ("{% mail %}b\nc{% endmail %}\n", "b\nc\n", "\n"),
        ("<p>{%&nbsp;mail %}</p><p>b</p><p>{% endmail&nbsp;%}</p>", "<p></p><p>b</p><p></p>", "<p></p>"),
        ("{% mail %}1{% endmail %}2{% mail %}3{% endmail %}", "123", "2"),
        ("{% mails %}{% end mail %}", "{% mails %}{% end mail %}", "{% mails %}{% end mail %}"),
    ],
)
def test_a_part_is_in_the_mail_alone(source: str, mail: str, web: str) -> None:
    """A mark on a line of its own takes the line with it."""
    split = split_mail_only(source, first_line=1)
    assert (mail, web, ()) == (split.mail, split.web, split.findings)


@pytest.mark.parametrize(
    ("source", "lines", "web"),
    [
        ("a\n{% mail %}\nb", [11], "a\n"),
        ("a\nb {% endmail %}", [11], "a\nb "),
        ("{% mail %}a\n{% mail %}b{% endmail %}c", [11], "c"),
    ],
)
def test_a_mark_without_its_partner_is_an_error(source: str, lines: list[int], web: str) -> None:
    """What follows an open mark is not shown to everybody."""
    split = split_mail_only(source, first_line=10)
    assert lines == [finding.line for finding in split.findings]
    assert web == split.web


@pytest.mark.parametrize("suffix", [".md", ".html", ".txt"])
def test_every_source_knows_the_marks(suffix: str) -> None:
    """Mail and text part have what the archive's page and text leave out."""
    built = build(edition("Boats.\n\n{% mail %}\nYou asked for this.\n{% endmail %}\n\nQuay."), suffix)
    copy = built.skeleton.copy(values())
    assert [] == [finding for finding in built.findings if finding.severity == "error"]
    assert "You asked for this." in part(copy, "plain")
    if suffix != ".txt":
        assert "You asked for this." in part(copy, "html")
    for shown in (built.archive_html, built.archive_text):
        assert "You asked" not in shown
        assert "Boats." in shown
        assert "Quay." in shown
    assert "{%" not in built.archive_html + built.archive_text + built.text + (built.html or "")


def test_a_hand_written_text_part_knows_them_too() -> None:
    built = build(edition("Boats.", "text: own.txt"), assets={"own.txt": b"By hand. {% mail %}For you.{% endmail %}"})
    assert "By hand. For you." in built.text
    assert "By hand. \n" in built.archive_text + "\n"
    assert "For you" not in built.archive_text


def test_a_picture_of_the_mail_is_no_file_of_the_archive() -> None:
    source = "![Both](a.png)\n\n{% mail %}\n![Mail](b.png)\n{% endmail %}\n"
    built = build(edition(source), assets={"a.png": PNG, "b.png": PNG + b"\0"})
    assert ["1-a.png"] == [asset.name for asset in built.archive_assets]


def test_on_the_web_personal_links_lead_to_the_page_of_the_list() -> None:
    built = build(edition("[Leave]({{ unsubscribe_url }}), [choose]({{ preferences_url }})"))
    page = profile().page_url(site())
    assert f'<a href="{page}">Leave</a>, <a href="{page}">choose</a>' in built.archive_html
