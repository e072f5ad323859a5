"""The mailbox of `pressrun demo`: what the demo's own mail server accepted, and whom it refused.

Only the demo has these pages. An email's HTML is in a sandboxed frame with a URL of its own; its links open outside.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from markupsafe import Markup
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from pressrun.core.errors import EditionError
from pressrun.locales.languages import ENGLISH_TAG
from pressrun.message.content.html import rewrite_images, with_links
from pressrun.message.editions.read_back import read_parts
from pressrun.message.incoming.header_scan import header_fields
from pressrun.message.incoming.reading import decode_words
from pressrun.message.sources.mime_source import parse_mime_source
from pressrun.store.lists.lists import all_lists
from pressrun.web.context import WebContext
from pressrun.web.editors.preview import MAIL_POLICY
from pressrun.web.http.security import Table

MAX_SHOWN = 200
MAX_SHOWN_OF_GROUP = 100
# Chromium connects for these before it applies the policy.
_CONNECTS = re.compile("<(?=link|i?frame|object|embed|portal|fencedframe)", re.IGNORECASE)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)


class DemoMail(Struct, frozen=True, kw_only=True):
    """An accepted message as it came; `mail_from` is `""` for the null return path, `received_at` UTC seconds."""

    id: int
    received_at: float
    mail_from: str
    rcpt_to: tuple[str, ...]
    content: bytes


class DemoRefusal(Struct, frozen=True, kw_only=True):
    """A refused recipient, with the reply and how often the server gave it."""

    recipient: str
    reply: str
    count: int


class DemoMailbox(Protocol):
    """The demo's mail server: messages newest first, refusals in their order."""

    @property
    def messages(self) -> Sequence[DemoMail]: ...
    @property
    def refusals(self) -> Sequence[DemoRefusal]: ...


class _RecipientRow(Struct, frozen=True, kw_only=True):
    """One recipient in the table of outcomes."""

    recipient: str
    delivered: int
    refusals: tuple[str, ...]

    @property
    def outcome(self) -> str:
        if not self.refusals:
            return "delivered"
        return "delivered after a wait" if self.delivered else "refused"


class _Group(Struct, frozen=True, kw_only=True):
    """Emails with one subject, or the copies of one edition, whose subjects may differ: newest first."""

    subject: str
    mails: tuple[DemoMail, ...]

    @property
    def shown(self) -> tuple[DemoMail, ...]:
        return self.mails[:MAX_SHOWN_OF_GROUP]


class DemoPages:
    """The mailbox page and its mails."""

    def __init__(self, web: WebContext, mailbox: DemoMailbox) -> None:
        self._pages = web.pages
        self._database = web.database
        self._mailbox = mailbox
        self._known: dict[int, tuple[str, str]] = {}  # by the id of an email: its subject, and what it is grouped by

    def table(self) -> Table:
        return [
            ("/demo", self.index, ["GET"]),
            ("/demo/{number}", self.mail, ["GET"]),
            ("/demo/{number}/html", self.mail_html, ["GET"]),
            ("/demo/{number}/raw", self.raw, ["GET"]),
        ]

    async def index(self, _request: Request) -> Response:
        """The tour, the accepted emails, and the outcome for each recipient."""
        self._pages.choose_language(reader=ENGLISH_TAG)
        messages = self._mailbox.messages
        return self._pages.render(
            "demo/mailbox.html",
            sheets=[self._pages.editors_sheet],
            lists=await self._database.read(all_lists, listed_only=True),
            groups=self._grouped(messages)[:MAX_SHOWN],
            number=len(messages),
            lines=_outcomes(messages, self._mailbox.refusals),
        )

    async def mail(self, request: Request) -> Response:
        """One email: as its reader sees it, as text, and its headers."""
        mail = self._find(request)
        if mail is None:
            return self._pages.not_found()
        self._pages.choose_language(reader=ENGLISH_TAG)
        parts = read_parts(mail.content)
        header = re.split(rb"\r?\n\r?\n", mail.content, maxsplit=1)[0]
        return self._pages.render(
            "demo/mail.html",
            sheets=[self._pages.editors_sheet],
            allowing=["frame-src 'self'"],
            mail=mail,
            subject=self._subject_of(mail),
            has_html=parts.html is not None,
            text=Markup(with_links(parts.text)),  # noqa: S704 - it is escaped there
            header=header.decode("utf-8", "replace"),
        )

    async def mail_html(self, request: Request) -> Response:
        """The HTML of a mail, for the frame."""
        mail = self._find(request)
        page = None if mail is None else read_parts(mail.content).html
        if mail is None or page is None:
            return self._pages.not_found()
        page = rewrite_images(page, _inlined(mail.content))
        # Links must open in a new window, because our pages refuse to be shown in a frame.
        page = _CONNECTS.sub("<x-", page)
        page = _HEAD.sub(lambda match: f'{match[0]}<base target="_blank">', page, count=1)
        return HTMLResponse(page, headers={"Content-Security-Policy": MAIL_POLICY})

    async def raw(self, request: Request) -> Response:
        """An email as it was sent."""
        mail = self._find(request)
        if mail is None:
            return self._pages.not_found()
        return PlainTextResponse(mail.content.decode("utf-8", "replace"))

    def _find(self, request: Request) -> DemoMail | None:
        number = request.path_params["number"]
        return next((mail for mail in self._mailbox.messages if str(mail.id) == number), None)

    def _grouped(self, messages: Sequence[DemoMail]) -> list[_Group]:
        groups: dict[str, list[DemoMail]] = {}
        for mail in messages:
            groups.setdefault(self._parsed(mail)[1], []).append(mail)
        return [_Group(subject=self._subject_of(mails[0]), mails=tuple(mails)) for mails in groups.values()]

    def _subject_of(self, mail: DemoMail) -> str:
        return self._parsed(mail)[0]

    def _parsed(self, mail: DemoMail) -> tuple[str, str]:
        if mail.id not in self._known:
            header = dict(reversed(header_fields(mail.content)))  # the first field of a name counts
            subject = decode_words(header.get("subject", "")) or "(no subject)"
            feedback = header.get("feedback-id", "")
            self._known[mail.id] = (subject, feedback if ":edition:" in feedback else subject)
        return self._known[mail.id]


def _outcomes(messages: Sequence[DemoMail], refusals: Sequence[DemoRefusal]) -> list[_RecipientRow]:
    delivered: dict[str, int] = {}
    for mail in reversed(messages):
        for recipient in mail.rcpt_to:
            delivered[recipient] = delivered.get(recipient, 0) + 1
    refused: dict[str, list[str]] = {}
    for refusal in refusals:
        times = f" ({refusal.count} times)" if refusal.count > 1 else ""
        refused.setdefault(refusal.recipient, []).append(refusal.reply + times)
    return [
        _RecipientRow(
            recipient=recipient, delivered=delivered.get(recipient, 0), refusals=tuple(refused.get(recipient, ()))
        )
        for recipient in [*refused, *(name for name in delivered if name not in refused)][:MAX_SHOWN]
    ]


def _inlined(content: bytes) -> Callable[[str], str | None]:
    """Maps an image inside the email to a data URL; others are not loaded."""
    try:
        enclosed = {item.content_id: item for item in parse_mime_source(content).enclosed if item.content_id}
    except EditionError:
        enclosed = {}

    def source_of(source: str) -> str | None:
        item = enclosed.get(source.removeprefix("cid:")) if source.startswith("cid:") else None
        if item is None:
            return None
        return f"data:{item.media_type};base64,{base64.b64encode(item.content).decode('ascii')}"

    return source_of
