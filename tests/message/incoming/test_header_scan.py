"""What is seen of a mail without parsing it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.message.incoming.header_scan import own_digest, received_field, same_mail_digest, scan_header

MAIL = b"From: a@b.example\r\nMessage-ID: <1@b.example>\r\n\r\nReceived: in the body\r\n"


def digest(content: bytes, mail_from: str = "a@b.example", recipient: str = "news-request") -> bytes:
    return same_mail_digest(own_digest(content, scan_header(content)), mail_from=mail_from, recipient=recipient)


def test_hops_and_ids_are_found_in_the_header_alone() -> None:
    """Folded or not, in any case."""
    content = (
        b"RECEIVED: from x\r\n\tby y\r\nreceived:z\r\nIn-Reply-To: <1@x.example>\r\n"
        b"References: <2@x.example>\r\n <3@x.example> no id\r\nSubject: <4@x.example>\r\n\r\nReceived: no\r\n"
    )
    seen = scan_header(content)
    assert (2, ("1@x.example", "2@x.example", "3@x.example")) == (seen.received, seen.answers)
    assert not seen.has_message_id


def test_hops_on_top_do_not_make_another_mail() -> None:
    """What the mail brought itself does, and so does its envelope."""
    assert digest(MAIL) == digest(b"Return-Path: <x>\r\nReceived: from x\r\n\tby y\r\n" + MAIL)
    others = [
        digest(MAIL + b"x"),
        digest(MAIL.replace(b"<1@", b"<2@")),
        digest(b"X-Header: x\r\n" + MAIL),
        digest(MAIL, mail_from="c@b.example"),
        digest(MAIL, recipient="news-owner"),
    ]
    assert 6 == len({digest(MAIL), *others})


def test_without_a_message_id_the_hops_count() -> None:
    """There is nothing else to know it by."""
    bare = MAIL.replace(b"Message-ID: <1@b.example>\r\n", b"")
    assert digest(bare) != digest(b"Received: from x\r\n" + bare)


@given(st.binary(max_size=3000))
def test_any_octets_can_be_looked_at(content: bytes) -> None:
    """Never an error, and the mail's own part lies inside it."""
    assert 0 <= scan_header(content).own_start <= len(content) + 2
    assert digest(content) == digest(content)


@pytest.mark.parametrize("piece", [b"\r\n", b" \r\n", b"a", b"References: <\r\n", b"<a@b>", b"Received:\r\n", b"::::"])
def test_a_glance_is_quick_whatever_the_mail(piece: bytes) -> None:
    """It is done in the event loop, on ten million octets."""
    content = b"References: " + piece * (10_000_000 // len(piece))
    started = time.process_time()
    scan_header(content)
    assert 0.5 > time.process_time() - started


@pytest.mark.parametrize(
    ("peer", "origin"), [("192.0.2.1", "[192.0.2.1]"), ("2001:db8::1", "[IPv6:2001:db8::1]"), ("unix", "localhost")]
)
def test_the_trace_field(peer: str, origin: str) -> None:
    """From whom, by whom, when; whole lines."""
    field = received_field(peer=peer, by="news.example", number=7, at=0)
    assert (
        f"Received: from {origin}\r\n by news.example (Pressrun) id 7;\r\n Thu, 01 Jan 1970 00:00:00 +0000\r\n"
        == field.decode()
    )
