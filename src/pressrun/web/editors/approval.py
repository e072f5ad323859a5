"""The page behind the link that an editor is mailed: a held edition with its findings, its audience, and one button.

GET and HEAD change nothing, since programs that look at mail follow every link; POST sends, once. The edition's HTML
is an author's, so it is shown in a frame from a URL of its own: a sandbox without script, form or origin of ours.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pressrun.core.edition import EditionState
from pressrun.core.tokens import WebPurpose
from pressrun.locales.languages import ENGLISH_TAG
from pressrun.services.editions.approving import Approving, HeldEdition
from pressrun.services.editions.releasing import Standing
from pressrun.web.archives.archive import EDITION_POLICY, asset_headers
from pressrun.web.editors.preview import POLICY, render_preview
from pressrun.web.http.forms import first, parse_fields_or_none, read_form
from pressrun.web.pages import Pages
from pressrun.web.reading import ReadTokens

_FRAME_POLICY = EDITION_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


class ApprovalPages:
    """Looking at a held edition, and letting it go."""

    def __init__(self, *, pages: Pages, approving: Approving, tokens: ReadTokens) -> None:
        self._pages = pages
        self._approving = approving
        self._tokens = tokens

    async def show(self, request: Request) -> Response:
        """`/approve/TOKEN`: the edition, or what became of it; POST sends it."""
        number = self._number(request)
        if number is None:
            return self._pages.invalid_link()
        if request.method == "POST" and await _sends(request):
            held, is_done = await self._approving.release(number)
        else:
            held, is_done = await self._approving.look(number), False
        if held is None:
            return self._pages.invalid_link()
        self._pages.speak(reader=ENGLISH_TAG)  # what only editors see stays English
        match held.standing:
            case Standing.HELD:
                return self._ask(request, held)
            case Standing.RELEASED:
                return self._released(held, is_done=is_done)
            case Standing.CANCELLED:
                return self._cancelled(held)
            case Standing.REPLACED:
                return self._replaced(held)
            case Standing.CLOSED:
                return self._closed(held)
            case Standing.SWITCHED_OFF:
                return self._switched_off(held)

    async def edition(self, request: Request) -> Response:
        """`/approve/TOKEN/edition`: the HTML for the frame."""
        number = self._number(request)
        held = None if number is None else await self._approving.look(number)
        if held is None or not held.is_shown:
            return self._pages.invalid_link()
        prefix = self._pages.href("approve", request.path_params["token"], "asset") + "/"
        return self._pages.render(
            "approval_frame.html",
            headers={"Content-Security-Policy": _FRAME_POLICY},
            held=held,
            content=held.html_with_images(prefix),
        )

    async def preview(self, request: Request) -> Response:
        """`/approve/TOKEN/preview`: all parts of a copy, as wide and as dark as its readers have it."""
        number = self._number(request)
        found = None if number is None else await self._approving.preview(number)
        if found is None:
            return self._pages.invalid_link()
        page = await asyncio.to_thread(render_preview, found)
        return HTMLResponse(page, headers={"Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'"})

    async def asset(self, request: Request) -> Response:
        """`/approve/TOKEN/asset/FILE`: an image of the edition."""
        number = self._number(request)
        found = None if number is None else await self._approving.asset(number, request.path_params["file"])
        if found is None:
            return self._pages.invalid_link()
        return Response(found.content, headers=asset_headers(found))

    def _number(self, request: Request) -> int | None:
        """The edition that a link is about; None for one that is forged or whose time is over."""
        match self._tokens().read(WebPurpose.APPROVE, request.path_params["token"]):
            case (edition, expires_at) if not self._approving.is_over(expires_at):
                return edition
            case _:
                return None

    def _ask(self, request: Request, held: HeldEdition) -> Response:
        return self._pages.render(
            "approval.html",
            sheets=[self._pages.editors_sheet],
            allowing=["frame-src 'self'"],
            about=held.list,
            held=held,
            findings=[(found.severity.value, found.said(self._pages.words)) for found in held.findings],
            audience=f"{held.audience:,}",
            frame=self._pages.href("approve", request.path_params["token"], "edition"),
            preview=self._pages.href("approve", request.path_params["token"], "preview"),
        )

    def _released(self, held: HeldEdition, *, is_done: bool) -> Response:
        say, number = self._pages.words, held.audience
        if not number:
            title = say("The list has no reader")
            text = say("The edition was released, but nobody is subscribed, so nothing was sent.")
            return self._pages.message(title, text, about=held.list)
        title = say("It is on its way") if is_done else say("This edition was released already")
        goes_to = say("It goes to 1 reader.") if number == 1 else say("It goes to %s readers.") % f"{number:,}"
        said = [f"“{held.edition.title}”", goes_to]
        if not is_done:
            said.append(self._progress(held))
        back = None
        if held.list.archive == "public" and held.edition.first_claim_at is not None:
            back = (self._pages.href(held.list.name, "archive", held.edition.slug), say("View it in the archive"))
        return self._pages.message(title, *said, about=held.list, back=back)

    def _progress(self, held: HeldEdition) -> str:
        say, delivered = self._pages.words, f"{held.delivered:,}"
        match held.edition.state:
            case EditionState.FINISHED:
                return say("It is finished. Delivered copies: %s.") % delivered
            case EditionState.PAUSED:
                return say("It is paused. Delivered copies: %s.") % delivered
            case _:
                return say("It is being sent. Delivered copies so far: %s.") % delivered

    def _cancelled(self, held: HeldEdition) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("This edition was cancelled"),
            f"“{held.edition.title}”",
            say("It is not sent by this link any more. To send it after all, mail it to the list once more."),
            about=held.list,
        )

    def _replaced(self, held: HeldEdition) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("There is a newer version"),
            f"“{held.edition.title}”",
            say("You sent a newer version of this email, so this link no longer sends anything. Use the newest email."),
            about=held.list,
        )

    def _closed(self, held: HeldEdition) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("This list is closed"),
            f"“{held.edition.title}”",
            say("Nothing is sent to its readers any more, so the edition was not sent."),
            about=held.list,
            back=(self._pages.href(held.list.name), held.list.title),
        )

    def _switched_off(self, held: HeldEdition) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("This list takes no editions by email now"),
            f"“{held.edition.title}”",
            say("The edition was not sent. The link works again when the operator lets editors post by email again."),
            about=held.list,
        )


async def _sends(request: Request) -> bool:
    """Whether a POST is that of the button, or has no body at all."""
    body = await read_form(request)
    return not body or first(parse_fields_or_none(request.headers.get("content-type", ""), body), "action") == "send"
