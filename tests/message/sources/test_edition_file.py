"""What an edition file may hold, and what is said about one that cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.builders import edition

from pressrun.core.errors import EditionError
from pressrun.message.finding import remark
from pressrun.message.sources.edition_file import Reference, parse_edition, referenced_paths
from pressrun.message.sources.edition_source import EditionFormat


def test_keys_and_body_are_read_with_their_lines() -> None:
    """Every key of an edition file is read, and the body knows its first line."""
    source = (
        "---\nsubject: Hello\ntitle: Hello on the web\npreheader: a line\nfrom: '\"Desk\" <desk@harbour.example>'\n"
        "reply_to: back@harbour.example\nslug: hello-1\n"
        "date: 2026-05-01 12:00\nlanguage: pt-BR\nattachments: [a.pdf, b/c.ics]\n"
        "text: plain.txt\n---\nBody\n"
    )
    file = parse_edition(source.encode(), ".md")
    keys = file.keys
    assert keys.subject is not None
    assert keys.from_ is not None
    assert keys.text is not None
    assert keys.language is not None
    assert ("pt-BR", 9) == (keys.language.text, keys.language.line)
    assert ("Hello", 2) == (keys.subject.text, keys.subject.line)
    assert '"Desk" <desk@harbour.example>' == str(keys.from_)
    assert "back@harbour.example" == str(keys.reply_to)
    assert "Hello on the web" == keys.title
    assert ("hello-1", 1777636800) == (keys.slug, keys.date)
    assert ["a.pdf", "b/c.ics"] == [value.text for value in keys.attachments]
    assert ("Body\n", 13) == (file.body, file.body_line)


def test_a_field_with_a_default_needs_no_quotes_in_the_keys() -> None:
    """The colon and braces of a merge field mean nothing to the YAML around it."""
    file = parse_edition(edition("x", subject="{{ name | default: friend }}, hello").encode(), ".md")
    assert file.keys.subject is not None
    assert "{{ name | default: friend }}, hello" == file.keys.subject.text


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("---\nsubject: a\nsubjcet: b\n---\nx", 3, "did you mean 'subject'"),
        ("---\nsubject: a\nsubject: b\n---\nx", 3, "duplicate key"),
        ("---\nsubject: [a]\n---\nx", 2, "must be text, found a list"),
        ("---\nsubject: 2026\n---\nx", 2, "Put it in quotes"),
        ('---\nsubject: a\npreheader: "\\ud83d"\n---\nx', 3, "preheader: an escape"),
        ('---\nsubject: a\nattachments: ["\\udcff.pdf"]\n---\nx', 3, "attachments: an escape"),
        ("---\nsubject: a: b\n---\nx", 2, "must be in quotes"),
        ("---\nsubject: a\n", 1, "not closed"),
        ("---\nsubject: a\n\tb: c\n---\n", 3, "not YAML"),
        ("---\n- a\n---\nx", 2, "key: value"),
        ("---\nsubject: a\nfrom: nobody\n---\nx", 3, "from:"),
        ("---\nsubject: a\nreply_to: a@b.example, c@d.example\n---\nx", 3, "one address only"),
        ('---\nsubject: a\nreply_to: "a@b.example\\r\\nBcc: c@d.example"\n---\nx', 3, "control character"),
        ("---\nsubject: a\ntitle: '{{ name }}, hello'\n---\nx", 3, "title cannot contain fields"),
        ("---\nsubject: a\nslug: Not A Slug\n---\nx", 3, "slug"),
        ("---\nsubject: a\ndate: tomorrow\n---\nx", 3, "date"),
        ("---\nsubject: a\ndate: 9999-12-31T23:59:59-23:59\n---\nx", 3, "date"),
        ("---\nsubject: a\nlanguage: e\n---\nx", 3, "language"),
        ("---\nsubject: a\nattachments:\n  - x.pdf\n  - [y]\n---\nx", 5, "found a list"),
        ("---\na: &x [1]\n---\n", 2, "unknown key"),
        ("---\nsubject: Issue #5 is out\n---\nx", 2, "what follows # would be left out"),
        ("---\nsubject: #5 is out\n---\nx", 2, "what follows # would be left out"),
        ("---\ntitle: a\nsubject: &Friends of the quay\n---\nx", 3, "must be in quotes"),
        ("---\nsubject: ! wow\n---\nx", 2, "must be in quotes"),
        ("---\nsubject: a\npreheader: @you\n---\nx", 3, "begins with a punctuation mark must be in quotes"),
        ("---\nsubject: *bold*\n---\nx", 2, "begins with a punctuation mark must be in quotes"),
        ("---\nsubject: - dash\n---\nx", 2, "begins with a punctuation mark must be in quotes"),
        ("---\nsubject: > big news\n---\nx", 2, "begins with a punctuation mark must be in quotes"),
        ('---\nsubject: "Quay" news\n---\nx', 2, "followed by more text. Put all of it in quotes"),
        ("---\nsubject: [Urgent] news\n---\nx", 2, "followed by more text. Put all of it in quotes"),
        ("---\nsubject: 'it's here'\n---\nx", 2, "write ' twice"),
        ("---\nsubject: 'it is here\n---\nx", 2, "a quotation mark is not closed"),
        ("---\nsubject:\ta\n---\nx", 2, "a tab is not allowed there"),
        ("\n \n---\nsubject: a\nslug: Not A Slug\n---\nx", 5, "slug"),
        ("\n---\nsubject: a\n", 2, "not closed"),
    ],
)
def test_an_error_names_its_line(source: str, line: int, words: str) -> None:
    """A file that cannot be read says where and what would be right."""
    with pytest.raises(EditionError) as caught:
        parse_edition(source.encode(), ".md")
    assert line == caught.value.line
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "subject"),
    [
        ("subject: Boats  # as in the harbour", "Boats"),
        ("subject: 'Issue #5'  #5", "Issue #5"),
        ("subject: C# and F#", "C# and F#"),
        ("subject: Tom & Jerry!", "Tom & Jerry!"),
    ],
)
def test_comments_and_marks_that_take_nothing_away_are_no_error(keys: str, subject: str) -> None:
    file = parse_edition(f"---\n{keys}\nslug: boats #1\n---\nx".encode(), ".md")
    assert file.keys.subject is not None
    assert (subject, "boats") == (file.keys.subject.text, file.keys.slug)


def test_blank_lines_may_stand_before_the_keys() -> None:
    file = parse_edition(b"\n\r\n---\nsubject: a\n---\nBody", ".md")
    assert file.keys.subject is not None
    assert ("a", 4, "Body", 6) == (file.keys.subject.text, file.keys.subject.line, file.body, file.body_line)


def test_a_character_may_be_escaped_as_in_json() -> None:
    """Which programs write that make the keys of a file."""
    file = parse_edition(b'---\nsubject: "\\ud83d\\ude00 \\u00e4"\n---\nx', ".md")
    assert file.keys.subject is not None
    assert "\U0001f600 ä" == file.keys.subject.text


def test_a_sentence_is_one_line_without_control_characters() -> None:
    """Escapes, blocks of lines and encoded-words may contain any character, and tables have one line for each value."""
    file = parse_edition(b'---\nsubject: "High\\r\\nBcc: x\\a \\x92 water"\npreheader: |\n  one\n  two\n---\nx', ".md")
    assert file.keys.subject is not None
    assert file.keys.preheader is not None
    assert ("High Bcc: x \u2019 water", "one two") == (file.keys.subject.text, file.keys.preheader.text)
    assert parse_edition(b'---\nsubject: "\\a"\n---\nx', ".md").keys.subject is None
    mail = parse_edition(b"Subject: =?utf-8?Q?High=0D=0ABcc:_x=07?=\nFrom: a@b.example\n\nx", ".eml")
    assert mail.keys.subject is not None
    assert "High Bcc: x" == mail.keys.subject.text


def test_other_encodings_are_refused_with_the_line() -> None:
    """A file that is not UTF-8 names the first line that is not."""
    with pytest.raises(EditionError, match=r"line 4: the file is not UTF-8\. Save it as UTF-8$"):
        parse_edition(b"---\nsubject: a\n---\ncaf\xe9", ".txt")


def test_an_unknown_suffix_is_refused() -> None:
    """Only four kinds of file are editions."""
    with pytest.raises(EditionError, match=r"\.md, \.html, \.txt or \.eml"):
        parse_edition(b"x", ".docx")


def test_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    """Files from any system read the same."""
    file = parse_edition(b"\xef\xbb\xbf---\r\nsubject: a\r\n---\r\nx\r\ny\r\n", ".txt")
    assert "x\ny\n" == file.body


@pytest.mark.parametrize("suffix", [".md", ".html", ".txt"])
def test_control_characters_of_other_programs_are_read_as_what_they_meant(suffix: str) -> None:
    """Over one, Gmail hides the rest of a mail, and so the link to unsubscribe."""
    file = parse_edition("---\nsubject: It\x92s\n---\nit\x92s\x0bhere\x01\n".encode(), suffix)
    assert ("It’s", "it’s here\n") == (file.keys.subject and file.keys.subject.text, file.body)


def test_so_are_those_of_a_mime_source() -> None:
    source = "Subject: =?utf-8?q?It=C2=92s?=\nContent-Type: text/plain; charset=utf-8\n\nit\x92s\x0bhere\x01\n"
    file = parse_edition(source.encode(), ".eml")
    assert ("It’s", "it’s here\n") == (file.keys.subject and file.keys.subject.text, file.body)


def test_references_are_found_in_markdown_and_html() -> None:
    """Relative images, attachments and the text part are named once each, with their lines."""
    source = edition(
        "![a](pics/a.png) ![b](<my pic.png>)\n\n<img src='pics/c.gif?x=1' alt=''> ![w](https://w.example/x.png)\n"
        '![again](pics/a.png)\n\n<img src="{{ town }}" alt=t>',
        "attachments: [doc.pdf]",
        "text: sub/../plain.txt",
    )
    assert (
        Reference("doc.pdf", 3),
        Reference("plain.txt", 4),
        Reference("pics/a.png", 6),
        Reference("my pic.png", 6),
        Reference("pics/c.gif", 8),
    ) == referenced_paths(parse_edition(source.encode(), ".md"))


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.png", "a/../../x.png", "..%2Fx.png", "%2e%2e/x.png"])
def test_a_path_never_leaves_the_folder(path: str) -> None:
    """An image above the edition file, or at an absolute path, is an error with its line."""
    file = parse_edition(edition(f'text\n\n<img src="{path}" alt="x">').encode(), ".html")
    with pytest.raises(EditionError) as caught:
        referenced_paths(file)
    assert 6 == caught.value.line


EML = (
    b"Received: from x by y\r\nList-Id: Other <other.example>\r\nDKIM-Signature: v=1\r\nBcc: secret@other.example\r\n"
    b"From: =?utf-8?Q?B=C3=BCro?= <desk@harbour.example>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe {{ name }}\r\n"
    b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n"
)


def test_a_mime_source_gives_its_content() -> None:
    """Subject, From, text and attachments are taken from a complete message."""
    file = parse_edition(EML, ".eml")
    assert EditionFormat.MIME is file.format
    assert file.keys.subject is not None
    assert ("Grüße", 6) == (file.keys.subject.text, file.keys.subject.line)
    assert '"Büro" <desk@harbour.example>' == str(file.keys.from_)
    assert "Grüße {{ name }}" == file.body.strip()
    assert [("a.pdf", b"%PDF")] == [(item.name, item.content) for item in file.enclosed]


def test_what_is_no_field_does_not_end_the_header_of_a_message() -> None:
    """As in a message that came by mail; lines keep their numbers."""
    source = b"From - Mon Nov 30\njunk\nContent-Type: text/html\nSubject : Boats\n\n<p>hello</p>\n"
    for content in (source, source.replace(b"\n", b"\r\n")):
        file = parse_edition(content, ".eml")
        assert file.keys.subject is not None
        assert ("Boats", 4) == (file.keys.subject.text, file.keys.subject.line)
        assert ("", "<p>hello</p>") == (file.body, (file.html or "").strip())


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_message_with_letters_in_its_header_is_read(mark: bytes) -> None:
    """As many programs save one, and as they save any text."""
    header = "From: Büro <desk@harbour.example>\nSubject: Grüße\n aus dem Hafen\n"
    for encoding in ("utf-8", "latin-1"):
        file = parse_edition(mark + header.encode(encoding) + b"\nx", ".eml")
        assert file.keys.subject is not None
        assert ("Grüße aus dem Hafen", 2) == (file.keys.subject.text, file.keys.subject.line)
        assert '"Büro" <desk@harbour.example>' == str(file.keys.from_)


@pytest.mark.parametrize(
    "source",
    [
        b"From: a@b.example\r\nFrom: c@d.example\r\nSubject: x\r\n\r\nx",
        b"Subject: " + b"x" * 9000 + b"\r\n\r\nx",
        b"From: a@b.example\r\n" * 4000 + b"\r\nx",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 500,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(60)),
        b"Content-Type: application/pkcs7-mime\r\n\r\nx",
    ],
)
def test_hostile_mime_is_an_error(source: bytes) -> None:
    """What is beyond the caps, or has two authors, is refused and nothing else happens."""
    with pytest.raises(EditionError):
        parse_edition(source, ".eml")


def test_a_message_in_an_unknown_encoding_is_read_with_a_word() -> None:
    """As the bytes look, and its author is told to look at the letters."""
    file = parse_edition(b"Content-Type: text/plain; charset=nonsense\r\n\r\ncaf\xe9", ".eml")
    assert "café\n" == file.body
    assert (remark("mail-encoding"),) == file.notes


def line_of_outcome(source: bytes, suffix: str) -> int | None:
    """The line of the body, or of the error; any other exception fails the test."""
    try:
        return parse_edition(source, suffix).body_line
    except EditionError as problem:
        return problem.line


@given(st.text(max_size=300))
def test_any_front_matter_gives_a_value_or_its_own_error(keys: str) -> None:
    """No keys can make the reader fail in a way of its own."""
    line = line_of_outcome(f"---\n{keys}\n---\nbody".encode("utf-8", "replace"), ".md")
    assert line is None or line >= 1


@given(st.binary(max_size=400))
def test_any_message_gives_a_value_or_its_own_error(source: bytes) -> None:
    """No message can make the reader fail in a way of its own."""
    line = line_of_outcome(source, ".eml")
    assert line is None or line >= 1


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain; name*0=a; name*=b; name*1*=c",
        b"Content-Type: text/plain; charset=idna",
        b"Content-Type: text/plain; charset=utf-7",
        b"Content-Type: text/plain; charset=hex",
        b"Content-Type: text/plain; charset*1=x; charset*=y",
    ],
)
def test_a_message_that_a_parser_stumbles_over(header: bytes) -> None:
    """An edition whose text can go out, or an error of ours."""
    try:
        file = parse_edition(header + b"\r\nSubject: x\r\n\r\nhello +2AA-\r\n", ".eml")
    except EditionError:
        return
    assert file.body.encode("utf-8") or file.enclosed  # later versions of Python read the first one as a file


def test_what_stands_in_place_of_an_address_is_not_quoted() -> None:
    """The error may be mailed to somebody who did not write it."""
    with pytest.raises(EditionError) as told:
        parse_edition(b"---\nsubject: a\nfrom: win a boat today\n---\nx", ".md")
    assert (3, False) == (told.value.line, "boat" in str(told.value))
