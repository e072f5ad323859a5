"""The front page: the newsletters of this site, and one form to subscribe to several of them.

Lists of a family stand together, as the newsletter that they are, by the list that speaks the visitor's language. What
speaks that language comes first. A sign-up to several lists is one mail, which one link confirms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.address import Address, parse_address
from pressrun.core.errors import MalformedAddress
from pressrun.locales.languages import find_language
from pressrun.locales.own_names import own_names
from pressrun.services.editions.archive_reader import ArchiveReader, OfferedList
from pressrun.services.readers.sign_ups import Origin, SignUpAnswer
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.throttled import Throttled
from pressrun.store.lists import MailingList
from pressrun.web import language
from pressrun.web.families import among, in_language
from pressrun.web.http.clients import Proxies, network_of
from pressrun.web.http.forms import Fields, clean_language, every, first, read_fields
from pressrun.web.http.visitors import client_of
from pressrun.web.pages import Pages
from pressrun.web.readers import words
from pressrun.web.readers.sign_up_forms import FRONT, SignUpForms
from pressrun.web.settings import HttpSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One newsletter: the list of it that suits the visitor best, and all of its lists with the names of languages."""

    best: OfferedList
    choices: tuple[tuple[OfferedList, str], ...]


class FrontPages:
    """`/`: what there is to read, and the sign-up to it."""

    def __init__(
        self,
        *,
        pages: Pages,
        web_requests: WebRequests,
        archive_reader: ArchiveReader,
        forms: SignUpForms,
        proxies: Proxies,
        settings: HttpSettings,
    ) -> None:
        self._pages = pages
        self._web_requests = web_requests
        self._archive_reader = archive_reader
        self._forms = forms
        self._proxies = proxies
        self._settings = settings

    async def show(self, request: Request) -> Response:
        """The newsletters, or the answer to the form."""
        offers = await self._archive_reader.offers()
        if request.method != "POST":
            return self._page(offers)
        fields = await read_fields(request)
        named = clean_language(first(fields, "language") or "")
        language.listen_to_form(named)
        self._pages.speak()
        typed, wanted = first(fields, "email") or "", set(every(fields, "list"))
        chosen = [one.list for one in offers if one.list.name in wanted]
        try:
            address = parse_address(typed)
        except MalformedAddress:
            return self._page(offers, status=400, email=typed[:254], ticked=wanted, has_bad_address=True)
        if not chosen:
            problem = self._pages.words("Tick at least one newsletter.")
            return self._page(offers, status=400, email=typed[:254], problem=problem)
        answer = await self._sign_up(request, fields, address, chosen, named)
        match answer:
            case Throttled(retry_at=retry_at):
                seconds = self._forms.seconds_until(retry_at)
                problem = self._forms.too_many(seconds)
                return self._page(
                    offers, status=429, email=typed[:254], ticked=wanted, problem=problem, retry_after=seconds
                )
            case SignUpAnswer.TAKEN:
                return self._check_inbox(address.typed, chosen)
            case _:  # all of them were closed a moment ago
                return self._page(await self._archive_reader.offers(), status=410, email=typed[:254])

    async def _sign_up(
        self, request: Request, fields: Fields, address: Address, chosen: Sequence[MailingList], named: str
    ) -> SignUpAnswer | Throttled:
        say, client = self._pages.words, client_of(request, self._proxies)
        spoken = {find_language(one.language) for one in chosen}
        # The mail is in the language of the newsletters; where they have several, or none of ours, in the page's.
        wanted = named or ("" if len(spoken) == 1 and None not in spoken else say.language)
        origin = Origin(
            source="web",
            ip=client,
            language=wanted,
            words=words.sign_up(say, say.listed([one.title for one in chosen])),
            words_language=words.language_apart(say, wanted or chosen[0].language),
        )
        trust, form = self._forms.judge(FRONT, fields, address.typed)
        names = [one.name for one in chosen]
        return await self._web_requests.sign_up(
            names[0], address, origin, network=network_of(client), trust=trust, form=form, also=names[1:]
        )

    def _page(
        self,
        offers: Sequence[OfferedList],
        *,
        status: int = 200,
        email: str = "",
        ticked: set[str] | frozenset[str] = frozenset(),
        has_bad_address: bool = False,
        problem: str = "",
        retry_after: int = 0,
    ) -> Response:
        form, groups = self._forms.context(FRONT), self._groups(offers)
        return self._pages.render(
            "front.html",
            status=status,
            headers={"Retry-After": str(retry_after)} if retry_after else None,
            allowing=self._forms.allowing(form),
            here=self._pages.href(),
            title=self._settings.title,
            description=self._settings.description,
            groups=[one for one in groups if one.best.list.archive != "members"],
            private=[one for one in groups if one.best.list.archive == "members"],
            ticked=ticked,
            email=email,
            has_bad_address=has_bad_address,
            problem=problem,
            **form,
        )

    def _groups(self, offers: Sequence[OfferedList]) -> list[Group]:
        """The newsletters, those in the visitor's language first, then by title."""
        families: dict[str, list[OfferedList]] = {}
        for offer in offers:
            families.setdefault(offer.list.family or f"/{offer.list.name}", []).append(offer)
        groups = [self._group(family) for family in families.values()]
        mine = self._pages.words.language
        groups.sort(key=lambda one: (in_language([one.best.list], mine) is None, one.best.list.title.casefold()))
        return groups

    def _group(self, family: Sequence[OfferedList]) -> Group:
        by_age = sorted(family, key=lambda one: one.list.id)
        named = language.named()
        best = among([one.list for one in by_age], named)
        names = own_names([one.list.language for one in by_age])
        has_titles = len({one.list.title for one in by_age}) > 1
        return Group(
            best=next(one for one in by_age if one.list is best),
            choices=tuple(
                (one, f"{name} – {one.list.title}" if has_titles else name)
                for one, name in zip(by_age, names, strict=True)
            ),
        )

    def _check_inbox(self, typed: str, chosen: Sequence[MailingList]) -> Response:
        """What every well-formed address gets."""
        return self._pages.render(
            "check_inbox.html",
            about=None,
            here=self._pages.href(),
            shown=Markup('<strong><bdi dir="ltr">{}</bdi></strong>').format(typed),
            typed=typed,
            name="",
            wanted=chosen,
            **self._forms.context(FRONT),
            headers={"X-Robots-Tag": "noindex", "Cache-Control": "no-store"},
        )
