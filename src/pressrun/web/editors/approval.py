"""The page behind the link that an editor is mailed: a held edition with its findings, its audience, and one button.

GET and HEAD change nothing, because mail scanners follow every link; POST sends or discards, once. The page shows a
copy as it would be sent. Its HTML comes from an author, so it is in a frame from a URL of its own: a sandbox without
script, form or origin of ours, which loads nothing.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pressrun.core.errors import EditionError, Refused
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.signing.tokens import WebPurpose
from pressrun.message.finding import refusal_of
from pressrun.message.words import Words, marked
from pressrun.services.drafts.draft_approval import HeldEdition
from pressrun.services.editions.edition_preview import Preview
from pressrun.services.editions.releases import DraftStatus
from pressrun.services.reports.edition_reports import report_to_editor
from pressrun.store.editions.editions import Edition
from pressrun.web.context import WebContext
from pressrun.web.editors.preview import MAIL_POLICY, NEW_WINDOW, POLICY, labelled, render_preview
from pressrun.web.editors.report import render_report, report_policy
from pressrun.web.http.forms import first, number_of, read_fields_or_none
from pressrun.web.use_cases import UseCases

# What became of an edition that was not sent: title and text.
_NOT_SENT = {
    DraftStatus.CANCELLED: (
        marked("This edition was cancelled"),
        marked("This link no longer sends it. To send it after all, email it to the newsletter again."),
    ),
    DraftStatus.REPLACED: (
        marked("There's a newer version"),
        marked("You sent a newer version of this email, so this link no longer sends anything. Use the latest link."),
    ),
    DraftStatus.CLOSED: (
        marked("This newsletter is closed"),
        marked("Nothing is sent to its readers any more, so this edition wasn't sent."),
    ),
    DraftStatus.SWITCHED_OFF: (
        marked("This newsletter doesn't accept editions by email at the moment"),
        marked("The edition wasn't sent. The link will work again once the operator lets editors post by email."),
    ),
    DraftStatus.NEEDS_APPROVAL: (
        marked("Someone else has to approve this edition"),
        marked("This newsletter sends an edition only after someone who didn't write it has approved it."),
    ),
}
# How an edition that was approved is doing: title and text.
_PROGRESS = {
    EditionState.FINISHED: (marked("Sent"), marked("It has gone out. No more copies will be sent.")),
    EditionState.CANCELLED: (
        marked("Stopped"),
        marked("It was stopped while it was going out. The remaining copies won't be sent."),
    ),
    EditionState.PAUSED: (
        marked("Paused"),
        marked("Nothing more goes out until whoever runs this service resumes it."),
    ),
}
_SENDING = (
    marked("It's on its way"),
    marked("You can close this page, or refresh it to see how far it is."),
)


class ApprovalPages:
    """Reviewing a held edition, and sending or discarding it."""

    def __init__(self, web: WebContext, cases: UseCases) -> None:
        self._web = web
        self._pages = web.pages
        self._draft_approval = cases.draft_approval

    async def show(self, request: Request) -> Response:
        """`/approve/TOKEN`: the edition, or what became of it; POST sends or discards it."""
        number = self._number(request)
        if number is None:
            return self._pages.invalid_link()
        action, seen = await _action(request) if request.method == "POST" else ("", None)
        is_done = False
        if action == "send":
            try:
                held, is_done = await self._draft_approval.release(number, seen)
            except Refused as problem:
                return await self._refused(number, problem)
        elif action == "discard":
            held, is_done = await self._draft_approval.discard(number, seen)
        else:
            held = await self._draft_approval.find(number)
        if held is None:
            return self._pages.invalid_link()
        say = self._pages.choose_language(reader=held.language)
        if action == "discard" and is_done:
            text = say("Nothing was sent. To send it after all, email it to the newsletter again.")
            return self._message(held, say("Draft discarded"), text)
        return self._page(request, held, is_done=is_done, is_changed=action in ("send", "discard"))

    async def _refused(self, number: int, problem: Refused) -> Response:
        """An edition that must not start, for a reason that its editor may know; it stays a draft."""
        held = await self._draft_approval.find(number)
        if held is None:
            return self._pages.invalid_link()
        say = self._pages.choose_language(reader=held.language)
        return self._message(held, say("Something went wrong"), problem.fact, status=409)

    def _page(self, request: Request, held: HeldEdition, *, is_done: bool, is_changed: bool) -> Response:
        if held.status is DraftStatus.HELD:
            asked = request.query_params.get("discard")
            if asked is not None and not is_changed:
                # Whoever comes from the page of the draft has seen that version.
                seen = request.query_params.get("version")
                is_changed = seen is not None and number_of(seen) != held.version
                if not is_changed:
                    return self._discard_page(request, held)
            if held.problem is not None:
                return self._unshown_page(held, held.problem)
            return self._held_page(request, held, is_changed=is_changed)
        was_started = held.status is DraftStatus.CANCELLED and held.edition.started_at is not None
        if held.status is DraftStatus.RELEASED or was_started:
            is_late = request.method == "POST" and not (is_done and held.status is DraftStatus.RELEASED)
            return self._released_page(request, held, is_late=is_late)
        title, text = _NOT_SENT[held.status]
        say = self._pages.words
        return self._message(held, say(title), say(text))

    async def edition(self, request: Request) -> Response:
        """`/approve/TOKEN/edition`: the HTML of a copy for the frame, with its images inside."""
        preview = await self._preview(request)
        page = None if preview is None else preview.shown.page
        if page is None:
            return self._pages.invalid_link()
        # Links must open in a new window, because our pages refuse to be shown in a frame.
        page = page.replace("<head>", NEW_WINDOW, 1)
        return HTMLResponse(page, headers={"Content-Security-Policy": MAIL_POLICY})

    async def preview(self, request: Request) -> Response:
        """`/approve/TOKEN/preview`: all parts of a copy, at the widths and in the colours that readers have."""
        preview = await self._preview(request)
        if preview is None:
            return self._pages.invalid_link()
        page = await asyncio.to_thread(render_preview, preview)
        return HTMLResponse(page, headers={"Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'"})

    async def report(self, request: Request) -> Response:
        """`/approve/TOKEN/report`: the report of a released edition, as `edition report --html` writes it."""
        number = self._number(request)
        now = int(self._web.clock())
        report = None if number is None else await self._web.database.read(report_to_editor, number, now)
        if report is None:
            return self._pages.invalid_link()
        page = await asyncio.to_thread(render_report, report)
        return HTMLResponse(page, headers={"Content-Security-Policy": f"{report_policy()}; frame-ancestors 'none'"})

    async def _preview(self, request: Request) -> Preview | None:
        number = self._number(request)
        return None if number is None else await self._draft_approval.preview(number)

    def _number(self, request: Request) -> int | None:
        """The edition of a link; None if the link is forged or has expired."""
        match self._web.read_token(WebPurpose.APPROVE, request):
            case (edition, expires_at) if not self._draft_approval.is_over(expires_at):
                return edition
            case _:
                return None

    def _held_page(self, request: Request, held: HeldEdition, *, is_changed: bool) -> Response:
        say, preview = self._pages.words, held.preview
        assert preview is not None  # as it has no problem
        token = request.path_params["token"]
        return self._pages.render(
            "approval.html",
            status=409 if is_changed else 200,
            is_changed=is_changed,
            sheets=[self._pages.editors_sheet],
            allowing=["frame-src 'self'"],
            about=held.list,
            held=held,
            findings=[labelled(finding, say) for finding in held.findings],
            readers=say.counted("{number} reader", "{number} readers", held.audience),
            send=say.counted("Send it to {number} reader", "Send it to {number} readers", held.audience),
            preview=preview.copy,
            shown=preview.shown,
            size=say.size(len(preview.copy.message)),
            frame=self._pages.href("approve", token, "edition"),
            full_preview=self._pages.href("approve", token, "preview"),
            discard=self._pages.href("approve", token, discard=1, version=held.version),
        )

    def _unshown_page(self, held: HeldEdition, problem: EditionError) -> Response:
        """A draft that cannot be shown can be discarded, but not approved."""
        say = self._pages.words
        text = refusal_of(problem).text(say)
        return self._message(held, say("Something went wrong"), text, action=("discard", say("Discard draft")))

    def _discard_page(self, request: Request, held: HeldEdition) -> Response:
        say = self._pages.words
        return self._message(
            held,
            say("Discard this draft?"),
            say(
                "It won't be sent, and its link stops working. To send it after all, email it to the newsletter again."
            ),
            action=("discard", say("Discard draft")),
            back=(self._pages.href("approve", request.path_params["token"]), say("Back to the draft")),
        )

    def _released_page(self, request: Request, held: HeldEdition, *, is_late: bool) -> Response:
        say = self._pages.words
        if held.edition.started_at is None:
            return self._message(held, say("This edition was already approved"), _waits(held.edition, say))
        if not held.audience:
            text = say("The edition is published, but nobody is subscribed, so no email was sent.")
            return self._message(held, say("No readers yet"), text)
        archived = None
        if held.list.archive == "public" and held.edition.first_claim_at is not None:
            archived = self._pages.href(held.list.name, "archive", held.edition.slug)
        state, token = held.edition.state, request.path_params["token"]
        is_over = state in (EditionState.FINISHED, EditionState.CANCELLED)
        title, text = _PROGRESS.get(state, _SENDING)
        return self._pages.render(
            "approval_sent.html",
            sheets=[self._pages.editors_sheet],
            about=held.list,
            held=held,
            title=say("This edition was already approved") if is_late else say(title),
            sign="done" if state is EditionState.FINISHED else "mail",
            text=say(text),
            copies=held.copies,
            waiting=held.waiting,
            refresh=None if is_over else self._pages.href("approve", token),
            report=self._pages.href("approve", token, "report"),
            archived=archived,
        )

    def _message(
        self,
        held: HeldEdition,
        title: str,
        text: str,
        *,
        status: int = 200,
        action: tuple[str, str] | None = None,
        back: tuple[str, str] | None = None,
    ) -> Response:
        """A message about an edition; `action` is a button as (value, words), `back` a link as (path, words)."""
        return self._pages.render(
            "approval_said.html",
            status=status,
            about=held.list,
            held=held,
            title=title,
            text=text,
            action=action,
            back=back,
        )


def _waits(edition: Edition, say: Words) -> str:
    """What an approved edition that has not started waits for."""
    if edition.state is EditionState.PAUSED:
        return say("Nothing more goes out until whoever runs this service resumes it.")
    at = edition.scheduled_at
    when = "" if at is None else f" {say.day(at)}, {datetime.fromtimestamp(at, UTC):%H:%M} UTC"
    return say("It is scheduled.") + when


async def _action(request: Request) -> tuple[str, int | None]:
    """What a POST does, and about which version: what its button says, or send whatever is there if it has no body."""
    if not await request.body():
        return "send", None
    fields = await read_fields_or_none(request)
    version = first(fields, "version")
    return first(fields, "action") or "", None if version is None else number_of(version)
