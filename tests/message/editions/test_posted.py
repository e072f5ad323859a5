"""An edition that came by mail: the same content whatever program wrote it, and nothing of how it travelled."""

from __future__ import annotations

import base64
import re
import time
from contextlib import suppress
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.message.builders import PNG
from tests.message.hostile import HOSTILE

from pressrun.core.errors import EditionError, UnreadableMail
from pressrun.message.editions.posted import Posted, read_post_header, read_posted, rehearse
from pressrun.message.finding import remark
from pressrun.message.incoming.parser import MAX_PARTS
from pressrun.message.incoming.parts import LONGEST_TEXT
from pressrun.message.incoming.trackers import MOST_IMAGES, without_trackers
from pressrun.message.sources.edition_file import EditionFile, parse_edition

HEAD = (
    "From: eve@harbour.example\nTo: news@news.example\nSubject: Boats\nMessage-ID: <a@b.example>\nMIME-Version: 1.0\n"
)
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 50


def read(text: str | bytes, head: str = HEAD) -> Posted:
    """A mail with LF line ends, read."""
    data = text if isinstance(text, bytes) else text.encode()
    return read_posted((head.encode() + data).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def edition(posted: Posted) -> EditionFile:
    return parse_edition(posted.source, "." + posted.source_name.rpartition(".")[2])


def part(kind: str, body: str, **fields: str) -> str:
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items())
    return f"Content-Type: {kind}\n{more}\n{body}\n"


def multi(kind: str, *parts: str, boundary: str = "b0") -> str:
    inner = "".join(f"--{boundary}\n{text}" for text in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{inner}--{boundary}--\n'


IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAAD0lEQVR4AQEEAPv/AECAwAKEAYFpeCtwAAAAAElFTkSuQmCC"
BASE64 = {"Content_Transfer_Encoding": "base64"}
PLAIN, PAGE = part("text/plain", "hello"), part("text/html", "<p>hello</p>")
PICTURE = part("image/png; name=boat.png", IMAGE, Content_ID="<x1@y>", Content_Disposition="inline", **BASE64)
PDF = part("application/pdf; name=a.pdf", "JVBERg==", Content_Disposition="attachment", **BASE64)


# ---------------------------------------------------------------------- what is carried over


def test_only_subject_and_content_are_carried_over() -> None:
    """No field of the mail but Subject, decoded and on one line."""
    head = (
        "Received: from laptop.internal\nDKIM-Signature: v=1\nList-Id: <x.y>\nBcc: secret@x.example\nX-Mailer: M\n"
        "Return-Path: <z@x.example>\nReply-To: r@x.example\nDate: Thu, 1 Jan 2026 00:00:00 +0000\nFrom: e@x.example\n"
        "Subject: =?utf-8?q?Caf=C3=A9=0D=0ABcc:_y@x.example?=\n"
    )
    posted = read(PLAIN, head)
    header = posted.source.decode().partition("\r\n\r\n")[0]
    names = re.findall(r"(?m)^([A-Za-z-]+):", header)
    assert ["Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"] == names
    assert "Café Bcc: y@x.example" == posted.subject
    for trace in ("laptop", "secret", "x.example>", "r@x"):
        assert trace not in posted.source.decode()


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_letters_without_an_encoding_are_read_in_every_field(charset: str) -> None:
    """As old programs write them, also in the name of a file."""
    mail = multi("mixed", PLAIN, PDF.replace("a.pdf", '"plan für Zoë.pdf"'))
    content = (HEAD.replace("Boats", "Grüße") + mail).replace("\n", "\r\n").encode(charset)
    posted = read_posted(content)
    assert "Grüße" == posted.subject
    assert ["plan für Zoë.pdf"] == [file.name for file in edition(posted).enclosed]


def test_a_subject_in_raw_utf8_is_read() -> None:
    """As SMTPUTF8 allows (RFC 6532)."""
    assert "Grüße" == read(PLAIN, "From: e@x.example\nSubject: Grüße\n").subject


SHAPES = {
    "plain": PLAIN,
    "html": PAGE,
    "alternative": multi("alternative", PLAIN, PAGE),
    "related": multi("related", PAGE, PICTURE),
    "alternative with related": multi("alternative", PLAIN, multi("related", PAGE, PICTURE, boundary="b1")),
    "related around alternative": multi("related", multi("alternative", PLAIN, PAGE, boundary="b1"), PICTURE),
    "mixed": multi("mixed", multi("alternative", PLAIN, PAGE, boundary="b1"), PDF),
    "all three": multi(
        "mixed", multi("related", multi("alternative", PLAIN, PAGE, boundary="b2"), PICTURE, boundary="b1"), PDF
    ),
    "signed": multi("signed", multi("alternative", PLAIN, PAGE, boundary="b1"), part("application/pgp-signature", "x")),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_nesting_is_read(name: str) -> None:
    """Text, HTML, pictures and attachments are found wherever they stand."""
    posted = edition(read(SHAPES[name]))
    has_page = name != "plain"
    assert ("hello" in posted.body) is (name not in ("html", "related"))
    assert (posted.html is not None and "<p>hello</p>" in posted.html) is has_page
    kinds = {item.media_type for item in posted.enclosed}
    assert ("application/pdf" in kinds) is (name in ("mixed", "all three"))
    assert ("image/png" in kinds) is ("related" in name or name == "all three")
    assert "application/pgp-signature" not in kinds


def test_the_ids_of_pictures_are_left_out_of_the_text() -> None:
    """Outlook writes them where its HTML has a picture. A text without HTML stays as it was written."""
    text = "hello\n\n[cid:image001.png@01DB]\nboats [cid:image002.png@01DB] and\n [cid:a][cid:b] \nquays [cid: 7]"
    both = multi("alternative", part("text/plain", text), PAGE)
    assert "hello\n\nboats  and\nquays [cid: 7]\n" == edition(read(both)).body
    assert f"{text}\n" == edition(read(part("text/plain", text))).body


def test_text_around_a_picture_is_one_text() -> None:
    """As Apple Mail writes it: the plain one with the picture as a file, the HTML one with the picture in its place."""
    picture = part("image/png; name=boat.png", IMAGE, Content_Disposition="inline; filename=boat.png", **BASE64)
    plain = edition(read(multi("mixed", part("text/plain", "one"), picture, part("text/plain", "two"))))
    assert "one\n\ntwo\n" == plain.body
    assert [("boat.png", PNG)] == [(item.name, item.content) for item in plain.enclosed]
    page = edition(read(multi("mixed", part("text/html", "<p>one</p>"), picture, part("text/html", "<p>two</p>"))))
    assert page.html is not None
    match = re.fullmatch(r'<p>one</p>\s*<p><img src="cid:(\S+)" alt="boat"></p>\s*<p>two</p>\s*', page.html)
    assert match is not None
    assert [match[1]] == [item.content_id for item in page.enclosed]


@pytest.mark.parametrize("disposition", ["inline; filename=boat.heic", "inline"])
def test_a_picture_that_no_program_shows_keeps_its_place(disposition: str) -> None:
    """As an iPhone sends it, so that it is said to be no picture instead of becoming an attachment."""
    photo = part("image/heic; name=boat.heic", "AAAAGGZ0eXBoZWlj", Content_Disposition=disposition, **BASE64)
    page = edition(read(multi("mixed", part("text/html", "<p>one</p>"), photo, part("text/html", "<p>two</p>"))))
    assert re.fullmatch(r'<p>one</p>\s*<p><img src="cid:image-1" alt="boat"></p>\s*<p>two</p>\s*', page.html or "")


def test_what_stands_for_a_picture_in_the_text_is_left_out() -> None:
    """Apple Mail writes U+FFFC there."""
    both = multi("alternative", part("text/plain; charset=utf-8", "see \ufffc\nthere"), PAGE)
    assert "see \nthere\n" == edition(read(both)).body


@pytest.mark.parametrize("start", ['; start="<root@y>"', ""])
def test_the_root_of_related_parts_may_stand_below_its_pictures(start: str) -> None:
    """With `start` or without (RFC 2387 §3.2)."""
    page = part("text/html", '<img src="cid:x1@y"> hello', Content_ID="<root@y>")
    mail = multi("related", PICTURE, page).replace("boundary=", f'type="text/html"{start}; boundary=', 1)
    posted = edition(read(mail))
    assert '<img src="cid:image-1"> hello' == (posted.html or "").strip()
    assert [("boat.png", "image-1")] == [(item.name, item.content_id) for item in posted.enclosed]


def test_a_second_text_among_related_parts_is_kept() -> None:
    """As old scripts write it; a text that has an address of its own belongs to another part."""
    frame = part("text/html", "<p>frame</p>", Content_ID="<f@y>")
    posted = edition(read(multi("related", PLAIN, part("text/plain", "below"), frame, PDF)))
    assert ("hello\n\nbelow\n", None) == (posted.body, posted.html)
    assert ["a.pdf"] == [item.name for item in posted.enclosed]


def test_a_file_among_related_parts_is_not_their_root() -> None:
    page = part("text/html", "<p>hello</p>", Content_ID="<root@y>")
    notes = part("text/plain; name=a.txt", "file", Content_Disposition="attachment; filename=a.txt")
    posted = edition(read(multi("related", notes, page)))
    assert ("<p>hello</p>\n", ["a.txt"]) == (posted.html, [item.name for item in posted.enclosed])


def test_an_image_inside_the_page_becomes_a_file() -> None:
    """Most mail programs show nothing for a `data:` address. What is no image stays, and is reported."""
    page = f'<p><img src="data:image/png;base64,{IMAGE}" alt="boat"><img src="data:image/png;base64,AAAA"></p>'
    posted = edition(read(part("text/html", page)))
    assert page.replace(f"data:image/png;base64,{IMAGE}", "cid:image-1") == (posted.html or "").strip()
    assert [("image-1.png", PNG, "image-1")] == [(item.name, item.content, item.content_id) for item in posted.enclosed]


def test_a_data_image_with_odd_letters_stays_as_it_is() -> None:
    """Without regard to case, ſ is an s: the pattern finds it in base64, the decoder does not accept it."""
    page = '<p>Boats <img src="data:image/png;base64,AA\u017fA" alt="boat"></p>'
    html = edition(read(part("text/html; charset=utf-8", page))).html
    assert "base64,AA\u017fA" in (html or "")


def test_an_odd_content_id_is_not_another() -> None:
    """Nor is ſ in a Content-ID the s of an image that is not there."""
    image = part("image/png", IMAGE, Content_ID="<boat\u017f@x>", Content_Transfer_Encoding="base64")
    page = part("text/html; charset=utf-8", '<p>Boats <img src="cid:boats@x" alt="boat"></p>')
    assert "cid:boats@x" in (edition(read(multi("related", page, image))).html or "")


def test_images_inside_the_page_are_counted() -> None:
    """More than a mail may have parts stay where they are, each time that it is read."""
    image = f'<img src="data:image/png;base64,{IMAGE}">\n'
    posted = edition(read(part("text/html", image * (3 * MAX_PARTS))))
    assert MAX_PARTS == (posted.html or "").count("data:")


def test_a_photograph_inside_the_page_is_no_text() -> None:
    """It does not count for the limit of the text."""
    photo = base64.encodebytes(PNG + bytes(LONGEST_TEXT)).decode()
    posted = edition(read(part("text/html", f'<img src="data:image/png;base64,\n{photo}">')))
    assert [len(PNG) + LONGEST_TEXT] == [len(item.content) for item in posted.enclosed]


def test_a_signature_around_the_text_is_taken_off() -> None:
    """It would not fit what readers get (RFC 9580 §7). What a list program has added below stays."""
    signed = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nhello\n\n- -- \nEve\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEz\n=abcd\n-----END PGP SIGNATURE-----\n"
    )
    assert "hello\n\n-- \nEve\n" == edition(read(part("text/plain", signed))).body
    assert "hello\n\n-- \nEve\nbelow\n" == edition(read(part("text/plain", f"{signed}below"))).body
    bare = signed.replace("Hash: SHA512\n", "")
    assert "hello\n\n-- \nEve\n" == edition(read(part("text/plain", bare))).body
    blank = signed.replace("SHA512\n\n", "SHA512\n \n")
    assert "hello\n\n-- \nEve\n" == edition(read(part("text/plain", blank))).body
    for damaged in (bare.replace("-----\n\nhello", "-----\nhello"), signed.rpartition("-----END")[0]):
        assert damaged == edition(read(part("text/plain", damaged))).body
    quoted = "See:\n-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n-----BEGIN PGP SIGNATURE-----\n"
    assert quoted == edition(read(part("text/plain", quoted))).body


def test_an_invitation_has_the_suffix_of_its_type() -> None:
    """Outlook sends it without a name; phones open it by that."""
    invitation = part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR")
    assert ["part-1.ics"] == [item.name for item in edition(read(multi("alternative", PLAIN, invitation))).enclosed]


def test_a_footer_in_a_part_of_its_own_stands_below_both() -> None:
    """As mailing list programs add it."""
    posted = edition(
        read(multi("mixed", multi("alternative", PLAIN, PAGE, boundary="b1"), part("text/plain", "a & b")))
    )
    assert "hello\n\na & b\n" == posted.body
    assert posted.html is not None
    assert posted.html.index("hello") < posted.html.index("a &amp; b")


def test_a_signature_below_the_text_stays() -> None:
    """It is the editor's."""
    assert "hello\n-- \nEve\n" == edition(read(part("text/plain", "hello\n-- \nEve"))).body


def test_pictures_get_names_that_are_the_same_every_time() -> None:
    """Programs make up new ones with every mail, in several spellings."""
    sources = []
    for name in ("ii_x1@mail", "image001.png@01DC.A1B2", "a b'c"):
        page = part("text/html", f'<img src="cid:{name}"><img alt="x" src=cid:{name.replace(" ", "%20")}>')
        picture = part("image/png; name=boat.png", IMAGE, Content_ID=f"<{name}>", **BASE64)
        sources.append(read(multi("related", page, picture)).source)
    assert 1 == len(set(sources[:2]))
    posted = edition(read(multi("related", part("text/html", '<img src="cid:x1@y"> <img src="CID:x1@y">'), PICTURE)))
    assert '<img src="cid:image-1"> <img src="cid:image-1">' == (posted.html or "").strip()


def test_a_picture_that_is_not_shown_is_an_attachment() -> None:
    """Gmail gives attachments a Content-ID, too."""
    posted = edition(read(multi("related", PAGE, PICTURE)))
    assert [("boat.png", None)] == [(item.name, item.content_id) for item in posted.enclosed]


def test_the_source_depends_on_what_is_said_alone() -> None:
    """Not on Date, ids, traces, boundaries or encodings."""
    quoted = part("text/plain", "hel=\nlo", Content_Transfer_Encoding="quoted-printable")
    first = read(multi("alternative", PLAIN, PAGE))
    second = read(
        multi("alternative", quoted, PAGE, boundary="=_other"),
        "Received: x\nFrom: E <eve@harbour.example>\nSubject: =?us-ascii?q?Boats?=\nDate: x\nMessage-ID: <other@x>\n",
    )
    assert first.source == second.source
    assert first.source != read(multi("alternative", PLAIN, part("text/html", "<p>hullo</p>"))).source


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("text/plain; charset=utf-8", "é".encode(), "é\n"),
        ("text/plain", "é".encode(), "é\n"),
        ("text/plain; charset=us-ascii", "é".encode(), "é\n"),
        ("text/plain; charset=iso-8859-1", b"\x80 \xe9", "€ é\n"),
        ("text/plain; charset=windows-1252", b"\x93x\x94", "“x”\n"),
        ("text/plain; charset=gb2312", "啊".encode("gb18030"), "啊\n"),
        ("text/plain; charset=x-nowhere", "é".encode(), "é\n"),
        ("text/plain; charset=utf-8", b"caf\xe9", "café\n"),
        ("text/plain; charset=utf-8; format=flowed", b"one \ntwo\n\nthree", "one two\n\nthree\n"),
        ("text/plain; charset=utf-7", b"+AOk-", "+AOk-\n"),
        ("text/plain", b"a\x00b", "ab\n"),
        ("text/plain; charset=utf-8", b"\xef\xbb\xbfa", "a\n"),
    ],
)
def test_charsets(kind: str, body: bytes, expected: str) -> None:
    """Read as mail programs read them."""
    assert expected == edition(read(f"Content-Type: {kind}\n\n".encode() + body + b"\n")).body


@pytest.mark.parametrize(
    "meta", ['<meta charset="windows-1251">', "<META HTTP-EQUIV=x CONTENT='text/html; charset=windows-1251'>"]
)
def test_html_may_name_its_charset_itself(meta: str) -> None:
    """As scripts of old sites write it; that of the part goes before."""
    word = "Паром".encode("cp1251")
    for kind, expected in (("text/html", "Паром"), ("text/html; charset=koi8-r", word.decode("koi8-r"))):
        posted = read(f"Content-Type: {kind}\n\n{meta}<p>".encode() + word + b"</p>\n")
        assert f"<p>{expected}</p>" in (edition(posted).html or "")
        assert () == posted.notes


# ---------------------------------------------------------------------- an attached file


def attach(*files: tuple[str, bytes], text: str = "see below", kind: str = "application/octet-stream") -> Posted:
    message = EmailMessage()
    message["Subject"] = "mail"
    message.set_content(text)
    for name, content in files:
        maintype, _, subtype = kind.partition("/")
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return read_posted(message.as_bytes().replace(b"\n", b"\r\n"))


def test_an_attached_markdown_file_is_the_source() -> None:
    """As it is, with the other files beside it by name."""
    body = "---\nsubject: é\n---\nhi\n".encode()
    posted = attach(("nümber 7.MD", body), ("boat.png", PNG), ("a.pdf", b"%PDF"))
    assert ("nümber 7.md", body) == (posted.source_name, posted.source)
    assert {"boat.png": PNG, "a.pdf": b"%PDF"} == posted.assets
    assert "é" == edition(posted).keys.subject.text  # type: ignore[union-attr]


def test_names_that_are_no_plain_names_are_left_out() -> None:
    """No path leads anywhere; a name twice is said."""
    posted = attach(("a.md", b"x"), ("../../etc/passwd", b"1"), ("b:c.png", PNG), ("d.png", PNG), ("d.png", JPEG))
    assert {"_.._etc_passwd", "d.png"} == {name.lstrip(".") for name in posted.assets}
    assert tuple(remark("file-left-out", name=name) for name in ("b:c.png", "d.png")) == posted.notes
    assert PNG == posted.assets["d.png"]


def test_two_edition_files_are_one_too_many() -> None:
    """Nobody can know which is meant."""
    with pytest.raises(UnreadableMail, match=r"Several edition files"):
        attach(("a.md", b"x"), ("b.markdown", b"y"))


def test_markdown_by_its_type() -> None:
    """Whatever its name; also in the mail's own encoding."""
    posted = read(part("text/markdown; charset=iso-8859-1", "---\nsubject: x\n---\nhi").encode() + b"\xe9\n")
    assert ("part-1.md", "---\nsubject: x\n---\nhi\né\n") == (posted.source_name, posted.source.decode())


# ---------------------------------------------------------------------- what is refused, and what is said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (multi("encrypted", part("application/pgp-encrypted", "Version: 1"), part("text/plain", "x")), "encrypted"),
        (part("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "x"), "encrypted"),
        (part("application/x-pkcs7-mime; smime-type=signed-data", "x"), "encrypted"),
        (part("text/plain", "\n-----BEGIN PGP MESSAGE-----\n\nx"), "encrypted"),
        (part("text/plain", ""), "no text"),
        (multi("mixed", PDF), "no text. Write it in the email itself"),
        (
            multi("mixed", part("text/plain", ""), part("application/ms-tnef", "eJ8+", **BASE64)),
            "only Outlook can read",
        ),
        (part("text/plain", ("x" * 1000 + "\n") * 1100), "larger than 1,024 KiB"),
        (part("text/html", "<img>" * (MOST_IMAGES + 1)).replace("><", ">\n<"), "images"),
    ],
)
def test_what_is_refused(text: str, expected: str) -> None:
    """With a sentence for the editor."""
    with pytest.raises(UnreadableMail, match=expected):
        read(text)


def test_a_mail_without_subject_is_refused() -> None:
    """It becomes that of the edition."""
    for head in ("From: e@x.example\n", "Subject:  \n", "Subject: =?utf-8?q?_?=\n"):
        with pytest.raises(UnreadableMail, match="no subject"):
            read(PLAIN, head)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (part("application/ms-tnef; name=winmail.dat", "eJ8+", **BASE64), "mail-winmail"),
        (part("message/rfc822", "Subject: x\n\ny"), "mail-attached"),
        (part("image/png; name=a.png", IMAGE, Content_Disposition="inline", **BASE64), "mail-plain-pictures"),
        (part("text/plain; charset=utf-8", "caf=E9", Content_Transfer_Encoding="quoted-printable"), "mail-encoding"),
    ],
)
def test_what_is_left_out_is_said(extra: str, expected: str) -> None:
    """As a note, not in silence."""
    posted = read(multi("mixed", PLAIN, extra))
    assert (remark(expected),) == posted.notes
    assert [] == [file.name for file in edition(posted).enclosed if file.media_type != "image/png"]


def test_what_the_header_says() -> None:
    """Ids, recipients, and whether a machine wrote it."""
    head = (
        "To: News <NEWS@news.example>, x@y.example\nCc: z@y.example\nSubject: s\nMessage-ID: <i@d>\nAuto-Submitted: x\n"
    )
    posted = read(PLAIN, head)
    assert ("news@news.example", "x@y.example", "z@y.example") == posted.addressed
    assert ("i@d", "Auto-Submitted") == (posted.message_id, posted.automatic)
    assert read(PLAIN, "Subject: s\nX-Auto-Response-Suppress: All\n").automatic is None
    look = read_post_header(head.replace("\n", "\r\n").encode())
    assert ("s", "i@d", "Auto-Submitted") == (look.subject, look.message_id, look.automatic)


# ---------------------------------------------------------------------- trackers


@pytest.mark.parametrize(
    "image",
    [
        '<img src="https://t.example/x" width="1" height="1">',
        "<IMG SRC=https://t.example/x WIDTH=0>",
        '<image src="https://t.example/x" width="1">',
        "<img width='1px' src='//t.example/x' />",
        '<img src="http://t.example/x" style="display:none">',
        '<img src="http://t.example/x" style="color: red; VISIBILITY : hidden !important">',
        '<img src="http://t.example/x" style="width:1px;height:1px">',
        '<img src="http://t.example/x" style="max-height: 0px">',
        '<img src="http://t.example/x" style="opacity:0">',
        '<img src="http://t.example/x" hidden>',
        '<img alt=">" src="https://u1.ct.mail.example/wf/open?upn=abc">',
        '<img src="https://x.list-manage.example/track/open.php?u=1&amp;id=2">',
        '<img src="https://mailtrack.example/trace/mail/abc.png?u=1">',
        '<img src="https://e.example/pixel.gif?id=1">',
    ],
)
def test_trackers_are_taken_out(image: str) -> None:
    """Unseen, or with a known form of address."""
    assert ("<p>a b</p>", 1) == without_trackers(f"<p>a {image}b</p>")


@pytest.mark.parametrize(
    "image",
    [
        '<img src="cid:x" width="1" height="1">',
        '<img src="https://w.example/boat.png" width="100" height="10">',
        '<img src="https://w.example/boat.png" style="width:100%; max-width: 10px; border: 0px">',
        '<img src="https://w.example/opening/boat.png">',
        '<img src="boat.png" width="1">',
        '<img src="data:image/gif;base64,R0" width="1">',
        '<imago src="https://t.example/x" width="1">',
    ],
)
def test_other_images_stay(image: str) -> None:
    """Whatever can be seen, and what tells nobody anything."""
    assert (f"<p>{image}</p>", 0) == without_trackers(f"<p>{image}</p>")


def test_trackers_are_said() -> None:
    """Once, however many there were."""
    posted = read(part("text/html", '<p>hi</p><img src="https://t.example/x" width="1">'))
    assert (remark("mail-trackers"),) == posted.notes
    assert b"t.example" not in posted.source


# ---------------------------------------------------------------------- hostile


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_cost_little(name: str) -> None:
    """An edition or a refusal, soon."""
    started_at = time.process_time()
    with suppress(UnreadableMail):
        rehearse(read_posted(b"Subject: x\r\n" + HOSTILE[name]))
    assert time.process_time() - started_at < 5


LINES = st.sampled_from(
    [
        "Subject: x", "Content-Type: text/html", "Content-Type: multipart/mixed; boundary=b", "--b", "--c", "", "",
        "Content-Type: multipart/alternative; boundary=c", "Content-Type: multipart/related; boundary=b", "--b--",
        "Content-Type: text/plain; charset=utf-16; format=flowed", "Content-Transfer-Encoding: base64", "--c--",
        "Content-Transfer-Encoding: quoted-printable", "Content-Disposition: attachment; filename=a.md", "=C3=A9",
        "Content-Type: image/png; name*=utf-8''%FF", "Content-ID: <x>", '<img src="cid:x">', "aGVsbG8=", "---",
        "{{ name }}", "Content-Type: multipart/signed; boundary=c", "Content-Type: message/rfc822", "subject: y",
        'Content-Type: text/plain; charset="', "Content-Disposition: inline; filename==?utf-8?q?=00?=",
        "Content-Type: text/plain",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=30), st.binary(max_size=40))
def test_any_mail_is_an_edition_or_a_refusal(lines: list[str], tail: bytes) -> None:
    """Never another error; what comes out can be read again, or names what is wrong with it."""
    content = "\r\n".join(["Subject: x", *lines, ""]).encode() + tail
    try:
        posted = read_posted(content)
        rehearse(posted)
    except UnreadableMail:
        return
    assert posted == read_posted(content)
    with suppress(EditionError):
        edition(posted)


@given(st.text(max_size=200))
def test_any_page_is_looked_at(page: str) -> None:
    """What is left stands in the page as it did."""
    left, removed = without_trackers(page)
    assert removed or left == page
