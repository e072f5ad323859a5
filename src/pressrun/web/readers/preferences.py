"""What a reader can set, by the link of an edition or the one that is mailed to whoever asks for it.

The link in an edition may be passed on with the mail, so its page shows the address masked.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.address import parse_address
from pressrun.core.errors import MalformedAddress
from pressrun.core.tokens import TEST_ID, WebPurpose
from pressrun.locales.languages import LANGUAGES
from pressrun.services.readers.asking import Asking
from pressrun.services.readers.preferring import LONGEST_PAUSE_DAYS, PreferenceLink, Preferring, Profile, Wishes
from pressrun.services.readers.readdressing import Readdressing
from pressrun.services.readers.subscribing import Origin, Subscribing
from pressrun.web import language
from pressrun.web.http.clients import Proxies, network_of
from pressrun.web.http.forms import Fields, clean_language, clean_name, every, first, read_fields
from pressrun.web.http.visitors import client_of
from pressrun.web.pages import Pages
from pressrun.web.readers import words
from pressrun.web.readers.own_link import ACTIONS as OWN_ACTIONS
from pressrun.web.readers.own_link import OwnLinkPages
from pressrun.web.reading import ReadTokens


class PreferencePages:
    """Asking for a link, and the page behind it."""

    def __init__(
        self,
        *,
        pages: Pages,
        asking: Asking,
        preferring: Preferring,
        readdressing: Readdressing,
        subscribing: Subscribing,
        tokens: ReadTokens,
        proxies: Proxies,
    ) -> None:
        self._pages = pages
        self._asking = asking
        self._preferring = preferring
        self._readdressing = readdressing
        self._own = OwnLinkPages(pages=pages, preferring=preferring)
        self._subscribing = subscribing
        self._tokens = tokens
        self._proxies = proxies

    async def ask(self, request: Request) -> Response:
        """`/preferences`: a form for the address, and the same answer to every address."""
        if request.method != "POST":
            return self._pages.render("ask_preferences.html", email="", has_bad_address=False)
        typed = first(await read_fields(request), "email") or ""
        try:
            address = parse_address(typed)
        except MalformedAddress:
            return self._pages.render("ask_preferences.html", status=400, email=typed[:254], has_bad_address=True)
        network = network_of(client_of(request, self._proxies))
        # Only a language that was named: what the browser prefers does not go before what the reader chose.
        origin = Origin(source="web", ip=client_of(request, self._proxies), language=language.named())
        await self._asking.preferences_link(address, origin, network=network)
        say = self._pages.words
        return self._pages.message(
            say("Check your mail"),
            say("If this address is known here, a message with your own link is on its way to it."),
            sign="mail",
        )

    async def show(self, request: Request) -> Response:
        """`/preferences/TOKEN`: the page, and what its buttons do."""
        match self._tokens().read(WebPurpose.PREFERENCES, request.path_params["token"]):
            case (subscriber, epoch, expires_at):
                link = PreferenceLink(subscriber_id=subscriber, epoch=epoch, expires_at=expires_at)
            case _:
                return self._pages.invalid_link()
        if link.subscriber_id == TEST_ID:
            return self._test_copy()
        profile = await self._preferring.find(link)
        if profile is not None:
            self._speak(profile)
        if request.method == "POST":
            return await self._act(request, link)
        return self._page(profile, link)

    def _speak(self, profile: Profile) -> None:
        """In the reader's language, else in that of the list that they read."""
        lists = [item.list.language for item in profile.memberships]
        self._pages.speak(reader=profile.person.language, target=lists[0] if lists else "")

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
            case "pause":
                days = _pause_days(first(fields, "days") or "")
                if days is None:
                    return await self._refuse(link, say("A pause lasts from 1 to 365 days."))
                origin = self._origin(request, f"[{say('Pause')}] {days}")
                return self._page(await self._preferring.pause(link, days, origin), link, say("Paused."))
            case "resume":
                origin = self._origin(request, f"[{say('Resume')}]")
                return self._page(await self._preferring.resume(link, origin), link, say("Welcome back."))
            case "leave-all":
                origin = self._origin(request, f"[{say('Leave all lists')}]")
                changed = await self._preferring.leave_all(link, origin)
                return self._page(changed, link, say("You have left every list."))
            case _:
                return await self._refuse(link, say("That cannot be done here."))

    async def _save(self, request: Request, link: PreferenceLink, fields: Fields) -> Response:
        say = self._pages.words
        name, language = first(fields, "name"), first(fields, "language")
        form = first(fields, "format")
        # Boxes that are not ticked do not come along, so the page says by a field of its own that it showed them.
        chosen = every(fields, "list")
        wishes = Wishes(
            name=None if name is None else clean_name(name),
            language=None if language is None else clean_language(language),
            lists=chosen if chosen or first(fields, "lists") == "shown" else None,
            text_only={"text": True, "html": False}.get(form or ""),
        )
        before = await self._preferring.find(link)
        profile = await self._preferring.save(link, wishes, self._origin(request, f"[{say('Save')}]"))
        if profile is None or before is None:
            return self._pages.invalid_link()
        self._speak(profile)
        client = client_of(request, self._proxies)
        asked = [target for target in before.offered if target.name in chosen]
        for target in asked:
            origin = Origin(
                source="web",
                ip=client,
                language=say.language,
                words=words.with_button(target.title, say("Save")),
            )
            address = parse_address(profile.person.address)
            await self._subscribing.request(target.name, address, origin, network=network_of(client))
        say = self._pages.words  # in the language that was just chosen
        done = say("Saved.")
        if asked:
            done += " " + say("Each list that you have added sends you a link to confirm.")
        return self._page(await self._preferring.find(link), link, done)

    async def _change_address(self, request: Request, link: PreferenceLink, fields: Fields) -> Response:
        say = self._pages.words
        typed = first(fields, "email") or ""
        try:
            new = parse_address(typed)
        except MalformedAddress:
            return await self._refuse(link, say("This is no complete mail address. It looks like name@example.org."))
        profile = await self._preferring.find(link)
        if profile is None:
            return self._pages.invalid_link()
        if new.key == profile.person.address_key:
            return await self._refuse(link, say("This is your address already."))
        await self._readdressing.request(profile.person.id, new, self._origin(request, ""))
        sent = say("The new address gets a mail with a link to confirm. Until then nothing changes.")
        return self._page(profile, link, sent)

    async def _refuse(self, link: PreferenceLink, problem: str) -> Response:
        return self._page(await self._preferring.find(link), link, problem=problem)

    def _page(self, profile: Profile | None, link: PreferenceLink, done: str = "", *, problem: str = "") -> Response:
        if profile is None:
            return self._pages.invalid_link()
        address = parse_address(profile.person.address)
        only = profile.memberships[0].list if len(profile.memberships) == 1 else None
        return self._pages.render(
            "preferences.html",
            status=400 if problem else 200,
            about=only,
            profile=profile,
            is_own=link.is_own,
            address=address.typed if link.is_own else address.masked(),
            history=[words.told(self._pages.words, item) for item in profile.history],
            languages=LANGUAGES,
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
            say("The link belongs to a mail that was sent as a test. In a real mail, its settings stand here."),
            say("Nobody's subscription is changed."),
        )


def _pause_days(text: str) -> int | None:
    """How long a pause is wished for; None for what is no number of days that a pause may last."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(f"{LONGEST_PAUSE_DAYS}")):
        return None
    return int(text) if 1 <= int(text) <= LONGEST_PAUSE_DAYS else None
