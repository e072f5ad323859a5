"""Editions read in the helper process: what comes back, and what is too much for the daemon to build."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pressrun.core.errors import UnreadableMail
from pressrun.sandbox import helper_process as helper
from pressrun.sandbox.frames import Made, NotMade, Question, ReadAs
from pressrun.sandbox.mail_parser import ParserLimits, SandboxedParser

PAGE = b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>hello</p>\r\n"


@pytest_asyncio.fixture
async def reader() -> AsyncIterator[SandboxedParser]:
    opened = SandboxedParser(ParserLimits(wall_seconds=30.0, cpu_seconds=5))
    yield opened
    await opened.close()


async def test_an_edition_comes_back_whole(reader: SandboxedParser) -> None:
    """With its source and ids."""
    head = b"Message-ID: <m@x.example>\r\n"
    posted = await reader.read_edition(head + PAGE)
    assert ("x", "m@x.example") == (posted.subject, posted.message_id)
    assert b"<p>hello</p>" in posted.source


async def test_a_large_attachment_is_read(reader: SandboxedParser) -> None:
    """Editions may be larger than what a command is cut to."""
    part = b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body = b"--b\r\n\r\nhello\r\n" + part + (b"QUJD" * 19 + b"\r\n") * 40_000 + b"--b--\r\n"
    posted = await reader.read_edition(b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + body)
    assert len(posted.source) > 3_000_000


def test_what_takes_long_to_build_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon would stand still while it builds the edition."""
    question = Question(PAGE, ReadAs.EDITION)
    assert isinstance(helper.answer(question), Made)
    monkeypatch.setattr(helper, "_BUILD_SECONDS", -1.0)
    refused = helper.answer(question)
    assert isinstance(refused, NotMade)
    assert refused.reason.startswith("the edition takes longer than")


async def test_a_refusal_says_why(reader: SandboxedParser) -> None:
    """In a sentence for the editor, and by its code for whoever says it in their language."""
    with pytest.raises(UnreadableMail, match="This email has no subject") as raised:
        await reader.read_edition(b"Content-Type: text/plain\r\n\r\nhello\r\n")
    assert {"code": "mail-no-subject", "values": {}} == raised.value.remark
