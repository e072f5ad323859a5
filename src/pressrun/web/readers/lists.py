"""The page of a list and its sign-up form.

A form on any other site may post here, so there is no token to check and no Referer. Every well-formed address gets the
same answer, whether or not it is subscribed.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.addresses.address import find_address
from pressrun.core.colour import Colour
from pressrun.core.quantities import RateExceeded
from pressrun.locales.all_languages import own_names
from pressrun.message.words import Words
from pressrun.services.archives.list_reader import ListPage, current_logo, find_family, list_page
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant, SignUpAnswer
from pressrun.store.lists.lists import MailingList, find_list
from pressrun.web import consent_words, language
from pressrun.web.archives.archive import edition_in_page
from pressrun.web.archives.urls import public_archive
from pressrun.web.brand import DEFAULT
from pressrun.web.context import WebContext
from pressrun.web.families import among, choose, links_to_languages
from pressrun.web.http.conditional import conditional
from pressrun.web.http.forms import clean_language, clean_name, first, read_fields
from pressrun.web.list_icon import icon_png
from pressrun.web.pages import FOR_EVER, KEPT_FOR_A_DAY, initial
from pressrun.web.readers.sign_up_forms import SignUpForms, choices_of, in_json, too_many, wants_json
from pressrun.web.use_cases import UseCases


class ListPages:
    """What the public sees of a list."""

    def __init__(self, web: WebContext, cases: UseCases, forms: SignUpForms) -> None:
        self._web = web
        self._pages = web.pages
        self._web_requests = cases.web_requests
        self._database = web.database
        self._forms = forms

    async def show(self, request: Request) -> Response:
        """One list with its latest edition and the sign-up form."""
        page = await self._database.read(list_page, request.path_params["name"])
        if page is None:
            return self._pages.not_found()
        self._pages.choose_language(target=page.list.language)
        return self._list_page(page)

    async def subscribe(self, request: Request) -> Response:
        """Accept a sign-up. A program that wants JSON gets a line of it instead of a page.

        People who type this address, bookmark it or reload the answer are redirected to the form.
        """
        if request.method != "POST":
            return await self._lead_to_form(request)
        answer = await self._sign_up(request)
        return in_json(answer) if wants_json(request) else answer

    async def _lead_to_form(self, request: Request) -> Response:
        target, family = await self._database.read(find_family, request.path_params["name"])
        target = target or among(family, clean_language(request.query_params.get("language", "")))
        if target is None:
            return self._pages.not_found()
        self._pages.choose_language(target=target.language)
        return self._pages.see_other(target.name, language=language.named())

    async def _sign_up(self, request: Request) -> Response:
        target, family = await self._database.read(find_family, request.path_params["name"])
        target = target or among(family)
        if target is None:
            return self._pages.not_found()
        shown = self._pages.choose_language(target=target.language)  # as the page with the form did
        fields = await read_fields(request)
        chosen, wanted = choose(target, family, clean_language(first(fields, "language") or ""))
        if chosen.closed_at is not None:
            return await self._again(chosen, status=410)
        language.use_form(wanted)
        if not wanted and language.is_browsers(chosen.language):
            wanted = self._pages.words.language  # the page used the browser's language, so the email does, too
        if wanted or not family:
            shown = self._pages.choose_language(target=target.language)
        typed, name = first(fields, "email") or "", clean_name(first(fields, "name") or "")
        again = {"chosen": chosen, "email": typed[:254], "name": name}
        address = find_address(typed)
        if address is None:
            return await self._again(target, status=400, **again, has_bad_address=True)
        is_ours = first(fields, "form") == "page"
        origin = Origin(source="web", ip=self._web.client(request), language=wanted, words=consent_words.ELSEWHERE)
        if is_ours:
            apart = consent_words.language_apart(shown, wanted or chosen.language)
            origin = replace(origin, words=_shown(shown, target, chosen), words_language=apart)
        trust, form = self._forms.check(target.id, fields, typed)
        network = self._web.network(request)
        answer = await self._web_requests.sign_up(
            [chosen.name], Applicant(address, origin, name, trust), network=network, form=form
        )
        match answer:
            case RateExceeded(retry_at=retry_at):
                return await self._again(target, status=429, **again, retry_after=self._web.seconds_until(retry_at))
            case SignUpAnswer.UNKNOWN_LIST:
                return self._pages.not_found()
            case SignUpAnswer.CLOSED:
                return await self._again(chosen, status=410)
        self._pages.choose_language(target=chosen.language)
        if is_ours and not wants_json(request):
            return self._check_inbox(chosen, typed=address.typed, name=name)
        return self._pages.see_other(chosen.name, "check-mail", language=language.named())

    async def logo(self, request: Request) -> Response:
        """`/NAME/logo/DIGEST`: the list's logo. Its address changes with it, so clients may keep it."""
        logo = await self._database.read(current_logo, request.path_params["name"], request.path_params["digest"])
        if logo is None:
            return self._pages.not_found()
        return Response(logo.content, media_type=logo.media_type, headers={"Cache-Control": FOR_EVER})

    async def icon(self, request: Request) -> Response:
        """`/NAME/icon.png`: the list's initial in its colour, for phones and for sites that link here."""
        target = await self._database.read(find_list, request.path_params["name"])
        if target is None:
            return self._pages.not_found()
        ground = DEFAULT if target.colour is None else Colour.parse(target.colour)
        content = icon_png(initial(target.title, target.language), ground)
        return conditional(request, Response(content, media_type="image/png", headers=KEPT_FOR_A_DAY))

    async def check_mail(self, request: Request) -> Response:
        """Where a sign-up through another site's form ends. It shows nothing about the person."""
        target = await self._database.read(find_list, request.path_params["name"])
        if target is None:
            return self._pages.not_found()
        self._pages.choose_language(target=target.language)
        return self._check_inbox(target)

    def _check_inbox(self, target: MailingList, *, typed: str = "", name: str = "") -> Response:
        where = self._pages.href(target.name)
        return self._forms.check_inbox(target.id, where, about=target, typed=typed, name=name)

    async def _again(self, target: MailingList, *, status: int, **shown: Any) -> Response:
        """The page of a list once more, with what is wrong; `shown` as for `_list_page`."""
        page = await self._database.read(list_page, target.name)
        self._pages.choose_language(target=target.language)
        return self._pages.not_found() if page is None else self._list_page(page, status=status, **shown)

    def _list_page(
        self,
        page: ListPage,
        *,
        status: int = 200,
        email: str = "",
        name: str = "",
        has_bad_address: bool = False,
        retry_after: int = 0,
        chosen: MailingList | None = None,
    ) -> Response:
        """The page.

        `chosen` is the list of the family whose language the form has chosen, by default the page's own. `retry_after`
        is the number of seconds until this network may sign up again, 0 for at once.
        """
        target, last = page.list, page.last
        form = self._forms.context(target.id, is_open=target.closed_at is None)
        urls, here = public_archive(self._pages, target.name), self._pages.href(target.name)
        names = own_names([other.language for other in page.family])
        in_full = last if target.front == "full" else None
        return self._pages.render(
            "list.html",
            status=status,
            headers={"Retry-After": str(retry_after)} if retry_after else None,
            allowing=self._forms.allowing(form),
            about=target,
            here=here,
            list=target,
            last=last,
            content=None if in_full is None else edition_in_page(self._pages, in_full, urls, below=1),
            has_heading="<h1" in ((last.html if last is not None else None) or ""),
            earlier=page.earlier,
            total=page.total,
            places=urls,
            family=list(zip(page.family, names, strict=True)),
            also=links_to_languages([(self._pages.href(other.name), other.language) for other in page.family], here),
            choices=choices_of(page.family, chosen or target),
            **form,
            email=email,
            name=name,
            has_bad_address=has_bad_address,
            problem=too_many(self._pages.words, retry_after) if retry_after else "",
        )


def _shown(say: Words, target: MailingList, chosen: MailingList) -> str:
    """What our form said: that of a list, or that of a family with another language chosen."""
    if chosen.id == target.id:
        return consent_words.sign_up(say, target.title)
    return consent_words.sign_up_in(say, target.title, own_names([chosen.language])[0])
