"""A mail never chooses the codec that it is decoded with, wherever it names a charset."""

from __future__ import annotations

import ast
import codecs
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import pressrun.message
from pressrun.core.errors import UnreadableMail
from pressrun.message.editions.posted import read_posted
from pressrun.message.incoming.parser import parse_mail
from pressrun.message.incoming.reading import read_mail
from pressrun.message.reports.reading import read_report

_ROOT = Path(pressrun.message.__file__).parent
_READING = ("incoming", "reports", "sources", "editions/posted.py")
_THE_ONE = "incoming/parser.py"

# Every place where a mail may name a charset, with the name left open.
PLACES = {
    "an encoded word": b"Subject: =?%b?Q?hell=6F?=\r\n\r\nx\r\n",
    "an eight-bit body": b"Content-Type: text/plain; charset=%b\r\n\r\nh\xe9llo\r\n",
    "a body in base64": b"Content-Type: text/plain; charset=%b\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n",
    "a charset of a charset": b"Content-Type: text/plain; charset*=%b''utf-8\r\n\r\nhello\r\n",
    "a boundary": b"Content-Type: multipart/mixed; boundary*=%b''b\r\n\r\n--b\r\n\r\nhello\r\n--b--\r\n",
    "the name of a file": b"Content-Type: text/plain; name*=%b''a.txt\r\n\r\nhello\r\n",
    "the name of an attachment": b"Content-Disposition: attachment; filename*=%b''a.txt\r\n\r\nhello\r\n",
    "the name of a file as a word": b'Content-Type: text/plain; name="=?%b?Q?a.txt?="\r\n\r\nhello\r\n',
    "a page": b"Content-Type: text/html; charset=%b\r\n\r\n<p>h\xe9llo</p>\r\n",
    "a status": b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: message/delivery-status; charset=%b\r\n\r\nReporting-MTA: dns; \xe9\r\n\r\n"
    b"Final-Recipient: rfc822; x@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n",
    "an enclosed mail": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: =?%b?Q?hello?=\r\nContent-Type: text/plain; charset=%b\r\n\r\nh\xe9\r\n--b--\r\n",
}


@pytest.mark.parametrize("place", sorted(PLACES))
def test_no_codec_is_looked_up_by_the_name_that_a_mail_gives(place: str) -> None:
    """Python asks this search for every name that it does not know itself; whatever the name, the mail is read."""
    looked_up: list[str] = []
    search = looked_up.append
    codecs.register(search)
    try:
        for read in (read_mail, read_report, read_posted):
            with suppress(UnreadableMail):  # an edition needs a subject
                read(PLACES[place].replace(b"%b", b"x-made-up"))
    finally:
        codecs.unregister(search)
    assert [] == looked_up


def test_what_is_named_in_an_odd_charset_is_read_as_it_stands() -> None:
    """Nothing is interpreted."""
    subject, kind = b"Subject: =?unicode_escape?Q?=5Cx41?=\r\n", b"Content-Type: text/plain; charset=utf-7\r\n"
    read = read_mail(subject + kind + b"\r\n+AGE-\r\n")
    assert ("\\x41", "+AGE-\n") == (read.subject, read.text)


def test_a_name_in_a_charset_of_the_list_is_decoded() -> None:
    """RFC 2231, and a boundary that comes in that way."""
    part = parse_mail(b"Content-Disposition: attachment; filename*=iso-8859-1'en'caf%E9.txt\r\n\r\nx")
    assert "café.txt" == part.get_filename()
    mail = parse_mail(b"Content-Type: multipart/mixed; boundary*=us-ascii''b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n")
    assert [b"one"] == [child.octets().strip() for child in mail.children() or []]


def _sources() -> Iterator[Path]:
    for place in _READING:
        path = _ROOT / place
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _decoding(tree: ast.AST) -> Iterator[str]:
    """What decodes by a name that is no literal, and what parses mail by the library's own class."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("message_from_bytes", "decode_header", "collapse_rfc2231_value", "get_payload"):
            yield name
        is_variable = any(not isinstance(argument, ast.Constant) for argument in node.args)
        if name in ("decode", "lookup") and is_variable and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node)
        if name == "str" and len(node.args) > 1:
            yield ast.unparse(node)


def test_only_one_module_lets_a_mail_name_a_charset() -> None:
    """Nothing else that reads mail decodes by a variable, or asks the library to."""
    offending = {
        str(path.relative_to(_ROOT)): calls
        for path in _sources()
        if (calls := list(_decoding(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert [_THE_ONE] == list(offending)
    assert {"message_from_bytes", "decode_header", "get_payload"} == set(offending[_THE_ONE])
