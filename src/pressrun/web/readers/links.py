"""The pages behind the links of mails: confirming and unsubscribing.

GET shows one button and changes nothing, since programs that look at mail follow every link; POST acts. The same URL
takes the one-click POST of mail programs (RFC 8058): no cookie, no redirect, and as often as it comes.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pressrun.core.address import parse_address
from pressrun.core.subscription import SubscriptionState
from pressrun.core.tokens import TEST_ID, WebPurpose
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.sign_ups import Confirmed, Origin, SignUps, SubscriptionDetails
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome, Unsubscribes
from pressrun.web.http.clients import Proxies
from pressrun.web.http.forms import ONE_CLICK, first, read_fields_or_none
from pressrun.web.http.visitors import client_of
from pressrun.web.pages import Pages
from pressrun.web.readers import words
from pressrun.web.readers.answers import AnswerPages
from pressrun.web.reading import ReadTokens

ONE_CLICK_WORDS = "List-Unsubscribe=One-Click"  # RFC 8058 §3.2
PAUSE_DAYS = 30  # what the page of an unsubscribe link offers instead
_ONE_CLICK_DONE = PlainTextResponse("You are unsubscribed.\n")  # for mail programs, which show it to nobody


class LinkPages:
    """Confirming a request, and leaving a list."""

    def __init__(
        self,
        *,
        pages: Pages,
        sign_ups: SignUps,
        unsubscribes: Unsubscribes,
        preferences: Preferences,
        never_again: NeverAgain,
        answers: AnswerPages,
        tokens: ReadTokens,
        proxies: Proxies,
    ) -> None:
        self._never_again = never_again
        self._pages = pages
        self._sign_ups = sign_ups
        self._unsubscribes = unsubscribes
        self._preferences = preferences
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
        outcome, standing = await self._sign_ups.find_by_confirmation(confirmation)
        if standing is not None:
            self._speak(standing)
        if request.method == "POST" and outcome is Confirmed.CONFIRMED and standing is not None:
            shown = words.with_button(self._confirm_question(standing), words.confirm_button(self._pages.words))
            outcome, standing = await self._sign_ups.confirm(confirmation, self._origin(request, shown))
            if outcome is Confirmed.CONFIRMED and standing is not None:
                return await self._answers.confirmed(standing, self._pages.words("You're subscribed"))
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
            return await self._answers.confirmed(standing, self._pages.words("You've already confirmed"))
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
            await self._unsubscribes.leave(subscription, self._origin(request, ONE_CLICK_WORDS), edition_id=edition)
            return _ONE_CLICK_DONE
        standing = await self._sign_ups.find_by_subscription(subscription)
        if standing is not None:
            self._speak(standing)
        match first(fields, "action"):
            case "leave":
                return await self._leave(request, standing, subscription, edition)
            case "pause" if standing is not None and _can_pause(standing):
                return await self._pause(request, standing)
            case _:
                return self._leave_page(standing, request)

    async def _leave(
        self, request: Request, standing: SubscriptionDetails | None, subscription: int, edition: int
    ) -> Response:
        say, shown = self._pages.words, ""
        if standing is not None:
            shown = words.with_button(self._leave_question(standing), words.leave_button(say))
        left = await self._unsubscribes.leave(subscription, self._origin(request, shown), edition_id=edition)
        # Undo is offered only right after unsubscribing: anybody might open the same link later.
        page = None
        if standing is not None and left is UnsubscribeOutcome.LEFT:
            page = await self._answers.left(standing)
        return page or self._is_gone(standing, say("You've unsubscribed"))

    async def _pause(self, request: Request, standing: SubscriptionDetails) -> Response:
        say = self._pages.words
        shown = words.with_button(self._pause_question(standing), words.pause_button(say, PAUSE_DAYS))
        origin = self._origin(request, shown)
        paused = await self._preferences.pause_one(standing.subscription.id, PAUSE_DAYS, origin)
        until = None if paused is None else paused.subscription.paused_until
        if until is None:
            return self._leave_page(paused, request)
        return self._pages.message(
            say("Paused until {date}", date=say.day(until)),
            say("You won't receive {title} until then. It'll start again automatically.", title=standing.list.title),
            sign="done",
            about=standing.list,
        )

    def _speak(self, standing: SubscriptionDetails) -> None:
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
            title = say("Block all email?")
            return self._pages.render(
                "question.html", title=title, question=question, button=button, action="never-again", about=None
            )
        await self._never_again.refuse(subscriber, digests, self._origin(request, words.with_button(question, button)))
        return self._pages.message(
            say("All email blocked"),
            say("We won't email this address again, even if someone signs it up."),
        )

    def _origin(self, request: Request, shown: str) -> Origin:
        return Origin(
            source="web", ip=client_of(request, self._proxies), language=self._pages.words.language, words=shown
        )

    def _confirm_question(self, standing: SubscriptionDetails) -> str:
        say = self._pages.words
        return words.confirm(say, say.listed(standing.titles), _masked(standing))

    def _leave_question(self, standing: SubscriptionDetails) -> str:
        return words.leave(self._pages.words, standing.list.title, _masked(standing))

    def _pause_question(self, standing: SubscriptionDetails) -> str:
        return words.pause(self._pages.words, standing.list.title, _masked(standing))

    def _ask(
        self,
        title: str,
        question: str,
        button: str,
        action: str,
        standing: SubscriptionDetails,
        *,
        instead: tuple[str, str] | None = None,
    ) -> Response:
        """One question and its button; `instead` is a link to another question, as (path, words)."""
        return self._pages.render(
            "question.html",
            title=title,
            question=question,
            button=button,
            action=action,
            instead=instead,
            about=standing.list,
        )

    def _leave_page(self, standing: SubscriptionDetails | None, request: Request) -> Response:
        if standing is None or standing.subscription.state == "unsubscribed":
            return self._is_gone(standing, self._pages.words("You are not subscribed"))
        say = self._pages.words
        instead = None
        if _can_pause(standing):
            if "pause" in request.query_params:
                button = words.pause_button(say, PAUSE_DAYS)
                return self._ask(say("Pause"), self._pause_question(standing), button, "pause", standing)
            href = self._pages.href("unsubscribe", request.path_params["token"], pause=PAUSE_DAYS)
            instead = (href, words.pause_instead(say, PAUSE_DAYS))
        question, button = self._leave_question(standing), words.leave_button(say)
        return self._ask(say("Unsubscribe"), question, button, "leave", standing, instead=instead)

    def _is_gone(self, standing: SubscriptionDetails | None, title: str) -> Response:
        say = self._pages.words
        if standing is None:
            return self._pages.message(
                title, say("We don't send this newsletter to this address. You don't need to do anything."), sign="done"
            )
        href = self._pages.href(standing.list.name)
        return self._pages.message(
            title,
            say("You won't receive {title} any more.", title=standing.list.title),
            say("A mistake? You can subscribe again any time."),
            sign="done",
            about=standing.list,
            back=(href, say("Subscribe again")) if standing.list.closed_at is None else (href, standing.list.title),
        )

    def _has_left_since(self, standing: SubscriptionDetails) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("You've unsubscribed since then"),
            say("This link is older than that, so it no longer works. To come back, sign up again."),
            about=standing.list,
            back=(self._pages.href(standing.list.name), say("Subscribe again")),
        )

    def _was_used_before(self, standing: SubscriptionDetails) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("You've already used this link"),
            say("Our emails to you have bounced since, so we've paused them. To come back, sign up again."),
            about=standing.list,
            back=(self._pages.href(standing.list.name), say("Subscribe again")),
        )

    def _test_copy(self) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("This is a test copy"),
            say("In a real edition, this link opens a page with one button."),
            say("Nobody's subscription has changed."),
        )


def _can_pause(standing: SubscriptionDetails) -> bool:
    """Whether there are editions to come that a pause would keep away."""
    return standing.subscription.state is SubscriptionState.ACTIVE and standing.list.closed_at is None


def _masked(standing: SubscriptionDetails) -> str:
    return parse_address(standing.person.address).masked()
