"""The other pages at `/confirm/`: a new address confirmed, a change of address or a leaving undone.

As for a confirmation, GET shows one button and changes nothing, POST acts, and doing it twice is as good as once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.address import parse_address
from pressrun.core.leaving_reason import find_leaving_reason
from pressrun.core.tokens import WebPurpose
from pressrun.message.wire.mailbox import parse_mailbox
from pressrun.message.words import Words, marked
from pressrun.services.editions.archive_reader import ListPage
from pressrun.services.readers.address_changes import AddressChangeOutcome, AddressChangePage, AddressChanges
from pressrun.services.readers.sign_ups import Origin, SubscriptionDetails
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.store.lists import MailingList
from pressrun.web.http.clients import Proxies
from pressrun.web.http.forms import first, read_fields_or_none
from pressrun.web.http.visitors import client_of
from pressrun.web.pages import Pages
from pressrun.web.readers import words
from pressrun.web.reading import ReadTokens

Answer = Callable[[Request, int], Awaitable[Response]]

_MOVED = marked(
    "Your newsletters now go to your new address. For a week, you can undo this with the link we've emailed to your "
    "old one."
)


class AnswerPages:
    """What the links do that notes about a change hold."""

    def __init__(
        self,
        *,
        pages: Pages,
        address_changes: AddressChanges,
        undo_unsubscribe: UndoUnsubscribe,
        list_page: Callable[[str], Awaitable[ListPage | None]],
        tokens: ReadTokens,
        proxies: Proxies,
    ) -> None:
        self._pages = pages
        self._address_changes = address_changes
        self._undo_unsubscribe = undo_unsubscribe
        self._list_page = list_page
        self._tokens = tokens
        self._proxies = proxies
        self._answers: dict[WebPurpose, Answer] = {
            WebPurpose.CHANGE: self._change,
            WebPurpose.UNDO_CHANGE: self._undo_change,
            WebPurpose.UNDO_LEAVING: self._undo_leaving,
        }

    async def show(self, request: Request) -> Response:
        """`/confirm/TOKEN`, for a token that confirms no subscription."""
        tokens = self._tokens()
        for purpose, answer in self._answers.items():
            match tokens.read(purpose, request.path_params["token"]):
                case (number, _expires_at):
                    return await answer(request, number)
        return self._pages.invalid_link()

    async def confirmed(self, standing: SubscriptionDetails, title: str) -> Response:
        """What somebody sees who has confirmed a subscription: the latest edition to begin with, and the next step."""
        page = await self._list_page(standing.list.name)
        return self._pages.render(
            "confirmed.html",
            about=standing.list,
            title=title,
            also=standing.also,
            latest=None if page is None or page.last is None else page.last.summary,
            sender=parse_mailbox(standing.list.from_address).address.typed,
        )

    # ------------------------------------------------------------------ another address

    async def _change(self, request: Request, number: int) -> Response:
        outcome, move = await self._address_changes.find(number)
        say = self._speak(move)
        button = words.change_button(say)
        if move is not None and outcome is AddressChangeOutcome.DONE:
            if request.method != "POST":
                question, until_now = words.change(say, move.new.typed), words.change_until_now(say, move.old.masked())
                return self._ask(say("Your new email address"), question, button, move.list, detail=until_now)
            # Only the new mailbox has this link, so its page shows that address whole. The evidence masks it: should
            # the change be undone, the evidence goes back to the old reader, and the new address must not go along.
            origin = self._origin(request, words.with_button(words.change(say, move.new.masked()), button))
            outcome, move = await self._address_changes.confirm(number, origin)
        if move is None or outcome is AddressChangeOutcome.OVER:
            return self._pages.invalid_link()
        return self._pages.message(
            say("Email address changed"),
            say(_MOVED),
            sign="done",
            about=move.list,
        )

    async def _undo_change(self, request: Request, number: int) -> Response:
        outcome, move = await self._address_changes.find_undo(number)
        say = self._speak(move)
        button = words.keep_address_button(say)
        if move is not None and outcome is AddressChangeOutcome.DONE:
            question = words.keep_address(say, move.old.masked())
            if request.method != "POST":
                return self._ask(button, question, button, move.list)
            origin = self._origin(request, words.with_button(question, button))
            outcome, move = await self._address_changes.undo(number, origin)
        if move is None or outcome is AddressChangeOutcome.OVER:
            return self._pages.invalid_link()
        return self._pages.message(
            say("Address unchanged"),
            say("Your newsletters still come to this address. Preferences links in earlier emails no longer work."),
            sign="done",
            about=move.list,
        )

    # ------------------------------------------------------------------ a leaving undone

    async def left(self, standing: SubscriptionDetails) -> Response | None:
        """What somebody sees who has just left: the way back, which their mail has, too, and the question why.

        None where it cannot be undone.
        """
        unsubscribes = await self._undo_unsubscribe.find_unsubscribe(standing.subscription.id)
        if unsubscribes is None:
            return None
        say, make = self._pages.words, self._tokens().make
        return self._pages.render(
            "left.html",
            about=standing.list,
            question=words.take_back(say, standing.list.title, _masked(standing)),
            button=words.take_back_button(say),
            undo=self._pages.href("confirm", make(WebPurpose.UNDO_LEAVING, unsubscribes.id, unsubscribes.expires_at)),
            reasons=words.leaving_reasons(say),
            why=self._pages.href("unsubscribe", "why", make(WebPurpose.WHY, unsubscribes.id, unsubscribes.expires_at)),
        )

    async def why(self, request: Request) -> Response:
        """`/unsubscribe/why/TOKEN`: the question why somebody left, which need not be answered, or the thanks."""
        token = request.path_params["token"]
        match self._tokens().read(WebPurpose.WHY, token):
            case (number, _expires_at):
                outcome, standing = await self._undo_unsubscribe.find(number)
            case _:
                return self._pages.invalid_link()
        if standing is None or outcome is not UndoOutcome.RESTORED:
            return self._pages.invalid_link()
        say = self._pages.speak(reader=standing.person.language, target=standing.list.language)
        fields = await read_fields_or_none(request) if request.method == "POST" else ()
        reason = find_leaving_reason(first(fields, "reason") or "")
        if reason is None:
            where = self._pages.href("unsubscribe", "why", token)
            return self._pages.render("why.html", about=standing.list, reasons=words.leaving_reasons(say), why=where)
        await self._undo_unsubscribe.say_why(number, reason)
        return self._pages.message(say("Thank you"), say("Your answer has been counted."), about=standing.list)

    async def _undo_leaving(self, request: Request, number: int) -> Response:
        outcome, standing = await self._undo_unsubscribe.find(number)
        say = self._pages.words
        if standing is not None:
            say = self._pages.speak(reader=standing.person.language, target=standing.list.language)
        button = words.take_back_button(say)
        if standing is not None and outcome is UndoOutcome.RESTORED:
            question = words.take_back(say, standing.list.title, _masked(standing))
            if request.method != "POST":
                return self._ask(button, question, button, standing.list)
            origin = self._origin(request, words.with_button(question, button))
            outcome, standing = await self._undo_unsubscribe.undo(number, origin)
        if standing is None or outcome is UndoOutcome.OVER:
            return self._pages.invalid_link()
        return self._pages.message(
            say("You're subscribed again"),
            say("Everything is just as it was."),
            sign="done",
            about=standing.list,
        )

    def _speak(self, move: AddressChangePage | None) -> Words:
        return self._pages.words if move is None else self._pages.speak(reader=move.language, target=move.list.language)

    def _ask(self, title: str, question: str, button: str, about: MailingList, *, detail: str = "") -> Response:
        return self._pages.render(
            "question.html",
            title=title,
            question=question,
            detail=detail,
            button=button,
            action="confirm",
            about=about,
        )

    def _origin(self, request: Request, shown: str) -> Origin:
        return Origin(
            source="web", ip=client_of(request, self._proxies), language=self._pages.words.language, words=shown
        )


def _masked(standing: SubscriptionDetails) -> str:
    return parse_address(standing.person.address).masked()
