"""What a reader can set, by the link of an edition or the one that is mailed to whoever asks for it.

The link in an edition may be passed on with the mail, so its page shows the address masked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.address import parse_address
from pressrun.core.errors import MalformedAddress
from pressrun.core.names import MAX_NAME
from pressrun.core.tokens import TEST_ID, WebPurpose
from pressrun.locales.languages import LANGUAGES
from pressrun.locales.own_names import own_names
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.preferences import (
    LONGEST_PAUSE_DAYS,
    PreferenceChanges,
    PreferenceLink,
    Preferences,
    Profile,
)
from pressrun.services.readers.sign_ups import Origin, SignUps
from pressrun.services.readers.web_requests import WebRequests
from pressrun.store.lists import MailingList
from pressrun.web import language
from pressrun.web.http.clients import Proxies, network_of
from pressrun.web.http.forms import Fields, clean_language, clean_name, every, first, read_fields
from pressrun.web.http.visitors import client_of
from pressrun.web.pages import Pages
from pressrun.web.readers import words
from pressrun.web.readers.own_link import ACTIONS as OWN_ACTIONS
from pressrun.web.readers.own_link import OwnLinkPages
from pressrun.web.reading import ReadTokens

_FAMILY = "family-"  # a field for each newsletter that there is in several languages


class PreferencePages:
    """Asking for a link, and the page behind it."""

    def __init__(
        self,
        *,
        pages: Pages,
        web_requests: WebRequests,
        preferences: Preferences,
        address_changes: AddressChanges,
        sign_ups: SignUps,
        find_list: Callable[[str], Awaitable[MailingList | None]],
        tokens: ReadTokens,
        proxies: Proxies,
    ) -> None:
        self._pages = pages
        self._web_requests = web_requests
        self._preferences = preferences
        self._address_changes = address_changes
        self._own = OwnLinkPages(pages=pages, preferences=preferences)
        self._sign_ups = sign_ups
        self._find_list = find_list
        self._tokens = tokens
        self._proxies = proxies

    async def ask(self, request: Request) -> Response:
        """`/preferences`: a form for the address, and the same answer to every address.

        `?list=NAME` names the list that the reader comes from: the page is in its colours, and it writes the mail.
        """
        about = await self._speak_as_named(request)
        if request.method != "POST":
            return self._ask_page(request, about)
        typed = first(await read_fields(request), "email") or ""
        try:
            address = parse_address(typed)
        except MalformedAddress:
            return self._ask_page(request, about, typed)
        network = network_of(client_of(request, self._proxies))
        # Only a language that was named: what the browser prefers does not go before what the reader chose.
        origin = Origin(source="web", ip=client_of(request, self._proxies), language=language.named())
        await self._web_requests.preferences_link(address, origin, network=network, about=about)
        say = self._pages.words
        return self._pages.message(
            say("Check your email"),
            say("If this address is subscribed, we've sent it a private link to its preferences."),
            say("Nothing after a few minutes? Check your spam folder, or try again."),
            sign="mail",
            about=about,
        )

    def _ask_page(self, request: Request, about: MailingList | None, bad_address: str = "") -> Response:
        return self._pages.render(
            "ask_preferences.html",
            status=400 if bad_address else 200,
            about=about,
            here=_here(request),
            email=bad_address[:254],
            has_bad_address=bool(bad_address),
        )

    async def show(self, request: Request) -> Response:
        """`/preferences/TOKEN`: the page, and what its buttons do."""
        match self._tokens().read(WebPurpose.PREFERENCES, request.path_params["token"]):
            case (subscriber, epoch, expires_at):
                named = _list_in(request)
                link = PreferenceLink(subscriber_id=subscriber, epoch=epoch, expires_at=expires_at, list_name=named)
            case _:
                return self._pages.invalid_link()
        if link.subscriber_id == TEST_ID:
            return self._test_copy()
        profile = await self._preferences.find(link)
        if profile is not None:
            self._speak(profile)
        else:
            await self._speak_as_named(request)
        if request.method == "POST":
            return await self._act(request, link)
        return self._page(request, profile, link)

    def _speak(self, profile: Profile) -> None:
        """In the reader's language, else that of the list that they came from, the browser's, or their first list's."""
        self._pages.speak(
            reader=profile.person.language,
            target="" if profile.about is None else profile.about.language,
            fallback=profile.memberships[0].list.language if profile.memberships else "",
        )

    async def _speak_as_named(self, request: Request) -> MailingList | None:
        """In the language of the list that the link names, all that is known where it works no longer."""
        about = await self._find_list(_list_in(request))
        if about is not None:
            self._pages.speak(target=about.language)
        return about

    async def _act(self, request: Request, link: PreferenceLink) -> Response:
        fields = await read_fields(request)
        say = self._pages.words
        action = first(fields, "action")
        if action in OWN_ACTIONS and not link.is_own:
            return await self._own.mail_link(link, self._origin(request, ""))
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
                origin = self._origin(request, f"[{say('Resume')}]")
                resumed = await self._preferences.resume(link, origin, names=every(fields, "list"))
                return self._page(request, resumed, link, say("Welcome back. You'll get the next edition."))
            case "leave":
                origin = self._origin(request, f"[{say('Unsubscribe')}]")
                changed = await self._preferences.leave(link, every(fields, "list"), origin)
                return self._page(request, changed, link, say("You've unsubscribed."))
            case "leave-all":
                origin = self._origin(request, f"[{say('Unsubscribe from everything')}]")
                changed = await self._preferences.leave_all(link, origin)
                return self._page(request, changed, link, say("You've unsubscribed from everything."))
            case _:
                return await self._refuse(request, link, say("This page can't do that."))

    async def _pause(self, request: Request, link: PreferenceLink, fields: Fields) -> Response:
        say = self._pages.words
        days = _pause_days(first(fields, "days") or "")
        if days is None:
            return await self._refuse(request, link, say("Choose a pause of 1 to 365 days."))
        origin = self._origin(request, f"[{words.pause_button(say, days)}]")
        paused = await self._preferences.pause(link, days, origin, names=every(fields, "list"))
        return self._page(request, paused, link, say("Paused. You can start again any time."))

    async def _save(self, request: Request, link: PreferenceLink, fields: Fields) -> Response:
        say = self._pages.words
        name, language = first(fields, "name"), first(fields, "language")
        form = first(fields, "format")
        # Boxes that are not ticked do not come along, so the page says by a field of its own that it showed them.
        chosen = every(fields, "list")
        before = await self._preferences.find(link)
        if before is None:
            return self._pages.invalid_link()
        families = {key.removeprefix(_FAMILY): wanted for key, wanted in fields if key.startswith(_FAMILY)}
        if not all(wanted in _lists_of(before, family) for family, wanted in families.items()):
            return await self._refuse(request, link, say("This page can't do that."))
        wishes = PreferenceChanges(
            name=None if name is None else clean_name(name),
            language=None if language is None else clean_language(language),
            lists=chosen if chosen or first(fields, "lists") == "shown" else None,
            families=families,
            text_only={"text": True, "html": False}.get(form or ""),
        )
        shown = words.with_button(words.languages_chosen(say, _languages_named(before, families)), say("Save"))
        profile = await self._preferences.save(link, wishes, self._origin(request, shown))
        if profile is None:
            return self._pages.invalid_link()
        self._speak(profile)
        asked = await self._ask_to_confirm(request, before, [*chosen, *families.values()], say("Save"))
        now = await self._preferences.find(link)
        say = self._pages.words  # in the language that was just chosen
        done = say("Saved. We've sent you an email to confirm what you added.") if asked else say("Saved.")
        if switched := _switched(before, now, families):
            done = say("From now on you'll get {title}.", title=switched.title)
        return self._page(request, now, link, done)

    async def _add(self, request: Request, link: PreferenceLink, chosen: Collection[str]) -> Response:
        say = self._pages.words
        profile = await self._preferences.find(link)
        if profile is None:
            return self._pages.invalid_link()
        if not await self._ask_to_confirm(request, profile, chosen, say("Subscribe")):
            return await self._refuse(request, link, say("Tick a newsletter first."))
        sent = say("We've sent you an email. Open it and press Confirm to finish.")
        return self._page(request, await self._preferences.find(link), link, sent)

    async def _ask_to_confirm(
        self, request: Request, profile: Profile, chosen: Collection[str], button: str
    ) -> list[MailingList]:
        """Sign the reader up for the chosen lists that are offered to them, as by the forms of those lists."""
        say, client = self._pages.words, client_of(request, self._proxies)
        asked = [target for target in profile.offered if target.name in chosen]
        for target in asked:
            origin = Origin(
                source="web", ip=client, language=say.language, words=words.with_button(target.title, button)
            )
            address = parse_address(profile.person.address)
            await self._sign_ups.request(target.name, address, origin, network=network_of(client))
        return asked

    async def _change_address(self, request: Request, link: PreferenceLink, fields: Fields) -> Response:
        say = self._pages.words
        typed = first(fields, "email") or ""
        try:
            new = parse_address(typed)
        except MalformedAddress:
            return await self._refuse(request, link, say("Enter a full email address, for example name@example.org."))
        profile = await self._preferences.find(link)
        if profile is None:
            return self._pages.invalid_link()
        if new.key == profile.person.address_key:
            return await self._refuse(request, link, say("This is already your email address."))
        await self._address_changes.request(profile.person.id, new, self._origin(request, ""))
        sent = say("We've sent an email to your new address. Nothing changes until you confirm there.")
        return self._page(request, profile, link, sent)

    async def _refuse(self, request: Request, link: PreferenceLink, problem: str) -> Response:
        return self._page(request, await self._preferences.find(link), link, problem=problem)

    def _page(
        self, request: Request, profile: Profile | None, link: PreferenceLink, done: str = "", *, problem: str = ""
    ) -> Response:
        if profile is None:
            return self._pages.invalid_link()
        address = parse_address(profile.person.address)
        return self._pages.render(
            "preferences.html",
            status=400 if problem else 200,
            about=profile.about,
            here=_here(request),
            profile=profile,
            is_own=link.is_own,
            address=address.typed if link.is_own else address.masked(),
            history=[words.told(self._pages.words, item, profile.titles) for item in profile.history],
            languages=LANGUAGES,
            own_names=own_names,
            done=done,
            problem=problem,
        )

    def _origin(self, request: Request, shown: str) -> Origin:
        return Origin(
            source="web", ip=client_of(request, self._proxies), language=self._pages.words.language, words=shown
        )

    def _test_copy(self) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("This is a test copy"),
            say("In a real edition, this link opens the reader's preferences."),
            say("Nobody's subscription has changed."),
        )


def _lists_of(profile: Profile, family: str) -> frozenset[str]:
    """What the field of a family may say: one of its lists that this person can have, or nothing."""
    there = [target.name for choice in profile.families.values() if choice.name == family for target in choice.lists]
    offered = [target.name for target in profile.offered if target.family == family]
    return frozenset(["", *(there or offered)])


def _languages_named(profile: Profile, families: Mapping[str, str]) -> list[str]:
    """The languages that were chosen, by the names that they have themselves."""
    found = []
    for choice in profile.families.values():
        names = dict(zip(choice.lists, own_names([target.language for target in choice.lists]), strict=True))
        found += [name for target, name in names.items() if families.get(choice.name) == target.name]
    return found


def _switched(before: Profile, now: Profile | None, families: Mapping[str, str]) -> MailingList | None:
    """The list that a person reads now in place of one in another language."""
    known = {item.list.name for item in before.memberships if item.is_live}
    read = [] if now is None else [item.list for item in now.memberships if item.is_live]
    taken = [target for target in read if target.name not in known and families.get(target.family or "") == target.name]
    return taken[0] if taken else None


def _pause_days(text: str) -> int | None:
    """How many days a pause should last; None for an invalid number."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(f"{LONGEST_PAUSE_DAYS}")):
        return None
    return int(text) if 1 <= int(text) <= LONGEST_PAUSE_DAYS else None


def _list_in(request: Request) -> str:
    """The list that an address names, if it can be the name of one."""
    return request.query_params.get("list", "")[:MAX_NAME]


def _here(request: Request) -> str:
    """This page, for links to it in other languages: from where it is, as its token is long and there are many."""
    name = _list_in(request)
    return f"?{urlencode({'list': name})}" if name else ""
