"""What a reader's copy looks like to an independent mail parser."""

from __future__ import annotations

import base64
from urllib.parse import unquote

import pytest
from tests.message.builders import (
    COPY_TOKEN,
    DOMAIN,
    MAIL_TOKEN,
    PNG,
    build,
    edition,
    part,
    profile,
    read,
    site,
    values,
)

from pressrun.message.editions.compose import with_asset_prefix
from pressrun.message.profile import ArchiveMode
from pressrun.message.wire.skeleton import Skeleton

ALWAYS = (
    "From To Subject Date Message-ID MIME-Version Reply-To List-Id List-Unsubscribe List-Unsubscribe-Post List-Help"
    " List-Owner List-Post Feedback-ID CFBL-Address CFBL-Feedback-ID Precedence X-Auto-Response-Suppress Content-Type"
).split()
WITH_MAIL_AND_ARCHIVE = ["List-Subscribe", "List-Archive", "Archived-At"]


@pytest.mark.parametrize(
    ("mode", "receives_mail", "missing"),
    [
        (ArchiveMode.PUBLIC, True, set()),
        (ArchiveMode.MEMBERS, True, {"Archived-At"}),
        (ArchiveMode.OFF, True, {"List-Archive", "Archived-At"}),
        (ArchiveMode.PUBLIC, False, {"List-Subscribe"}),
    ],
)
@pytest.mark.parametrize("title", ["The Harbour Letter", "Новости гавани 😀", 'A "quoted", odd: title'])
def test_every_required_header_stands_once(
    mode: ArchiveMode, receives_mail: bool, missing: set[str], title: str
) -> None:
    """The fields of an edition are all there, each once, and no other."""
    list_profile = profile(archive=mode, title=title)
    built = build(edition("Hello"), list_profile=list_profile, at=site(receives_mail=receives_mail))
    message = read(built.skeleton.copy(values(mail_token=MAIL_TOKEN if receives_mail else None)))
    expected = [name for name in [*ALWAYS, *WITH_MAIL_AND_ARCHIVE] if name not in missing]
    assert sorted(expected) == sorted(message.keys())


def test_unsubscribing_is_literal_and_unbroken_with_a_long_host() -> None:
    """Both URIs stand verbatim in their brackets, the https one first (RFC 8058)."""
    base_url = f"https://{'h' * 52}.example"
    built = build(edition("Hello"), at=site(base_url=base_url))
    reader = values(base_url=base_url)
    expected = (
        f"\r\nList-Unsubscribe: <{reader.unsubscribe_url}>,\r\n <mailto:news-unsubscribe+{MAIL_TOKEN}@{DOMAIN}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )
    assert expected.encode() in built.skeleton.copy(reader)


def test_without_inbound_mail_no_list_address_is_named() -> None:
    """No mailto to the list, and replies go to the owner."""
    built = build(edition("Hello"), at=site(receives_mail=False))
    message = read(built.skeleton.copy(values(mail_token=None)))
    assert "mailto" not in str(message["List-Unsubscribe"])
    assert "owner@harbour.example" == str(message["Reply-To"])
    assert "<mailto:owner@harbour.example>" == str(message["List-Owner"])
    assert "<https://news.harbour.example/news>" == str(message["List-Help"])


def test_a_copy_belongs_to_its_reader() -> None:
    """To, Message-ID, Date and the copy's token are the reader's own."""
    message = read(build(edition("Hello")).skeleton.copy(values()))
    assert "reader@reader.example" == str(message["To"])
    assert f"<1.abc@{DOMAIN}>" == str(message["Message-ID"])
    assert "Mon, 21 Sep 2026 14:13:20 +0000" == str(message["Date"])
    assert COPY_TOKEN == str(message["CFBL-Feedback-ID"])
    assert f"news-owner@{DOMAIN}" == str(message["Reply-To"])


def test_feedback_id_names_a_constant_sender() -> None:
    """Edition, list, kind, and a sender of 5 to 15 characters."""
    edition_id, name, kind, sender = str(read(build(edition("x")).skeleton.copy(values()))["Feedback-ID"]).split(":")
    assert ("7", "news", "edition") == (edition_id, name, kind)
    assert 5 <= len(sender) <= 15


@pytest.mark.parametrize("suffix", [".md", ".html", ".txt"])
def test_unsubscribe_link_and_postal_address_stand_in_every_part(suffix: str) -> None:
    """Each part has the visible link and the address of the sender."""
    content = build(edition("<p>Hello</p>"), suffix).skeleton.copy(values())
    for subtype in ["plain"] if suffix == ".txt" else ["plain", "html"]:
        text = part(content, subtype)
        assert values().unsubscribe_url in text
        assert "1 Quay Street" in text


@pytest.mark.parametrize(
    "body",
    [
        ".\n..\n...\n.\n",
        "x" * 5000 + "\n",
        "😀" * 700 + "\n漢字\n",
        "unix\nwindows\r\nmac\rend\n",
        "From here\n>From there\n\n\ttab \nblank at the end \n",
        "=3D =\nsoft\n",
    ],
)
def test_a_text_body_comes_back_as_it_was(body: str) -> None:
    """Dots, endless lines, emoji and mixed line ends survive; line ends become CRLF."""
    content = build(edition(body), ".txt").skeleton.copy(values())
    expected = body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").replace("\n", "\r\n")
    assert expected == part(content, "plain").partition("\r\n\r\n----------")[0]


def test_the_body_of_a_message_is_safe_for_any_relay() -> None:
    """Seven bits, lines of at most 76 in the body, no leading dot, CRLF alone."""
    reader = values(name="😀\r\n.\r\nFrom x", columns={"town": ". Zürich"})
    built = build(edition("{{ name }}{{ town }}\n\n.{{ name }}\n\n![x](a.png)", "attachments: [ü.pdf]"), assets={
        "a.png": PNG, "ü.pdf": b"%PDF\xff" * 100})  # fmt: skip
    content = built.skeleton.copy(reader)
    assert content.isascii()
    body = content.partition(b"\r\n\r\n")[2]
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert b"\r" not in line
        assert b"\n" not in line


def test_a_skeleton_survives_storage() -> None:
    """What the database holds gives the same bytes."""
    skeleton = build(edition("Hello {{ name }}", subject="For {{ name }}")).skeleton
    assert skeleton.copy(values()) == Skeleton.decode(skeleton.encode()).copy(values())


def test_images_are_shown_inside_and_attachments_beside() -> None:
    """An image from beside the file becomes a part that the HTML shows by its Content-ID."""
    built = build(
        edition("![Boat](pics/boat.png)\n\n![Boat](pics/boat.png)", "attachments: [plan.pdf]"),
        assets={"pics/boat.png": PNG, "plan.pdf": b"%PDF-1.7"},
    )
    content = built.skeleton.copy(values())
    message = read(content)
    images = [mime_part for mime_part in message.walk() if mime_part.get_content_type() == "image/png"]
    assert [PNG] == [image.get_payload(decode=True) for image in images]
    assert f'src="cid:{str(images[0]["Content-ID"])[1:-1]}"' in part(content, "html")
    assert ["plan.pdf"] == [attachment.get_filename() for attachment in message.iter_attachments()]
    assert ["1-boat.png", "plan.pdf"] == [asset.name for asset in built.archive_assets]
    assert 'src="/a/1-boat.png"' in with_asset_prefix(built, "/a/")


def test_the_archive_holds_nobodys_values() -> None:
    """Fields take their default, personal links become the list's pages, scripts are gone."""
    built = build(
        edition(
            "Dear {{ name | default: friend }}, {{ email }}[leave]({{ unsubscribe_url }}) <script>alert(1)</script>"
            "<svg onload=alert(1)></svg><b onclick=x>b</b> {{ archive_url }}"
        )
    )
    assert (
        '<p>Dear friend, <a href="https://news.harbour.example/news">leave</a> <b>b</b> '
        "https://news.harbour.example/news/archive/harbour-news</p>\n"
    ) == built.archive_html
    assert "1 Quay Street" not in built.archive_html


def test_a_test_copy_says_so() -> None:
    """The subject of a test copy begins with [Test]."""
    built = build(edition("x", subject="Ahoi {{ name }}"))
    assert "[Test] Ahoi Rosa" == str(read(built.skeleton.copy(values(is_test=True)))["Subject"])
    assert "Ahoi Rosa" == built.skeleton.subject(values())


def test_a_whole_document_keeps_its_styles() -> None:
    """An author's document stays in its own clothes, without what fetches or runs."""
    source = edition(
        "<!doctype html><html lang=fr><head><title>T</title><style>"
        "h1 { color: red; background: url(http://t.example/x) }@import 'x'; p{color:blue}"
        "</style><script>x()</script></head><body style='margin:9px' bgcolor='#eee'>"
        "<h1>Bonjour</h1></body></html>"
    )
    shown = part(build(source, ".html").skeleton.copy(values()), "html")
    assert '<h1 style="color: red">Bonjour</h1>' in shown
    assert 'style="background-color: #eee; margin:9px"' in shown
    for gone in ("url(", "@import", "<script", "x()", "pr-card"):
        assert gone not in shown


def test_a_mime_source_is_sent_without_its_own_route() -> None:
    """Foreign headers stay behind; text, HTML, inline images and attachments come along."""
    source = (
        (
            b"Return-Path: <x@other.example>\r\nReceived: from a by b\r\nList-Unsubscribe: <https://other.example/u>\r\n"
            b"DKIM-Signature: v=1; a=rsa-sha256\r\nBcc: secret@other.example\r\nX-Mailer: Other\r\n"
            b"Subject: Hi {{ name }}\r\n"
            b"From: desk@harbour.example\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
            b'--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p><img src="cid:i1" alt="Boat">\r\n'
            b"--r\r\nContent-Type: image/png\r\nContent-ID: <i1>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        )
        + base64.b64encode(PNG)
        + b"\r\n--r--\r\n"
    )
    content = build(source, ".eml").skeleton.copy(values())
    for foreign in (b"other.example", b"Received", b"DKIM-Signature", b"Bcc", b"X-Mailer", b"Return-Path"):
        assert foreign not in content
    message = read(content)
    assert "Hi Rosa" == str(message["Subject"])
    assert "desk@harbour.example" == str(message["From"])
    assert 'src="cid:' in part(content, "html")
    expected = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    assert expected == [mime_part.get_content_type() for mime_part in message.walk()]


@pytest.mark.parametrize("source", ["cid:Boat@x", "CID:boat@X", " cid:Boat@x "])
def test_a_picture_of_a_message_is_found_however_its_address_is_written(source: str) -> None:
    """As browsers and mail programs find it."""
    message = (
        "Subject: x\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n"
        f'<img src="{source}" alt="Boat">\n--r\nContent-Type: image/png\nContent-ID: <Boat@x>\n'
        f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(PNG).decode()}\n--r--\n"
    )
    built = build(message.encode(), ".eml")
    assert () == built.findings
    assert ["1-part-1.png"] == [file.name for file in built.archive_assets]


def test_an_address_without_a_name_shows_no_attachment() -> None:
    message = (
        "Subject: x\nContent-Type: multipart/mixed; boundary=r\n\n--r\nContent-Type: text/html\n\n"
        '<img src="cid:" alt="Boat">\n--r\nContent-Type: image/png\nContent-Disposition: attachment\n'
        f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(PNG).decode()}\n--r--\n"
    )
    assert ["Broken reference"] == [finding.message[:16] for finding in build(message.encode(), ".eml").findings]


def test_an_internationalised_reader_is_written_as_is() -> None:
    """A local part beyond ASCII stays raw, a domain becomes its A-label (RFC 6531)."""
    content = build(edition("x")).skeleton.copy(values(to="jürgen@bücher.example"))
    assert "\r\nTo: <jürgen@xn--bcher-kva.example>\r\n".encode() in content


@pytest.mark.parametrize(
    ("keys", "title"),
    [
        (("title: The ferry sails again",), "The ferry sails again"),
        ((), "reader, the ferry sails again"),
    ],
)
def test_the_web_calls_an_edition_by_its_title_and_a_mail_by_its_subject(keys: tuple[str, ...], title: str) -> None:
    built = build(edition("Hello", *keys, subject="{{ name | default: reader }}, the ferry sails again"))
    message = read(built.skeleton.copy(values(name="Ada")))
    assert ("Ada, the ferry sails again", title) == (message["Subject"], built.title)


def test_the_link_to_the_latest_edition_is_the_readers_own_where_the_archive_is_for_members() -> None:
    """On the web, where nobody in particular reads, it leads to the list's page."""
    built = build(edition("[Latest]({{ latest_url }})"), list_profile=profile(archive=ArchiveMode.MEMBERS))
    text = read(built.skeleton.copy(values())).get_body(("plain",))
    assert text is not None
    assert f"[1] {values().latest_url}" in text.get_content()
    assert 'href="https://news.harbour.example/news"' in built.archive_html


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("{{ name }}, the ferry sails again!", "the ferry sails again!"),
        ("The ferry sails again, {{ name }}", "The ferry sails again"),
        ("{{ name }}! The ferry sails", "The ferry sails"),
        ("{{ name }}", "Harbour news"),
        ("{{ name }}:", "Harbour news"),
        ("- a list -", "- a list -"),
    ],
)
def test_no_name_on_the_web_begins_with_a_comma_or_is_empty(subject: str, title: str) -> None:
    """Nobody is greeted there; an edition that is called by nothing else is called as its list."""
    assert title == build(edition("Hello", subject=f'"{subject}"'), list_profile=profile(title="Harbour news")).title


def test_an_address_in_another_script_is_percent_encoded() -> None:
    """In the header, in the link of the footer, and in the text part."""
    built = build(edition("x", subject="رسالة"))
    assert "رسالة" == built.slug
    copy = built.skeleton.copy(values())
    url = "https://news.harbour.example/news/archive/%D8%B1%D8%B3%D8%A7%D9%84%D8%A9"
    assert unquote(f"<{url}>") == unquote(str(read(copy)["Archived-At"]))
    assert f'href="{url}"' in part(copy, "html")
    assert url in part(copy, "plain")
