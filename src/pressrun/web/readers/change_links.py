"""The other pages at `/confirm/`: a new address confirmed, a change of address or an unsubscription undone.

As for a confirmation, GET shows one button and changes nothing, POST acts, and doing it twice is as good as once.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import find_leaving_reason
from pressrun.core.signing.tokens import WebPurpose
from pressrun.message.wire.mailbox import parse_mailbox
from pressrun.message.words import Words, marked
from pressrun.services.archives.list_reader import list_page
from pressrun.services.readers.address_changes import AddressChangeOutcome, AddressChangePage
from pressrun.services.readers.undo_unsubscribe import UndoOutcome
from pressrun.store.readers import unsubscribes
from pressrun.store.readers.subscriptions import SubscriptionDetails
from pressrun.web import consent_words
from pressrun.web.consent_words import ConsentQuestion
from pressrun.web.context import WebContext
from pressrun.web.http.forms import first, read_fields_or_none
from pressrun.web.use_cases import UseCases

_MOVED = marked(
    "Your newsletters now go to your new address. For a week, you can undo this with the link we've emailed to your "
    "old one."
)


class ChangeLinkPages:
    """What the links in notes about a change do."""

    def __init__(self, web: WebContext, cases: UseCases) -> None:
        self._web = web
        self._pages = web.pages
        self._cases = cases
        self._handlers = {
            WebPurpose.CHANGE: self._change,
            WebPurpose.UNDO_CHANGE: self._undo_change,
            WebPurpose.UNDO_UNSUBSCRIBE: self._undo_leaving,
        }

    async def show(self, request: Request) -> Response:
        """`/confirm/TOKEN`, for a token that confirms no subscription."""
        for purpose, handler in self._handlers.items():
            match self._web.read_token(purpose, request):
                case (number, _expires_at):
                    return await handler(request, number)
        return self._pages.invalid_link()

    async def confirmed(self, details: SubscriptionDetails, title: str) -> Response:
        """The page after confirming a subscription: the latest edition to begin with, and the next step."""
        page = await self._web.database.read(list_page, details.list.name)
        return self._pages.render(
            "confirmed.html",
            about=details.list,
            title=title,
            also=details.also,
            latest=None if page is None or page.last is None else page.last.summary,
            sender=parse_mailbox(details.list.from_address).address.typed,
        )

    async def _change(self, request: Request, number: int) -> Response:
        outcome, change = await self._cases.address_changes.find(number)
        say = self._choose_language(change)
        if change is not None and outcome is AddressChangeOutcome.DONE:
            if request.method != "POST":
                question = consent_words.change(say, change.new.typed)
                detail = consent_words.change_until_now(say, change.old.masked())
                title = say("Your new email address")
                return self._pages.question(title, question, action="confirm", about=change.list, detail=detail)
            # Only the new mailbox has this link, so its page shows that address in full. The evidence masks it: if
            # the change is undone, the evidence goes back to the old reader, who must not see the new address.
            question = consent_words.change(say, change.new.masked())
            origin = self._web.origin(request, question.recorded)
            outcome, change = await self._cases.address_changes.confirm(number, origin)
        if change is None or outcome is AddressChangeOutcome.OVER:
            return self._pages.invalid_link()
        return self._pages.message(say("Email address changed"), say(_MOVED), sign="done", about=change.list)

    async def _undo_change(self, request: Request, number: int) -> Response:
        outcome, change = await self._cases.address_changes.find_undo(number)
        say = self._choose_language(change)
        if change is not None and outcome is AddressChangeOutcome.DONE:
            question = consent_words.keep_address(say, change.old.masked())
            if request.method != "POST":
                return self._pages.question(question.button, question, action="confirm", about=change.list)
            origin = self._web.origin(request, question.recorded)
            outcome, change = await self._cases.address_changes.undo(number, origin)
        if change is None or outcome is AddressChangeOutcome.OVER:
            return self._pages.invalid_link()
        return self._pages.message(
            say("Address unchanged"),
            say("Your newsletters still come to this address. Preferences links in earlier emails no longer work."),
            sign="done",
            about=change.list,
        )

    def _choose_language(self, change: AddressChangePage | None) -> Words:
        if change is None:
            return self._pages.words
        return self._pages.choose_language(reader=change.language, target=change.list.language)

    async def left(self, details: SubscriptionDetails) -> Response | None:
        """The page after unsubscribing: the way back, which the reader's email has, too, and the question why.

        None where it cannot be undone.
        """
        number, now = details.subscription.id, int(self._web.clock())
        unsubscribe = await self._web.database.read(unsubscribes.find_unsubscribe, number, now)
        if unsubscribe is None:
            return None
        say, make = self._pages.words, self._web.tokens().make
        question = self._undo_question(details)
        return self._pages.render(
            "left.html",
            about=details.list,
            question=question.text,
            button=question.button,
            undo=self._pages.href("confirm", make(WebPurpose.UNDO_UNSUBSCRIBE, unsubscribe.id, unsubscribe.expires_at)),
            reasons=consent_words.leaving_reasons(say),
            why=self._pages.href("unsubscribe", "why", make(WebPurpose.WHY, unsubscribe.id, unsubscribe.expires_at)),
        )

    async def why(self, request: Request) -> Response:
        """`/unsubscribe/why/TOKEN`: the question why somebody left, which they need not answer, or the thanks."""
        match self._web.read_token(WebPurpose.WHY, request):
            case (number, _expires_at):
                outcome, details = await self._cases.undo_unsubscribe.find(number)
            case _:
                return self._pages.invalid_link()
        if details is None or outcome is not UndoOutcome.RESTORED:
            return self._pages.invalid_link()
        say = self._pages.choose_language(reader=details.person.language, target=details.list.language)
        fields = await read_fields_or_none(request) if request.method == "POST" else ()
        reason = find_leaving_reason(first(fields, "reason") or "")
        if reason is None:
            where = self._pages.href("unsubscribe", "why", request.path_params["token"])
            reasons = consent_words.leaving_reasons(say)
            return self._pages.render("why.html", about=details.list, reasons=reasons, why=where)
        await self._cases.undo_unsubscribe.record_reason(number, reason)
        return self._pages.message(say("Thank you"), say("Your answer has been counted."), about=details.list)

    async def _undo_leaving(self, request: Request, number: int) -> Response:
        outcome, details = await self._cases.undo_unsubscribe.find(number)
        say = self._pages.words
        if details is not None:
            say = self._pages.choose_language(reader=details.person.language, target=details.list.language)
        if details is not None and outcome is UndoOutcome.RESTORED:
            question = self._undo_question(details)
            if request.method != "POST":
                return self._pages.question(question.button, question, action="confirm", about=details.list)
            origin = self._web.origin(request, question.recorded)
            outcome, details = await self._cases.undo_unsubscribe.undo(number, origin)
        if details is None or outcome is UndoOutcome.OVER:
            return self._pages.invalid_link()
        return self._pages.message(
            say("You're subscribed again"), say("Everything is just as it was."), sign="done", about=details.list
        )

    def _undo_question(self, details: SubscriptionDetails) -> ConsentQuestion:
        masked = parse_address(details.person.address).masked()
        return consent_words.subscribe_again(self._pages.words, details.list.title, masked)
