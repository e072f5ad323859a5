"""The pages behind the links in emails: confirming and unsubscribing.

GET shows one button and changes nothing, because mail scanners follow every link; POST acts. The unsubscribe URL also
accepts the one-click POST of mail programs (RFC 8058), without cookie or redirect, as often as it is sent.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.tokens import TEST_ID, WebPurpose
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome
from pressrun.store.readers.subscriptions import SubscriptionDetails
from pressrun.web import consent_words
from pressrun.web.consent_words import ConsentQuestion
from pressrun.web.context import WebContext
from pressrun.web.http.forms import ONE_CLICK, first, read_fields_or_none
from pressrun.web.readers.change_links import ChangeLinkPages
from pressrun.web.use_cases import UseCases

BY_ONE_CLICK = "one-click"  # how they left, in the journal of events
ONE_CLICK_WORDS = "List-Unsubscribe=One-Click"  # RFC 8058 §3.2
PAUSE_DAYS = 30  # what the unsubscribe page offers instead
ONE_CLICK_DONE = PlainTextResponse("You are unsubscribed.\n")  # for mail programs, which show it to nobody


class LinkPages:
    """Confirming a request, and leaving a list."""

    def __init__(self, web: WebContext, cases: UseCases, changes: ChangeLinkPages) -> None:
        self._web = web
        self._pages = web.pages
        self._cases = cases
        self._changes = changes

    async def confirm(self, request: Request) -> Response:
        """`/confirm/TOKEN`: the question, or its answer."""
        match self._web.read_token(WebPurpose.CONFIRM, request):
            case (confirmation, _expires_at):
                pass
            case _:
                return await self._changes.show(request)
        if confirmation == TEST_ID:
            return self._test_copy()
        outcome, details = await self._cases.confirmations.find(confirmation)
        if details is None:
            return self._pages.invalid_link()
        self._choose_language(details)
        say = self._pages.words
        question = consent_words.confirm(say, say.listed(details.titles), _masked(details))
        if outcome is Confirmed.CONFIRMED:
            if request.method != "POST":
                title = say("Confirm your subscription")
                return self._pages.question(title, question, action="confirm", about=details.list)
            origin = self._web.origin(request, question.recorded)
            outcome, confirmed = await self._cases.confirmations.confirm(confirmation, origin)
            if confirmed is None:
                return self._pages.invalid_link()
            if outcome is Confirmed.CONFIRMED:
                return await self._changes.confirmed(confirmed, say("You're subscribed"))
            details = confirmed
        match outcome:
            case Confirmed.ALREADY:
                return await self._changes.confirmed(details, say("You've already confirmed"))
            case Confirmed.USED:
                return self._come_back(
                    details,
                    say("You've already used this link"),
                    say("Our emails to you have bounced since, so we've paused them. To come back, sign up again."),
                )
            case Confirmed.LEFT_SINCE:
                return self._come_back(
                    details,
                    say("You've unsubscribed since then"),
                    say("This link is older than that, so it no longer works. To come back, sign up again."),
                )
            case _:
                return self._pages.invalid_link()

    async def unsubscribe(self, request: Request) -> Response:
        """`/unsubscribe/TOKEN`: the question, its answer, or the one-click POST."""
        match self._web.read_token(WebPurpose.UNSUBSCRIBE, request):
            case (subscription, edition):
                pass
            case _:
                return self._pages.invalid_link()
        if subscription == TEST_ID:
            if edition != TEST_ID:
                self._web.record_arrival(edition, request)
            return self._test_copy()
        fields = await read_fields_or_none(request) if request.method == "POST" else ()
        if list(fields) == ONE_CLICK:
            origin = self._web.origin_as_named(request, ONE_CLICK_WORDS)
            await self._cases.unsubscribes.unsubscribe(subscription, origin, edition_id=edition, how=BY_ONE_CLICK)
            return ONE_CLICK_DONE
        details = await self._cases.unsubscribes.find(subscription)
        if details is not None:
            self._choose_language(details)
        match first(fields, "action"):
            case "leave":
                return await self._leave(request, details, subscription, edition)
            case "pause" if details is not None and _can_pause(details):
                return await self._pause(request, details)
            case _:
                return self._leave_page(details, request)

    async def _leave(
        self, request: Request, details: SubscriptionDetails | None, subscription: int, edition: int
    ) -> Response:
        shown = "" if details is None else self._leave_question(details).recorded
        origin = self._web.origin(request, shown)
        outcome = await self._cases.unsubscribes.unsubscribe(subscription, origin, edition_id=edition)
        page = None
        if details is not None and outcome is UnsubscribeOutcome.LEFT:
            # Only now can this be undone here: somebody else might open the same link later.
            page = await self._changes.left(details)
        return page or self._not_subscribed(details, self._pages.words("You've unsubscribed"))

    async def _pause(self, request: Request, details: SubscriptionDetails) -> Response:
        say = self._pages.words
        origin = self._web.origin(request, self._pause_question(details).recorded)
        paused = await self._cases.preferences.pause_one(details.subscription.id, PAUSE_DAYS, origin)
        until = None if paused is None else paused.subscription.paused_until
        if until is None:
            return self._leave_page(paused, request)
        return self._pages.message(
            say("Paused until {date}", date=say.day(until)),
            say("You won't receive {title} until then. It'll start again automatically.", title=details.list.title),
            sign="done",
            about=details.list,
        )

    async def never_again(self, request: Request) -> Response:
        """`/unsubscribe/never-again/TOKEN`, which every confirmation carries: the question, or its answer."""
        match self._web.read_token(WebPurpose.NEVER_AGAIN, request):
            case (subscriber, *digests) if digests:
                pass
            case _:
                return self._pages.invalid_link()
        say = self._pages.words
        question = consent_words.never_again(say)
        fields = await read_fields_or_none(request) if request.method == "POST" else ()
        if first(fields, "action") != "never-again":
            return self._pages.question(say("Block all email?"), question, action="never-again", about=None)
        await self._cases.never_again.refuse(subscriber, digests, self._web.origin(request, question.recorded))
        return self._pages.message(
            say("All email blocked"),
            say("We won't email this address again, even if someone signs it up."),
            *self._whom_to_ask(),
        )

    def _whom_to_ask(self) -> list[str]:
        """Name postmaster@, if its mail reaches an operator: nobody else can lift the block."""
        say, site = self._pages.words, self._pages.site
        if not (site.receives_mail and site.operator):
            return []
        return [say("Questions? Write to {address}.", address=f"postmaster@{site.mail_domain}")]

    def _choose_language(self, details: SubscriptionDetails) -> None:
        self._pages.choose_language(reader=details.person.language, target=details.list.language)

    def _leave_question(self, details: SubscriptionDetails) -> ConsentQuestion:
        return consent_words.leave(self._pages.words, details.list.title, _masked(details))

    def _pause_question(self, details: SubscriptionDetails) -> ConsentQuestion:
        return consent_words.pause(self._pages.words, details.list.title, _masked(details), PAUSE_DAYS)

    def _leave_page(self, details: SubscriptionDetails | None, request: Request) -> Response:
        say = self._pages.words
        if details is None or details.subscription.state == "unsubscribed":
            return self._not_subscribed(details, say("You are not subscribed"))
        instead = None
        if _can_pause(details):
            if "pause" in request.query_params:
                question = self._pause_question(details)
                return self._pages.question(say("Pause"), question, action="pause", about=details.list)
            href = self._pages.href("unsubscribe", request.path_params["token"], pause=PAUSE_DAYS)
            instead = (href, consent_words.pause_instead(say, PAUSE_DAYS))
        question = self._leave_question(details)
        return self._pages.question(say("Unsubscribe"), question, action="leave", about=details.list, instead=instead)

    def _not_subscribed(self, details: SubscriptionDetails | None, title: str) -> Response:
        say = self._pages.words
        if details is None:
            return self._pages.message(
                title, say("We don't send this newsletter to this address. You don't need to do anything."), sign="done"
            )
        target = details.list
        further, label = say("A mistake? You can subscribe again any time."), say("Subscribe again")
        if target.closed_at is not None:
            further = say("{title} is closed and no longer accepts subscriptions.", title=target.title)
            label = target.title
        return self._pages.message(
            title,
            say("You won't receive {title} any more.", title=target.title),
            further,
            sign="done",
            about=target,
            back=(self._pages.href(target.name), label),
        )

    def _come_back(self, details: SubscriptionDetails, title: str, text: str) -> Response:
        """A link that works no longer, and the way to subscribe again."""
        back = (self._pages.href(details.list.name), self._pages.words("Subscribe again"))
        return self._pages.message(title, text, about=details.list, back=back)

    def _test_copy(self) -> Response:
        return self._pages.test_copy(self._pages.words("In a real edition, this link opens a page with one button."))


def _can_pause(details: SubscriptionDetails) -> bool:
    """Whether editions may come that a pause would hold back."""
    return details.subscription.state is SubscriptionState.ACTIVE and details.list.closed_at is None


def _masked(details: SubscriptionDetails) -> str:
    return parse_address(details.person.address).masked()
