"""HTML out of Word, Google Docs and LibreOffice, and what cleaning takes out that an author may miss."""

from __future__ import annotations

import pytest
from tests.message.builders import PNG, build, edition, part, read, values

from pressrun.message.content.html import clean_html
from pressrun.message.content.plaintext import text_from_html

WORD_ITEM = (
    "<p class=MsoListParagraph style='text-indent:-.25in;mso-list:l0 level1 lfo1'><![if !supportLists]>"
    "<span style='font-family:{font};mso-fareast-font-family:{font}'><span style='mso-list:Ignore'>{mark}"
    "<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>"
    "Bicycles<o:p></o:p></p>"
)


@pytest.mark.parametrize(
    ("font", "mark"), [("Symbol", "·"), ("Wingdings", "§"), ('"Courier New"', "o"), ("Symbol", "&middot;")]
)
def test_the_marks_of_words_lists_are_bullets(font: str, mark: str) -> None:
    """Letters of symbol fonts become what they are meant to look like, in both parts."""
    body = clean_html(WORD_ITEM.format(font=font, mark=mark)).body
    assert "• Bicycles\n" == text_from_html(body)
    assert "mso-" not in body
    assert "Symbol" not in body


def test_what_is_for_word_alone_goes() -> None:
    """Its lists, its page and its own declarations; a colour beside them stays."""
    page = clean_html(
        "<html xmlns:w='urn:schemas-microsoft-com:office:word'><head><xml><w:View>Normal</w:View></xml><style><!--\n"
        "@page WordSection1 {size:8.5in; margin:1in}\n@list l0 {mso-list-id:1}\n"
        'p.MsoNormal {mso-style-parent:""; margin:0; mso-fareast-language:EN-US}\n--></style></head>'
        "<body lang=EN-GB><!--[if gte mso 9]><p>old</p><![endif]-->"
        "<p class=MsoNormal style='mso-margin-top-alt:auto;color:red'>x<o:p>&nbsp;</o:p></p></body></html>"
    )  # fmt: skip
    assert '<p class="MsoNormal" style="color:red">x&nbsp;</p>' == page.body
    assert "p.MsoNormal { margin:0; }" == " ".join(page.styles.split())
    assert "EN-GB" == page.language


def test_the_lists_of_google_docs_keep_their_marks() -> None:
    """They are hidden and drawn anew, as few mail programs show it, so the usual ones come back."""
    sheet = 'ul.lst-kix_a-0{list-style-type:none}.lst-kix_a-0>li:before{content:"\\0025cf  "}.c0{color:red}'
    page = clean_html(f"<html><style>{sheet}</style><ul class=lst-kix_a-0><li class=c0>x</ul></html>")
    assert ".c0{color:red}" == page.styles


def test_links_of_google_docs_lead_where_they_say() -> None:
    """The redirect that tells Google who follows a link is taken off."""
    link = "https://www.google.com/url?q=https://harbour.example/a?b%3D1%26c&amp;sa=D&amp;source=editors"
    assert '<a href="https://harbour.example/a?b=1&amp;c">x</a>' == clean_html(f'<a href="{link}">x</a>').body
    kept = "https://www.google.com/url?q=javascript:x"
    assert f'<a href="{kept}">x</a>' == clean_html(f'<a href="{kept}">x</a>').body


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<p>x</p><script>1</script>", "A script is removed"),
        ("<p>x</p><form><input></form>", "A form is removed"),
        ("<p>x</p><iframe src=x></iframe>", "Link to it"),
        ("<p>x</p><svg></svg>", "Save it as PNG"),
        ("<p style='background-image:url(a.png)'>x</p>", "A background image is removed"),
        ("<table background='a.png'><tr><td>x</table>", "A background image is removed"),
        ("<link rel=stylesheet href=x.css><p>x</p>", "Put its rules into a <style>"),
    ],
)
def test_an_author_is_told_what_was_taken_out(body: str, words: str) -> None:
    """With the line, and what to do instead."""
    findings = [finding for finding in build(edition(body), ".html").findings if words in finding.message]
    assert [4] == [finding.line for finding in findings]


@pytest.mark.parametrize(
    "body", ["<!-- <script> --><p>x</p>", "<p style='background:#eee'>x</p>", "<p>&lt;svg&gt;</p>"]
)
def test_what_is_not_lost_is_not_mourned(body: str) -> None:
    """Comments, colours and words about markup are no loss."""
    assert not [finding for finding in build(edition(body), ".html").findings if "taken out" in finding.message]


def test_markdown_says_what_is_lost() -> None:
    """A style sheet has no place there, a note needs a reference and a reference its note."""
    findings = build(edition("a\n\n<style>p{}</style>\n\n[^x]: y\n\nb[^z] `[^code]`\n")).findings
    assert [6, 8, 10] == [finding.line for finding in findings]


def test_the_same_bytes_travel_once() -> None:
    """Two names of one picture are one part, of the mail and of the archive."""
    built = build(edition("![a](a.png)\n\n![b](pics/b.png)\n\n![c](c.png)"), assets={
        "a.png": PNG, "pics/b.png": PNG, "c.png": PNG + b"x"})  # fmt: skip
    copy = built.skeleton.copy(values())
    pictures = [mime_part for mime_part in read(copy).walk() if mime_part.get_content_type() == "image/png"]
    assert ["a.png", "c.png"] == [picture.get_filename() for picture in pictures]
    assert 2 == part(copy, "html").count(f'src="cid:{str(pictures[0]["Content-ID"])[1:-1]}"')
    assert 2 == len(built.archive_assets)


def test_pieces_of_a_mail_stand_in_their_order() -> None:
    """Text, a picture, text again, as some programs write it, becomes one page with the picture between."""
    source = b"".join(
        [
            b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
            b"--b\r\nContent-Type: text/html\r\n\r\n<p>one</p>\r\n",
            b"--b\r\nContent-Type: image/png; name=boat.png\r\nContent-Disposition: inline\r\n\r\n" + PNG,
            b"\r\n--b\r\nContent-Type: text/html; charset=koi8-r\r\n\r\n<p>\xd4\xd2\xc9</p>\r\n--b--\r\n",
        ]
    )
    copy = build(source, ".eml").skeleton.copy(values())
    html = part(copy, "html")
    assert html.index("one") < html.index("cid:") < html.index("три")
    assert "one\r\n\r\n[boat]\r\n\r\nтри\r\n" in part(copy, "plain")
    assert [] == list(read(copy).iter_attachments())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<html lang=he dir=rtl><body><p>שלום</p></body></html>", '<div lang="he" dir="rtl">'),
        ("<html lang=en><body><p>hi</p></body></html>", '<html lang="en" dir="ltr"'),
    ],
)
def test_a_document_brings_its_own_language(source: str, words: str) -> None:
    """And its direction, also inside of the body, where Gmail leaves it."""
    assert words in part(build(edition(source), ".html").skeleton.copy(values()), "html")
