"""Whole messages, byte by byte, as `tests/golden/*.eml` hold them.

They change only on purpose: `PRESSRUN_UPDATE_GOLDEN=1 pytest tests/message/test_golden.py` rewrites them, and the
difference is reviewed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.message.builders import PNG, build, edition, profile, site, values
from tests.message.notices.test_notices import NOTICES, copy

from pressrun.message.notices.build import build_notice
from pressrun.message.words import ENGLISH

GOLDEN = Path(__file__).parent.parent / "golden"

MARKDOWN = edition(
    "# The ferry sails again\n\nDear {{ name | default: friend }},\n\nthe *Marlin* is **back**: "
    "[timetable](https://ferry.example/?from={{ town }}).\n\n![The ferry](ferry.png)\n\n| Leaves | Fare |\n|---|--:|\n"
    "| 07:00 | 4.50 |\n\n- bicycles\n- dogs\n\n.\n",
    "preheader: New timetable",
    "attachments: [plan.pdf]",
)
MIME = (
    b"From: =?utf-8?Q?Caf=C3=A9?= <desk@harbour.example>\r\nSubject: A message, {{ name }}\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
    b"Plain {{ name }}\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Rich {{ name }}</p>\r\n--b--\r\n"
)


def message(kind: str) -> bytes:
    match kind:
        case "markdown":
            return build(MARKDOWN, assets={"ferry.png": PNG, "plan.pdf": b"%PDF-1.7\n"}).skeleton.copy(
                values(columns={"town": "Port & Quay"})
            )
        case "html":
            page = "<p>Hello <b>{{ name }}</b></p>\n<a href='{{ unsubscribe_url }}'>leave</a>"
            return build(edition(page), ".html").skeleton.copy(values(name='<O"Hara>'))
        case "text":
            return build(edition(".\n..\nFrom here\nto {{ town }}\n" + "x" * 200), ".txt").skeleton.copy(values())
        case "mime":
            return build(MIME, ".eml").skeleton.copy(values())
        case "subject":
            return build(edition("x", subject="Ahoi {{ name }}, 😀")).skeleton.copy(values(name="Ödön", is_test=True))
        case "non-latin":
            list_profile = profile(title="Письмо гавани", language="ru")
            return build(edition("Привет, {{ name }}!", subject="Новости"), list_profile=list_profile).skeleton.copy(
                values(name="Роза")
            )
        case _:
            return build_notice(NOTICES[0], copy(), words=ENGLISH, site=site(), profile=profile())


@pytest.mark.parametrize("kind", ["markdown", "html", "text", "mime", "subject", "non-latin", "confirmation"])
def test_a_message_is_what_it_was(kind: str) -> None:
    """Not one byte of a message changes by accident."""
    path = GOLDEN / f"{kind}.eml"
    if os.environ.get("PRESSRUN_UPDATE_GOLDEN"):
        path.write_bytes(message(kind))
    assert path.read_bytes() == message(kind)
