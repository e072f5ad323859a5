"""The pages behind the links of mails: confirming and unsubscribing.

GET shows one button and changes nothing, since programs that look at mail follow every link; POST acts. The same URL
takes the one-click POST of mail programs (RFC 8058): no cookie, no redirect, and as often as it comes.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pressrun.core.address import parse_address
from pressrun.core.tokens import TEST_ID, WebPurpose
from pressrun.services.readers.leaving import Leaving
from pressrun.services.readers.refusing import Refusing
from pressrun.services.readers.subscribing import Confirmed, Origin, Standing, Subscribing
from pressrun.web.http.clients import Proxies
from pressrun.web.http.forms import ONE_CLICK, first, read_fields_or_none
from pressrun.web.http.visitors import client_of
from pressrun.web.pages import Pages
from pressrun.web.readers import words
from pressrun.web.readers.answers import AnswerPages
from pressrun.web.readers.one_click import DONE, ONE_CLICK_WORDS
from pressrun.web.reading import ReadTokens


class LinkPages:
    """Confirming a request, and leaving a list."""

    def __init__(
        self,
        *,
        pages: Pages,
        subscribing: Subscribing,
        leaving: Leaving,
        refusing: Refusing,
        answers: AnswerPages,
        tokens: ReadTokens,
        proxies: Proxies,
    ) -> None:
        self._refusing = refusing
        self._pages = pages
        self._subscribing = subscribing
        self._leaving = leaving
        self._answers = answers
        self._tokens = tokens
        self._proxies = proxies

    async def confirm(self, request: Request) -> Response:
        """`/confirm/TOKEN`: the question, or its answer."""
        match self._tokens().read(WebPurpose.CONFIRM, request.path_params["token"]):
            case (confirmation, _expires_at):
                pass
            case _:
                return await self._answers.show(request)
        if confirmation == TEST_ID:
            return self._test_copy()
        outcome, standing = await self._subscribing.find_by_confirmation(confirmation)
        if standing is not None:
            self._speak(standing)
        if request.method == "POST" and outcome is Confirmed.CONFIRMED and standing is not None:
            shown = words.with_button(self._confirm_question(standing), words.confirm_button(self._pages.words))
            outcome, standing = await self._subscribing.confirm(confirmation, self._origin(request, shown))
            if outcome is Confirmed.CONFIRMED and standing is not None:
                return self._is_confirmed(standing, self._pages.words("You are subscribed"))
        if outcome is Confirmed.INVALID or standing is None:
            return self._pages.invalid_link()
        if outcome is Confirmed.CONFIRMED:
            return self._ask(
                self._pages.words("Confirm your subscription"),
                self._confirm_question(standing),
                words.confirm_button(self._pages.words),
                "confirm",
                standing,
            )
        if outcome is Confirmed.ALREADY:
            return self._is_confirmed(standing, self._pages.words("You have already confirmed"))
        return self._was_used_before(standing) if outcome is Confirmed.USED else self._has_left_since(standing)

    async def unsubscribe(self, request: Request) -> Response:
        """`/unsubscribe/TOKEN`: the question, its answer, or the one-click POST."""
        match self._tokens().read(WebPurpose.UNSUBSCRIBE, request.path_params["token"]):
            case (subscription, edition):
                pass
            case _:
                return self._pages.invalid_link()
        if subscription == TEST_ID:
            return self._test_copy()
        fields = await read_fields_or_none(request) if request.method == "POST" else ()
        if list(fields) == ONE_CLICK:
            await self._leaving.leave(subscription, self._origin(request, ONE_CLICK_WORDS), edition_id=edition)
            return PlainTextResponse(DONE)
        standing = await self._subscribing.find_by_subscription(subscription)
        if standing is not None:
            self._speak(standing)
        if first(fields, "action") != "leave":
            return self._leave_page(standing)
        shown = ""
        if standing is not None:
            shown = words.with_button(self._leave_question(standing), words.leave_button(self._pages.words))
        await self._leaving.leave(subscription, self._origin(request, shown), edition_id=edition)
        return self._is_gone(standing, self._pages.words("You are unsubscribed"))

    def _speak(self, standing: Standing) -> None:
        self._pages.speak(reader=standing.person.language, target=standing.list.language)

    async def never_again(self, request: Request) -> Response:
        """`/unsubscribe/never-again/TOKEN`, below a confirmation that nobody asked for: the question, or its answer."""
        match self._tokens().read(WebPurpose.NEVER_AGAIN, request.path_params["token"]):
            case (subscriber, *digests) if digests:
                pass
            case _:
                return self._pages.invalid_link()
        say = self._pages.words
        question, button = words.never_again(say), words.never_again_button(say)
        fields = await read_fields_or_none(request) if request.method == "POST" else ()
        if first(fields, "action") != "never-again":
            title = say("Never again")
            return self._pages.render(
                "question.html", title=title, question=question, button=button, action="never-again", about=None
            )
        await self._refusing.refuse(subscriber, digests, self._origin(request, words.with_button(question, button)))
        return self._pages.message(
            say("You get no more mail from here"),
            say("No list of this server writes to your address any more, whoever asks for it."),
        )

    def _origin(self, request: Request, shown: str) -> Origin:
        return Origin(
            source="web", ip=client_of(request, self._proxies), language=self._pages.words.language, words=shown
        )

    def _confirm_question(self, standing: Standing) -> str:
        return words.confirm(self._pages.words, standing.list.title, _masked(standing))

    def _leave_question(self, standing: Standing) -> str:
        return words.leave(self._pages.words, standing.list.title, _masked(standing))

    def _ask(self, title: str, question: str, button: str, action: str, standing: Standing) -> Response:
        return self._pages.render(
            "question.html", title=title, question=question, button=button, action=action, about=standing.list
        )

    def _leave_page(self, standing: Standing | None) -> Response:
        if standing is None or standing.subscription.state == "unsubscribed":
            return self._is_gone(standing, self._pages.words("You are not subscribed"))
        return self._ask(
            self._pages.words("Unsubscribe"),
            self._leave_question(standing),
            words.leave_button(self._pages.words),
            "leave",
            standing,
        )

    def _is_gone(self, standing: Standing | None, title: str) -> Response:
        say = self._pages.words
        if standing is None:
            return self._pages.message(
                title, say("This address gets no mail of this list. There is nothing to do."), sign="done"
            )
        href = self._pages.href(standing.list.name)
        return self._pages.message(
            title,
            say("No further edition goes out to you."),
            say("If that was a mistake, you can sign up again at any time."),
            sign="done",
            about=standing.list,
            back=(href, say("Sign up again")) if standing.list.closed_at is None else (href, standing.list.title),
        )

    def _is_confirmed(self, standing: Standing, title: str) -> Response:
        return self._pages.message(
            title,
            self._pages.words("From now on each edition comes to you. Every mail has a link to leave again."),
            sign="done",
            about=standing.list,
            back=(self._pages.href(standing.list.name), standing.list.title),
        )

    def _has_left_since(self, standing: Standing) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("You have left since"),
            say("This link is from before you unsubscribed, so it changes nothing. To come back, sign up again."),
            about=standing.list,
            back=(self._pages.href(standing.list.name), say("Sign up again")),
        )

    def _was_used_before(self, standing: Standing) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("You have used this link before"),
            say("Mail to you came back since, so nothing is sent to you now. To come back, sign up again."),
            about=standing.list,
            back=(self._pages.href(standing.list.name), say("Sign up again")),
        )

    def _test_copy(self) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("This is a test copy"),
            say("The link belongs to a mail that was sent as a test. In a real mail, its button stands here."),
            say("Nobody's subscription is changed."),
        )


def _masked(standing: Standing) -> str:
    return parse_address(standing.person.address).masked()
