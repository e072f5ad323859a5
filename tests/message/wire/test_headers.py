"""Header fields: no value breaks out of its field, and every one reads back."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.builders import read

from pressrun.core.errors import MalformedAddress
from pressrun.message.wire.headers import (
    clean_value,
    format_date,
    id_field,
    list_id_field,
    mailbox_field,
    subject_field,
    uri_field,
)
from pressrun.message.wire.mailbox import parse_mailbox

VALUE = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.text(
    alphabet=st.sampled_from('=?\r\n\t "<>@,;:\\é😀a '), max_size=200
)


def check_field(field: bytes, name: str) -> None:
    lines = field.removesuffix(b"\r\n").split(b"\r\n")
    assert field.endswith(b"\r\n")
    assert lines[0].startswith(f"{name}:".encode())
    for line in lines[1:]:
        assert line.startswith(b" ")
        assert line.strip()
    for line in lines:
        assert b"\r" not in line
        assert b"\n" not in line
        assert len(line) <= 998


@given(VALUE)
def test_any_value_gives_one_field_that_reads_back(value: str) -> None:
    """An unstructured value comes back as it is, control characters apart, on lines of at most 76."""
    field = subject_field(value)
    check_field(field, "Subject")
    assert field.isascii()
    assert max(map(len, field.split(b"\r\n"))) <= 76
    message = read(field + b"\r\n")
    assert ["Subject"] == message.keys()
    assert clean_value(value) == str(message["Subject"]).strip(" ")


@pytest.mark.parametrize(
    "ends", ["a{}b", "a{}b <x@reader.example>", '"a"{}b <x@reader.example>', "{}<x@reader.example"]
)
def test_a_mailbox_is_read_quickly_however_long_it_is(ends: str) -> None:
    """Programs send them, and they are read in the event loop."""
    started = time.process_time()
    with pytest.raises(MalformedAddress):
        parse_mailbox(ends.format(" " * 200_000))
    assert 0.5 > time.process_time() - started


@given(VALUE)
def test_any_name_gives_one_mailbox(name: str) -> None:
    """A display name with quotes, commas or brackets leaves the address alone."""
    mailbox = parse_mailbox("news@harbour.example")
    named = type(mailbox)(clean_value(name), mailbox.address)
    field = mailbox_field("From", named)
    check_field(field, "From")
    addresses = read(field + b"\r\n")["From"].addresses
    assert ["news@harbour.example"] == [address.addr_spec for address in addresses]


@given(VALUE)
def test_any_title_leaves_the_list_id_alone(title: str) -> None:
    """The identifier stands verbatim in its brackets at the end of the field."""
    field = list_id_field(title, "news.harbour.example")
    check_field(field, "List-Id")
    assert field.endswith(b"<news.harbour.example>\r\n")


def test_list_id_shows_a_plain_title_as_it_is() -> None:
    """Bare words need no quotes, a colon does."""
    assert b"List-Id: Daily News <news.d.example>\r\n" == list_id_field("Daily News", "news.d.example")
    assert b'List-Id: "News: all" <news.d.example>\r\n' == list_id_field("News: all", "news.d.example")


@given(VALUE, VALUE)
def test_any_uri_stays_inside_its_brackets(first: str, second: str) -> None:
    """No URI can end its brackets, its line or its field, and none is folded."""
    field = uri_field("List-Help", f"https://x.example/{first}", f"mailto:{second}")
    lines = field.removesuffix(b"\r\n").split(b",\r\n ")
    assert 2 == len(lines)
    assert field.count(b"<") == field.count(b">") == 2
    assert field.isascii()


def test_no_escape_in_a_uri_looks_like_a_field_of_a_template() -> None:
    """As `%AB` does to filters, in the addresses of editions in most scripts."""
    field = uri_field("Archived-At", "https://x.example/%D8%AB", "https://x.example/كأس?a=%25AB")
    assert b"Archived-At: <https://x.example/%d8%ab>,\r\n <https://x.example/%d9%83%d8%a3%d8%b3?a=%25AB>\r\n" == field


@given(VALUE)
def test_any_message_id_stays_inside_its_brackets(value: str) -> None:
    """An id from a stranger's mail can be quoted without harm."""
    field = id_field("In-Reply-To", value)
    assert 1 == field.count(b"\r\n")
    assert field.count(b"<") == field.count(b">") == 1


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example, c@d.example",
        "x <a@b.example> <c@d.example>",
        "a@b.example\r\nBcc: c@d.example",
        '"x <a@b.example>',
        "",
    ],
)
def test_only_one_clean_mailbox_is_read(text: str) -> None:
    """Lists, line breaks and open quotes are no mailbox."""
    with pytest.raises(MalformedAddress):
        parse_mailbox(text)


def test_a_subject_of_many_blanks_has_no_longer_lines() -> None:
    """A line of more than 998 octets is refused by some servers, and cut by others (RFC 5322 §2.1.1)."""
    value = "Boats" + " " * 1500 + "and tides"
    field = subject_field(value)
    check_field(field, "Subject")
    assert max(map(len, field.split(b"\r\n"))) <= 76
    assert str(read(field + b"\r\n")["Subject"]) == value


def test_the_date_is_in_universal_time() -> None:
    """RFC 5322 form with a numeric zone."""
    assert "Thu, 01 Jan 1970 00:00:00 +0000" == format_date(0)
    assert "Mon, 21 Sep 2026 14:13:20 +0000" == format_date(1_790_000_000)
