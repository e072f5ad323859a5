"""Editions as messages for nobody, and as an mbox holds them."""

from __future__ import annotations

import re

import pytest
from tests.message.builders import build, edition, part, read

from pressrun.core.addresses.address import parse_address
from pressrun.message.editions.archive_copy import archive_copy, mbox_entry

PAGE = "https://news.harbour.example/news"
LEFT_OUT = (
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "CFBL-Address",
    "CFBL-Feedback-ID",
    "Precedence",
)


def copied(source: str) -> bytes:
    return archive_copy(
        build(source).skeleton,
        to=parse_address("news@news.harbour.example"),
        list_page=PAGE,
        message_id="0.abc@news.harbour.example",
        date_at=1_790_000_000,
        day="21 September 2026",
    )


def test_personal_places_are_blank() -> None:
    """Fields take their default or nothing, also the address; personal links lead to the list's page."""
    content = copied(
        edition(
            "Dear {{ name | default: friend }} of {{ town }}: {{ email }} [leave]({{ unsubscribe_url }})",
            subject="For {{ name | default: you }}",
        )
    )
    message = read(content)
    assert ("For you", "news@news.harbour.example") == (message["Subject"], message["To"])
    assert "Dear friend of : leave [1]" in " ".join(part(content, "plain").split())
    assert f'href="{PAGE}"' in part(content, "html")
    assert b"/unsubscribe/" not in content


def test_what_makes_a_copy_somebodys_is_left_out() -> None:
    """And all else stays, in its order, on lines as they were."""
    whole, message = copied(edition("Hi")), read(copied(edition("Hi")))
    assert [] == [name for name in LEFT_OUT if name in message]
    assert ["From", "To", "Subject", "Date", "Message-ID"] == message.keys()[:5]
    assert {"List-Id", "List-Archive", "Archived-At", "MIME-Version", "Content-Type"} <= set(message.keys())
    assert b"\n" not in whole.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("line", "quoted"),
    [(b"From me", b">From me"), (b">From me", b">>From me"), (b"From", b"From"), (b" From me", b" From me")],
)
def test_a_line_like_a_separator_is_quoted_and_comes_back(line: bytes, quoted: bytes) -> None:
    message = b"A: b\r\n\r\n" + line + b"\r\nend\r\n"
    entry = mbox_entry(message, sender="n@d.example", received="Fri May  1 10:00:00 2026")
    assert b"From n@d.example Fri May  1 10:00:00 2026\nA: b\n\n" + quoted + b"\nend\n\n" == entry
    assert line in re.sub(rb"(?m)^>(>*From )", rb"\1", entry).splitlines()
