"""Reading mail from anywhere: a value or UnreadableMail, in little time, whatever it is."""

from __future__ import annotations

import base64
import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.hostile import HOSTILE, REFUSED

from pressrun.core.errors import UnreadableMail
from pressrun.message.incoming.reading import IncomingMail, html_text, read_mail


def compose(body: str = "help\r\n", **fields: str) -> bytes:
    header = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"{header}\r\n{body}".encode("utf-8", "surrogateescape")


def test_a_plain_mail() -> None:
    """Subject, id and text."""
    mail = read_mail(compose("one\r\ntwo\r\n", Subject="hi", Message_ID="<1@a.example>"))
    assert IncomingMail(subject="hi", message_id="1@a.example", text="one\ntwo\n") == mail


def test_a_subject_in_encoded_words_cannot_hide_a_line_break() -> None:
    """RFC 2047, and what Python before 3.11.15 lets through."""
    subject = "=?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n =?utf-8?b?DQpCY2M6IHg=?="
    assert "grüße Bcc: x" == read_mail(compose(Subject=subject)).subject


@pytest.mark.parametrize("name", ["Auto-Submitted", "AUTO-SUBMITTED", "auto-submitted"])
def test_a_machines_mail_is_told(name: str) -> None:
    """Whatever the case and folding of the field."""
    assert "Auto-Submitted" == read_mail(compose(**{name: "\r\n auto-replied"})).automatic


def test_the_text_part_wins_over_html_and_attachments() -> None:
    """As a person would read the mail."""
    body = (
        "--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nno\r\n"
        "--x\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n"
        "--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "caf=E9\r\n--x--\r\n"
    )
    assert "café" == read_mail(compose(body, Content_Type="multipart/mixed; boundary=x")).text


def test_a_blank_text_part_gives_way_to_the_html() -> None:
    """Some programs send an alternative of white space beside what their user typed."""
    body = (
        "--x\r\nContent-Type: text/plain\r\n\r\n \r\n\r\n"
        "--x\r\nContent-Type: text/html\r\n\r\n<p>subscribe</p>\r\n--x--\r\n"
    )
    assert ["subscribe"] == read_mail(compose(body, Content_Type="multipart/alternative; boundary=x")).text.split()


def test_many_attached_mails_are_no_nest() -> None:
    """A digest of thirty mails, each with two alternatives, is as deep as one of them."""
    mail = "Content-Type: multipart/alternative; boundary=b{0}\r\n\r\n--b{0}\r\n\r\nhi\r\n--b{0}--\r\n"
    attached = [f"--x\r\nContent-Type: message/rfc822\r\n\r\n{mail.format(number)}" for number in range(30)]
    text = "--x\r\n\r\nsubscribe\r\n"
    content = f"Content-Type: multipart/mixed; boundary=x\r\n\r\n{text}{''.join(attached)}--x--\r\n"
    assert "subscribe" in read_mail(content.encode()).text


def test_html_alone_is_read_as_lines() -> None:
    """Without what is quoted or not shown."""
    html = "<style>help</style><div>lists</div><p>subscribe<br>end</p><blockquote>unsubscribe</blockquote>"
    encoded = base64.b64encode(html.encode()).decode()
    fields = {"Content_Type": "text/html", "Content_Transfer_Encoding": "base64"}
    assert ["lists", "subscribe", "end"] == read_mail(compose(encoded, **fields)).text.split()


@pytest.mark.parametrize(
    "charset", ["nonsense", "utf-16", "unicode_escape", "\udcff", "utf-7", "idna", "base64", "rot13"]
)
def test_an_odd_charset_is_no_fault(charset: str) -> None:
    """Read somehow, or refused with our own error."""
    with contextlib.suppress(UnreadableMail):
        assert isinstance(read_mail(compose(Content_Type=f'text/plain; charset="{charset}"')).text, str)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_cost_little(name: str) -> None:
    """A value or our own error within two seconds, here without any limit from outside."""
    started = time.process_time()
    try:
        read_mail(HOSTILE[name])
    except UnreadableMail:
        is_refused = True
    else:
        is_refused = False
    assert 2 > time.process_time() - started
    assert (name in REFUSED) == is_refused


@given(st.binary(max_size=2000))
def test_any_octets_are_a_mail_or_unreadable(content: bytes) -> None:
    """No other error comes out."""
    with contextlib.suppress(UnreadableMail):
        assert isinstance(read_mail(content), IncomingMail)


_FIELDS = ["Content-Type: multipart/mixed; boundary=x", "Content-Type: text/html", "Subject: =?utf-8?b?", "From: <"]
_BODIES = ["--x", "--x--", "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "", "=E9", "<p>", "\0é"]


@given(st.lists(st.sampled_from(_FIELDS), max_size=5), st.lists(st.sampled_from(_FIELDS + _BODIES), max_size=30))
def test_any_structure_is_a_mail_or_unreadable(fields: list[str], lines: list[str]) -> None:
    """Broken multiparts, encodings and nests."""
    with contextlib.suppress(UnreadableMail):
        read_mail("\r\n".join([*fields, "", *lines]).encode())


@given(st.text())
def test_any_html_gives_text(html: str) -> None:
    """Never an error."""
    assert isinstance(html_text(html), str)
