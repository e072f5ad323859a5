"""What a reader can set, with the link in an edition or with a link that is mailed on request.

The link in an edition may be forwarded with the email, so its page shows the address masked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.addresses.address import find_address, parse_address
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.names import MAX_NAME
from pressrun.core.quantities import RateExceeded
from pressrun.core.signing.tokens import TEST_ID, WebPurpose
from pressrun.locales.all_languages import own_names
from pressrun.locales.languages import LANGUAGES
from pressrun.services.readers.pauses import LONGEST_PAUSE_DAYS
from pressrun.services.readers.preferences import PreferenceChanges
from pressrun.services.readers.profiles import PreferenceLink, Profile
from pressrun.services.readers.sign_ups import Applicant, SignUpAnswer
from pressrun.store.lists.lists import MailingList, find_list
from pressrun.store.readers.subscriptions import Subscription
from pressrun.web import consent_words
from pressrun.web.consent_words import ConsentQuestion
from pressrun.web.context import WebContext
from pressrun.web.http.forms import Fields, clean_language, clean_name, every, first, read_fields
from pressrun.web.readers.own_link import ACTIONS as OWN_ACTIONS
from pressrun.web.readers.own_link import OwnLinkPages
from pressrun.web.readers.sign_up_forms import too_many
from pressrun.web.use_cases import UseCases

_FAMILY = "family-"  # a field for each newsletter in several languages


class PreferencePages:
    """The page behind a preferences link."""

    def __init__(self, web: WebContext, cases: UseCases) -> None:
        self._web = web
        self._pages = web.pages
        self._preferences = cases.preferences
        self._address_changes = cases.address_changes
        self._sign_ups = cases.sign_ups
        self._own = OwnLinkPages(pages=web.pages, preferences=cases.preferences)

    async def show(self, request: Request) -> Response:
        """`/preferences/TOKEN`: the page, and what its buttons do."""
        match self._web.read_token(WebPurpose.PREFERENCES, request):
            case (subscriber, epoch, expires_at):
                named = _list_in(request)
                link = PreferenceLink(subscriber_id=subscriber, epoch=epoch, expires_at=expires_at, list_name=named)
            case _:
                return self._pages.invalid_link()
        if link.subscriber_id == TEST_ID:
            say = self._pages.words
            return self._pages.test_copy(say("In a real edition, this link opens the reader's preferences."))
        profile = await self._preferences.find(link)
        if profile is not None:
            self._choose_language(profile)
        else:
            await find_named_list(request, self._web)
        if request.method == "POST":
            return await self._act(request, link)
        return self._page(request, profile, link)

    def _choose_language(self, profile: Profile) -> None:
        """In the reader's language, or else that of the list they came from, of the browser or of their first list."""
        self._pages.choose_language(
            reader=profile.person.language,
            target="" if profile.about is None else profile.about.language,
            fallback=profile.memberships[0].list.language if profile.memberships else "",
        )

    async def _act(self, request: Request, link: PreferenceLink) -> Response:
        fields = await read_fields(request)
        say = self._pages.words
        action = first(fields, "action")
        if action in OWN_ACTIONS and not link.is_own:
            return await self._own.mail_link(link, action, self._web.origin(request))
        match action:
            case "download":
                return await self._own.download(link)
            case "erase":
                return await self._own.erase(request, link, fields)
            case "change-address":
                return await self._change_address(request, link, fields)
            case "save":
                return await self._save(request, link, fields)
            case "add":
                return await self._add(request, link, every(fields, "list"))
            case "pause":
                return await self._pause(request, link, fields)
            case "resume":
                return await self._resume(request, link, every(fields, "list"))
            case "leave":
                origin = self._web.origin(request, ConsentQuestion("", say("Unsubscribe")).recorded)
                changed = await self._preferences.unsubscribe(link, every(fields, "list"), origin)
                return self._page(request, changed, link, say("You've unsubscribed."))
            case "leave-all":
                origin = self._web.origin(request, ConsentQuestion("", say("Unsubscribe from everything")).recorded)
                changed = await self._preferences.unsubscribe_all(link, origin)
                return self._page(request, changed, link, say("You've unsubscribed from everything."))
            case _:
                return await self._refuse(request, link, say("This page can't do that."))

    async def _pause(self, request: Request, link: PreferenceLink, fields: Fields) -> Response:
        say = self._pages.words
        days = _pause_days(first(fields, "days") or "")
        if days is None:
            return await self._refuse(request, link, say("Choose a pause of 1 to 365 days."))
        origin = self._web.origin(request, ConsentQuestion("", consent_words.pause_button(say, days)).recorded)
        names = every(fields, "list")
        profile = await self._preferences.pause(link, days, origin, names=names)
        is_paused = profile is not None and any(item.is_paused for item in _chosen(profile, names))
        return self._page(request, profile, link, say("Paused. You can start again any time.") if is_paused else "")

    async def _resume(self, request: Request, link: PreferenceLink, names: Collection[str]) -> Response:
        say = self._pages.words
        origin = self._web.origin(request, ConsentQuestion("", say("Resume")).recorded)
        profile = await self._preferences.resume(link, origin, names=names)
        # Readers who have unsubscribed since they opened the page are not promised anything.
        is_back = profile is not None and any(
            item.state is SubscriptionState.ACTIVE for item in _chosen(profile, names)
        )
        return self._page(request, profile, link, say("Welcome back. You'll get the next edition.") if is_back else "")

    async def _save(self, request: Request, link: PreferenceLink, fields: Fields) -> Response:
        say = self._pages.words
        name, language = first(fields, "name"), first(fields, "language")
        form = first(fields, "format")
        # Browsers omit boxes that are not ticked, so a hidden field says that the page showed them.
        chosen = every(fields, "list")
        before = await self._preferences.find(link)
        if before is None:
            return self._pages.invalid_link()
        families = {key.removeprefix(_FAMILY): wanted for key, wanted in fields if key.startswith(_FAMILY)}
        if not all(wanted in _lists_of(before, family) for family, wanted in families.items()):
            return await self._refuse(request, link, say("This page can't do that."))
        changes = PreferenceChanges(
            name=None if name is None else clean_name(name),
            language=None if language is None else clean_language(language),
            lists=chosen if chosen or first(fields, "lists") == "shown" else None,
            families=families,
            text_only={"text": True, "html": False}.get(form or ""),
        )
        chosen_languages = consent_words.languages_chosen(say, _languages_named(before, families))
        origin = self._web.origin(request, ConsentQuestion(chosen_languages, say("Save")).recorded)
        profile = await self._preferences.save(link, changes, origin)
        if profile is None:
            return self._pages.invalid_link()
        self._choose_language(profile)
        asked = await self._ask_to_confirm(request, before, [*chosen, *families.values()], say("Save"))
        now = await self._preferences.find(link)
        say = self._pages.words  # in the language that was just chosen
        if isinstance(asked, RateExceeded):
            return self._page(request, now, link, retry_at=asked.retry_at)
        done = say("Saved. We've sent you an email to confirm what you added.") if asked else say("Saved.")
        if switched := _switched(before, now, families):
            done = say("From now on you'll get {title}.", title=switched.title)
        return self._page(request, now, link, done)

    async def _add(self, request: Request, link: PreferenceLink, chosen: Collection[str]) -> Response:
        say = self._pages.words
        profile = await self._preferences.find(link)
        if profile is None:
            return self._pages.invalid_link()
        asked = await self._ask_to_confirm(request, profile, chosen, say("Subscribe"), waiting=_waiting_in(profile))
        if isinstance(asked, RateExceeded):
            return self._page(request, profile, link, retry_at=asked.retry_at)
        now = await self._preferences.find(link)
        if asked:
            sent = say("We've sent you an email. Open it and press “Confirm subscription” to finish.")
            return self._page(request, now, link, sent)
        if not chosen:
            return self._page(request, now, link, problem=say("Tick a newsletter first."))
        if {item.list.name for item in profile.memberships if item.subscription.reads}.issuperset(chosen):
            return self._page(request, now, link, say("You're subscribed"))
        return self._page(request, now, link, problem=say("This newsletter has closed."))

    async def _ask_to_confirm(
        self,
        request: Request,
        profile: Profile,
        chosen: Collection[str],
        button: str,
        waiting: Sequence[MailingList] = (),
    ) -> bool | RateExceeded:
        """Sign the reader up for those chosen lists that are offered to them, as the form of all lists would.

        Returns whether there are any. All lists share one mail, because an address gets only a few in a day. `waiting`
        are lists that the reader may ask for once more.
        """
        asked = [target for target in (*profile.offered, *waiting) if target.name in chosen]
        if not asked:
            return False
        address, network = parse_address(profile.person.address), self._web.network(request)
        titles = self._pages.words.listed([target.title for target in asked])
        origin = self._web.origin(request, ConsentQuestion(titles, button).recorded)
        names = [target.name for target in asked]
        applicant = Applicant(address, origin)
        answer = await self._sign_ups.request(names, applicant, network=network, reader=profile.person.id)
        return answer if isinstance(answer, RateExceeded) else answer is SignUpAnswer.ACCEPTED

    async def _change_address(self, request: Request, link: PreferenceLink, fields: Fields) -> Response:
        say = self._pages.words
        typed = first(fields, "email") or ""
        new = find_address(typed)
        if new is None:
            return await self._refuse(request, link, say("Enter a full email address, for example name@example.org."))
        profile = await self._preferences.find(link)
        if profile is None:
            return self._pages.invalid_link()
        if new.key == profile.person.address_key:
            return await self._refuse(request, link, say("This is already your email address."))
        await self._address_changes.request(profile.person.id, new, self._web.origin(request), epoch=link.epoch)
        sent = say("We've sent an email to {address}. Nothing changes until you confirm there.", address=new.typed)
        return self._page(request, profile, link, sent)

    async def _refuse(self, request: Request, link: PreferenceLink, problem: str) -> Response:
        return self._page(request, await self._preferences.find(link), link, problem=problem)

    def _page(
        self,
        request: Request,
        profile: Profile | None,
        link: PreferenceLink,
        done: str = "",
        *,
        problem: str = "",
        retry_at: float | None = None,
    ) -> Response:
        if profile is None:
            return self._pages.invalid_link()
        seconds = 0 if retry_at is None else self._web.seconds_until(retry_at)
        address = parse_address(profile.person.address)
        return self._pages.render(
            "preferences.html",
            status=429 if seconds else 400 if problem else 200,
            headers={"Retry-After": str(seconds)} if seconds else None,
            about=profile.about,
            here=here(request),
            profile=profile,
            is_own=link.is_own,
            address=address.typed if link.is_own else address.masked(),
            history=[consent_words.describe_event(self._pages.words, item, profile.titles) for item in profile.history],
            languages=LANGUAGES,
            own_names=own_names,
            done=done,
            problem=too_many(self._pages.words, seconds) if seconds else problem,
        )


async def find_named_list(request: Request, web: WebContext) -> MailingList | None:
    """Use the language of the list that the link names; nothing else is known about an expired link."""
    about = await web.database.read(find_list, _list_in(request))
    if about is not None:
        web.pages.choose_language(target=about.language)
    return about


def _lists_of(profile: Profile, family: str) -> frozenset[str]:
    """What the field of a family may contain: one of its lists that this person can have, or nothing."""
    there = [target.name for choice in profile.families.values() if choice.name == family for target in choice.lists]
    offered = [target.name for target in profile.offered if target.family == family]
    return frozenset(["", *(there or offered)])


def _languages_named(profile: Profile, families: Mapping[str, str]) -> list[str]:
    """The languages that were chosen, each by its own name."""
    chosen: list[str] = []
    for choice in profile.families.values():
        names = dict(zip(choice.lists, own_names([target.language for target in choice.lists]), strict=True))
        chosen += [name for target, name in names.items() if families.get(choice.name) == target.name]
    return chosen


def _switched(before: Profile, now: Profile | None, families: Mapping[str, str]) -> MailingList | None:
    """The list that a person now reads instead of one in another language."""
    known = {item.list.name for item in before.memberships if item.subscription.is_live}
    read = [] if now is None else [item.list for item in now.memberships if item.subscription.is_live]
    taken = [target for target in read if target.name not in known and families.get(target.family or "") == target.name]
    return taken[0] if taken else None


def _waiting_in(profile: Profile) -> list[MailingList]:
    """The lists whose request waits for confirmation: a second click, or its mail may be lost."""
    return [
        item.list
        for item in profile.memberships
        if item.subscription.state is SubscriptionState.PENDING and item.list.closed_at is None
    ]


def _chosen(profile: Profile, names: Collection[str]) -> list[Subscription]:
    return [item.subscription for item in profile.limited_to(names).memberships]


def _pause_days(text: str) -> int | None:
    """The days of a pause; None for an invalid number."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(f"{LONGEST_PAUSE_DAYS}")):
        return None
    return int(text) if 1 <= int(text) <= LONGEST_PAUSE_DAYS else None


def _list_in(request: Request) -> str:
    """The list that the query names, if it can be the name of one."""
    return request.query_params.get("list", "")[:MAX_NAME]


def here(request: Request) -> str:
    """This page, for links to it in other languages. It is relative, as the token is long and there are many links."""
    name = _list_in(request)
    return f"?{urlencode({'list': name})}" if name else ""
