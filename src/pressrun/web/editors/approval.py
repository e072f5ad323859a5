"""The page behind the link that an editor is mailed: a held edition with its findings, its audience, and one button.

GET and HEAD change nothing, since programs that look at mail follow every link; POST sends or discards, once. What is
shown is a copy as it would be sent. Its HTML is an author's, so it stands in a frame from a URL of its own: a sandbox
without script, form or origin of ours, from which nothing is fetched.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pressrun.core.edition import EditionState
from pressrun.core.tokens import WebPurpose
from pressrun.message.editions.read_back import with_images_inside
from pressrun.services.editions.draft_approval import DraftApproval, HeldEdition
from pressrun.services.editions.draft_status import DraftStatus
from pressrun.services.editions.edition_preview import Preview
from pressrun.services.reports.editor_reports import EditorReports
from pressrun.web.editors.preview import MAIL_POLICY, NEW_WINDOW, POLICY, labelled, render_preview
from pressrun.web.editors.report import render_report, report_policy
from pressrun.web.http.forms import first, parse_fields_or_none, read_form
from pressrun.web.pages import Pages
from pressrun.web.reading import ReadTokens


class ApprovalPages:
    """Looking at a held edition, and letting it go."""

    def __init__(
        self, *, pages: Pages, draft_approval: DraftApproval, editor_reports: EditorReports, tokens: ReadTokens
    ) -> None:
        self._pages = pages
        self._draft_approval = draft_approval
        self._editor_reports = editor_reports
        self._tokens = tokens

    async def show(self, request: Request) -> Response:
        """`/approve/TOKEN`: the edition, or what became of it; POST sends it or discards it."""
        number = self._number(request)
        if number is None:
            return self._pages.invalid_link()
        action = await _action(request) if request.method == "POST" else ""
        is_done = False
        if action == "send":
            held, is_done = await self._draft_approval.release(number)
        elif action == "discard":
            held, is_done = await self._draft_approval.discard(number)
        else:
            held = await self._draft_approval.find(number)
        if held is None:
            return self._pages.invalid_link()
        self._pages.speak(reader=held.language)
        if action == "discard" and is_done:
            return self._discarded(held)
        return self._standing(request, held, is_done=is_done)

    def _standing(self, request: Request, held: HeldEdition, *, is_done: bool) -> Response:
        match held.status:
            case DraftStatus.HELD if "discard" in request.query_params:
                return self._ask_to_discard(request, held)
            case DraftStatus.HELD:
                return self._ask(request, held)
            case DraftStatus.RELEASED:
                return self._released(request, held, is_done=is_done)
            case DraftStatus.CANCELLED if held.edition.started_at is not None:
                return self._released(request, held, is_done=False)
            case DraftStatus.CANCELLED:
                return self._cancelled(held)
            case DraftStatus.REPLACED:
                return self._replaced(held)
            case DraftStatus.CLOSED:
                return self._closed(held)
            case DraftStatus.SWITCHED_OFF:
                return self._switched_off(held)

    async def edition(self, request: Request) -> Response:
        """`/approve/TOKEN/edition`: the HTML of a copy for the frame, with its images inside."""
        found = await self._preview(request)
        page = None if found is None else with_images_inside(found.parts)
        if page is None:
            return self._pages.invalid_link()
        # A link must not replace the frame, where no page of ours lets itself be shown.
        page = page.replace("<head>", NEW_WINDOW, 1)
        return HTMLResponse(page, headers={"Content-Security-Policy": MAIL_POLICY})

    async def preview(self, request: Request) -> Response:
        """`/approve/TOKEN/preview`: all parts of a copy, as wide and as dark as its readers have it."""
        found = await self._preview(request)
        if found is None:
            return self._pages.invalid_link()
        page = await asyncio.to_thread(render_preview, found)
        return HTMLResponse(page, headers={"Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'"})

    async def report(self, request: Request) -> Response:
        """`/approve/TOKEN/report`: how a released edition fares, as `edition report --html` writes it."""
        number = self._number(request)
        found = None if number is None else await self._editor_reports.report(number)
        if found is None:
            return self._pages.invalid_link()
        page = await asyncio.to_thread(render_report, found)
        return HTMLResponse(page, headers={"Content-Security-Policy": f"{report_policy()}; frame-ancestors 'none'"})

    async def _preview(self, request: Request) -> Preview | None:
        number = self._number(request)
        return None if number is None else await self._draft_approval.preview(number)

    def _number(self, request: Request) -> int | None:
        """The edition that a link is about; None for one that is forged or whose time is over."""
        match self._tokens().read(WebPurpose.APPROVE, request.path_params["token"]):
            case (edition, expires_at) if not self._draft_approval.is_over(expires_at):
                return edition
            case _:
                return None

    def _ask(self, request: Request, held: HeldEdition) -> Response:
        say, preview = self._pages.words, held.preview
        assert preview is not None  # whoever looks at a held edition sees it
        token = request.path_params["token"]
        return self._pages.render(
            "approval.html",
            sheets=[self._pages.editors_sheet],
            allowing=["frame-src 'self'"],
            about=held.list,
            held=held,
            findings=[labelled(found, say) for found in held.findings],
            readers=say.counted("{number} reader", "{number} readers", held.audience),
            send=say.counted("Send it to {number} reader", "Send it to {number} readers", held.audience),
            preview=preview,
            has_html=preview.parts.html is not None,
            size=say.size(len(preview.message)),
            frame=self._pages.href("approve", token, "edition"),
            full_preview=self._pages.href("approve", token, "preview"),
            discard=self._pages.href("approve", token, discard=1),
        )

    def _ask_to_discard(self, request: Request, held: HeldEdition) -> Response:
        say = self._pages.words
        return self._say(
            held,
            say("Discard this draft?"),
            say(
                "It won't be sent, and its link stops working. To send it after all, email it to the newsletter again."
            ),
            action=("discard", say("Discard draft")),
            back=(self._pages.href("approve", request.path_params["token"]), say("Back to the draft")),
        )

    def _discarded(self, held: HeldEdition) -> Response:
        say = self._pages.words
        return self._say(
            held,
            say("Draft discarded"),
            say("Nothing was sent. To send it after all, email it to the newsletter again."),
        )

    def _released(self, request: Request, held: HeldEdition, *, is_done: bool) -> Response:
        say = self._pages.words
        if not held.audience:
            text = say("The edition is published, but nobody is subscribed, so no email was sent.")
            return self._say(held, say("No readers yet"), text)
        archived = None
        if held.list.archive == "public" and held.edition.first_claim_at is not None:
            archived = self._pages.href(held.list.name, "archive", held.edition.slug)
        is_over = held.edition.state in (EditionState.FINISHED, EditionState.CANCELLED)
        is_late = request.method == "POST" and not is_done
        title = say("This edition was already approved") if is_late else self._title(held)
        return self._pages.render(
            "approval_sent.html",
            sheets=[self._pages.editors_sheet],
            about=held.list,
            held=held,
            title=title,
            sign="done" if held.edition.state is EditionState.FINISHED else "mail",
            text=self._progress(held),
            copies=held.copies,
            waiting=held.waiting,
            refresh=None if is_over else self._pages.href("approve", request.path_params["token"]),
            report=self._pages.href("approve", request.path_params["token"], "report"),
            archived=archived,
        )

    def _title(self, held: HeldEdition) -> str:
        say = self._pages.words
        match held.edition.state:
            case EditionState.FINISHED:
                return say("Sent")
            case EditionState.CANCELLED:
                return say("Stopped")
            case EditionState.PAUSED:
                return say("Paused")
            case _:
                return say("It's on its way")

    def _progress(self, held: HeldEdition) -> str:
        say = self._pages.words
        match held.edition.state:
            case EditionState.FINISHED:
                return say("It has gone out. No more copies will be sent.")
            case EditionState.CANCELLED:
                return say("It was stopped while it was going out. The remaining copies won't be sent.")
            case EditionState.PAUSED:
                return say("Nothing more goes out until whoever runs this service resumes it.")
            case _:
                return say("You can close this page, or refresh it to see how far it is.")

    def _cancelled(self, held: HeldEdition) -> Response:
        say = self._pages.words
        text = say("This link no longer sends it. To send it after all, email it to the newsletter again.")
        return self._say(held, say("This edition was cancelled"), text)

    def _replaced(self, held: HeldEdition) -> Response:
        say = self._pages.words
        text = say(
            "You sent a newer version of this email, so this link no longer sends anything. Use the latest link."
        )
        return self._say(held, say("There's a newer version"), text)

    def _closed(self, held: HeldEdition) -> Response:
        say = self._pages.words
        text = say("Nothing is sent to its readers any more, so this edition wasn't sent.")
        return self._say(held, say("This newsletter is closed"), text)

    def _switched_off(self, held: HeldEdition) -> Response:
        say = self._pages.words
        text = say("The edition wasn't sent. The link will work again once the operator lets editors post by email.")
        return self._say(held, say("This newsletter doesn't accept editions by email at the moment"), text)

    def _say(
        self,
        held: HeldEdition,
        title: str,
        *paragraphs: str,
        action: tuple[str, str] | None = None,
        back: tuple[str, str] | None = None,
    ) -> Response:
        """A page that says one thing of an edition; `action` is a button as (value, words), `back` a link."""
        return self._pages.render(
            "approval_said.html",
            about=held.list,
            held=held,
            title=title,
            paragraphs=paragraphs,
            action=action,
            back=back,
        )


async def _action(request: Request) -> str:
    """What a POST asks for: that of its button, or to send where it has no body at all."""
    body = await read_form(request)
    if not body:
        return "send"
    return first(parse_fields_or_none(request.headers.get("content-type", ""), body), "action") or ""
