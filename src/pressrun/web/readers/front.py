"""The front page: the newsletters of this site, and one form to subscribe to several of them.

Lists of a family are shown as the one newsletter that they are, by the list in the visitor's language. Newsletters in
that language come first. A sign-up to several lists is one email with one link to confirm.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.addresses.address import Address, find_address
from pressrun.core.quantities import RateExceeded
from pressrun.locales.all_languages import own_names
from pressrun.locales.languages import find_language
from pressrun.services.archives.list_reader import OfferedList, read_offers
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant, SignUpAnswer
from pressrun.store.lists.lists import MailingList
from pressrun.web import consent_words, language
from pressrun.web.context import WebContext
from pressrun.web.families import among, in_language
from pressrun.web.http.forms import Fields, clean_language, every, first, read_fields
from pressrun.web.readers.sign_up_forms import FRONT, SignUpForms, too_many
from pressrun.web.settings import HttpSettings
from pressrun.web.use_cases import UseCases


class Newsletter(Struct, frozen=True, kw_only=True):
    """A list, or the lists of a family: the best one for this visitor, and all of them with their languages' names."""

    best: OfferedList
    choices: tuple[tuple[OfferedList, str], ...]


class FrontPages:
    """`/`: the newsletters, and the sign-up to them."""

    def __init__(self, web: WebContext, cases: UseCases, forms: SignUpForms, settings: HttpSettings) -> None:
        self._web = web
        self._pages = web.pages
        self._web_requests = cases.web_requests
        self._forms = forms
        self._settings = settings

    async def show(self, request: Request) -> Response:
        """The newsletters, or the answer to the form."""
        offers = await self._web.database.read(read_offers)
        if request.method != "POST":
            return self._page(offers)
        fields = await read_fields(request)
        named = clean_language(first(fields, "language") or "")
        language.use_form(named)
        self._pages.choose_language()
        typed, wanted = first(fields, "email") or "", set(every(fields, "list"))
        chosen = [offer.list for offer in offers if offer.list.name in wanted]
        address = find_address(typed)
        if address is None:
            return self._page(offers, status=400, email=typed[:254], ticked=wanted, has_bad_address=True)
        if not chosen:
            problem = self._pages.words("Tick at least one newsletter.")
            return self._page(offers, status=400, email=typed[:254], problem=problem)
        match await self._sign_up(request, fields, address, chosen, named):
            case RateExceeded(retry_at=retry_at):
                seconds = self._web.seconds_until(retry_at)
                problem = too_many(self._pages.words, seconds)
                return self._page(
                    offers, status=429, email=typed[:254], ticked=wanted, problem=problem, retry_after=seconds
                )
            case SignUpAnswer.ACCEPTED:
                return self._forms.check_inbox(FRONT, self._pages.href(), typed=address.typed, wanted=chosen)
            case _:  # all of them have been closed since the offers were read
                return self._page(await self._web.database.read(read_offers), status=410, email=typed[:254])

    async def _sign_up(
        self, request: Request, fields: Fields, address: Address, chosen: Sequence[MailingList], named: str
    ) -> SignUpAnswer | RateExceeded:
        say = self._pages.words
        languages = {find_language(target.language) for target in chosen}
        # The email is in the language of the newsletters; if they have several or unsupported ones, in the page's.
        wanted = named or ("" if len(languages) == 1 and None not in languages else say.language)
        origin = Origin(
            source="web",
            ip=self._web.client(request),
            language=wanted,
            words=consent_words.sign_up(say, say.listed([target.title for target in chosen])),
            words_language=consent_words.language_apart(say, wanted or chosen[0].language),
        )
        trust, form = self._forms.check(FRONT, fields, address.typed)
        network, names = self._web.network(request), [target.name for target in chosen]
        return await self._web_requests.sign_up(
            names, Applicant(address, origin, trust=trust), network=network, form=form
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
        form, newsletters = self._forms.context(FRONT), self._newsletters(offers)
        return self._pages.render(
            "front.html",
            status=status,
            headers={"Retry-After": str(retry_after)} if retry_after else None,
            allowing=self._forms.allowing(form),
            here=self._pages.href(),
            title=self._settings.title,
            description=self._settings.description,
            groups=[newsletter for newsletter in newsletters if newsletter.best.list.archive != "members"],
            private=[newsletter for newsletter in newsletters if newsletter.best.list.archive == "members"],
            ticked=ticked,
            email=email,
            has_bad_address=has_bad_address,
            problem=problem,
            **form,
        )

    def _newsletters(self, offers: Sequence[OfferedList]) -> list[Newsletter]:
        """Those in the visitor's language first, then by title."""
        families: dict[str, list[OfferedList]] = {}
        for offer in offers:
            families.setdefault(offer.list.family or f"/{offer.list.name}", []).append(offer)
        newsletters = [_newsletter(family) for family in families.values()]
        mine = self._pages.words.language
        newsletters.sort(
            key=lambda each: (in_language([each.best.list], mine) is None, each.best.list.title.casefold())
        )
        return newsletters


def _newsletter(family: Sequence[OfferedList]) -> Newsletter:
    by_age = sorted(family, key=lambda offer: offer.list.id)
    best = among([offer.list for offer in by_age], language.named())
    names = own_names([offer.list.language for offer in by_age])
    has_titles = len({offer.list.title for offer in by_age}) > 1
    return Newsletter(
        best=next(offer for offer in by_age if offer.list is best),
        choices=tuple(
            (offer, f"{name} – {offer.list.title}" if has_titles else name)
            for offer, name in zip(by_age, names, strict=True)
        ),
    )
