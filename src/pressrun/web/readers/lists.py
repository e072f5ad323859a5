"""The page of a list and its sign-up form.

A form on any other site may post here, so there is no token and no look at the Referer. Every well-formed address
gets the same answer, whatever it is to the list.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.address import parse_address
from pressrun.core.colour import Colour
from pressrun.core.errors import MalformedAddress
from pressrun.locales.own_names import own_names
from pressrun.message.words import Words
from pressrun.services.editions.archive_reader import ArchiveReader, ListPage
from pressrun.services.ports import Clock
from pressrun.services.readers.sign_ups import Origin, SignUpAnswer
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.throttled import Throttled
from pressrun.store.lists import MailingList
from pressrun.web import language
from pressrun.web.archives.archive import edition_in_page
from pressrun.web.archives.places import public_places
from pressrun.web.brand import DEFAULT
from pressrun.web.drawing import icon_png
from pressrun.web.families import among, choose
from pressrun.web.http.clients import Proxies, network_of
from pressrun.web.http.conditional import conditional
from pressrun.web.http.forms import clean_language, clean_name, first, read_fields
from pressrun.web.http.visitors import client_of
from pressrun.web.other_languages import links_to_languages
from pressrun.web.pages import FOR_EVER, KEPT_FOR_A_DAY, Pages, initial
from pressrun.web.readers import words
from pressrun.web.readers.answers_in_json import asks_for_json, in_json
from pressrun.web.readers.sign_up_forms import SignUpForms, choices_of
from pressrun.web.reading import ReadTokens


class ListPages:
    """What the public sees of a list."""

    def __init__(
        self,
        *,
        pages: Pages,
        web_requests: WebRequests,
        archive_reader: ArchiveReader,
        tokens: ReadTokens,
        proxies: Proxies,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._web_requests = web_requests
        self._archive_reader = archive_reader
        self._proxies = proxies
        self._forms = SignUpForms(pages=pages, web_requests=web_requests, tokens=tokens, clock=clock)

    async def show(self, request: Request) -> Response:
        """One list with its last edition and the sign-up form."""
        found = await self._archive_reader.list_page(request.path_params["name"])
        if found is None:
            return self._pages.not_found()
        self._pages.speak(target=found.list.language)
        return self._list_page(found)

    async def subscribe(self, request: Request) -> Response:
        """Take a sign-up; a program that asks for JSON gets a line of it in the place of a page."""
        answer = await self._sign_up(request)
        return in_json(answer) if asks_for_json(request) else answer

    async def _sign_up(self, request: Request) -> Response:
        target, family = await self._archive_reader.find_family(request.path_params["name"])
        target = target or among(family)
        if target is None:
            return self._pages.not_found()
        shown = self._pages.speak(target=target.language)  # as the page that the form stands on
        fields = await read_fields(request)
        chosen, wanted = choose(target, family, clean_language(first(fields, "language") or ""))
        if chosen.closed_at is not None:
            return await self._again(chosen, status=410)
        language.listen_to_form(wanted)
        if not wanted and language.is_browsers(chosen.language):
            wanted = self._pages.words.language  # the page spoke as the browser asked, and so shall the mail
        if wanted or not family:
            shown = self._pages.speak(target=target.language)
        typed, name = first(fields, "email") or "", clean_name(first(fields, "name") or "")
        try:
            address = parse_address(typed)
        except MalformedAddress:
            return await self._again(
                target, status=400, chosen=chosen, email=typed[:254], name=name, has_bad_address=True
            )
        is_ours, client = first(fields, "form") == "page", client_of(request, self._proxies)
        origin = Origin(
            source="web",
            ip=client,
            language=wanted,
            words=_shown(shown, target, chosen) if is_ours else words.ELSEWHERE,
            words_language=words.language_apart(shown, wanted or chosen.language) if is_ours else "",
        )
        trust, form = self._forms.judge(target.id, fields, typed)
        answer = await self._web_requests.sign_up(
            chosen.name, address, origin, network=network_of(client), name=name, trust=trust, form=form
        )
        match answer:
            case Throttled(retry_at=retry_at):
                seconds = self._forms.seconds_until(retry_at)
                return await self._again(
                    target, status=429, chosen=chosen, email=typed[:254], name=name, retry_after=seconds
                )
            case SignUpAnswer.UNKNOWN_LIST:
                return self._pages.not_found()
            case SignUpAnswer.CLOSED:
                return await self._again(chosen, status=410)
        self._pages.speak(target=chosen.language)
        if is_ours and not asks_for_json(request):
            return self._check_inbox(chosen, typed=address.typed, name=name)
        return self._pages.see_other(chosen.name, "check-mail", language=language.named())

    async def logo(self, request: Request) -> Response:
        """`/NAME/logo/DIGEST`: the list's logo, to be kept for as long as it is that one."""
        found = await self._archive_reader.logo(request.path_params["name"], request.path_params["digest"])
        if found is None:
            return self._pages.not_found()
        return Response(found.content, media_type=found.media_type, headers={"Cache-Control": FOR_EVER})

    async def icon(self, request: Request) -> Response:
        """`/NAME/icon.png`: the initial of the list in its colour, for phones and for sites that link here."""
        found = await self._archive_reader.find_list(request.path_params["name"])
        if found is None:
            return self._pages.not_found()
        ground = DEFAULT if found.colour is None else Colour.parse(found.colour)
        content = icon_png(initial(found.title, found.language), ground)
        return conditional(request, Response(content, media_type="image/png", headers=KEPT_FOR_A_DAY), modified_at=None)

    async def check_mail(self, request: Request) -> Response:
        """Where a sign-up by another site's form ends: it holds nothing about the person."""
        found = await self._archive_reader.find_list(request.path_params["name"])
        if found is None:
            return self._pages.not_found()
        self._pages.speak(target=found.language)
        return self._check_inbox(found)

    def _check_inbox(self, target: MailingList, *, typed: str = "", name: str = "") -> Response:
        """What every well-formed address gets; our own form gets it at once, with the address that was typed.

        So the address stands on a page that nobody keeps, and in no URL, where it would reach logs and histories.
        """
        form = self._forms.context(target.id)
        return self._pages.render(
            "check_inbox.html",
            about=target,
            here=self._pages.href(target.name),
            shown=Markup('<strong><bdi dir="ltr">{}</bdi></strong>').format(typed),
            typed=typed,
            name=name,
            **form,
            headers={"X-Robots-Tag": "noindex", "Cache-Control": "no-store"},
        )

    async def _again(self, target: MailingList, *, status: int, **what: Any) -> Response:
        """The page of a list once more, with what is wrong; `what` as `_list_page` takes it."""
        found = await self._archive_reader.list_page(target.name)
        self._pages.speak(target=target.language)
        return self._pages.not_found() if found is None else self._list_page(found, status=status, **what)

    def _list_page(
        self,
        found: ListPage,
        *,
        status: int = 200,
        email: str = "",
        name: str = "",
        has_bad_address: bool = False,
        retry_after: int = 0,
        chosen: MailingList | None = None,
    ) -> Response:
        """The page.

        `chosen` is the list of the family whose language the form has chosen, its own where it is None. `retry_after`
        are the seconds until this network may sign up again, 0 for at once.
        """
        form = self._forms.context(found.list.id, is_open=found.list.closed_at is None)
        family = list(zip(found.family, own_names([one.language for one in found.family]), strict=True))
        places, last = public_places(self._pages, found.list.name), found.last
        content = None
        if last is not None and found.list.front == "full":
            content = edition_in_page(self._pages, last, places, below=1)
        return self._pages.render(
            "list.html",
            status=status,
            headers={"Retry-After": str(retry_after)} if retry_after else None,
            allowing=self._forms.allowing(form),
            about=found.list,
            here=self._pages.href(found.list.name),
            list=found.list,
            last=last,
            content=content,
            has_heading="<h1" in ((last.html if last is not None else None) or ""),
            earlier=found.earlier,
            total=found.total,
            places=places,
            family=family,
            also=links_to_languages(
                [(self._pages.href(one.name), one.language) for one in found.family], self._pages.href(found.list.name)
            ),
            choices=choices_of(found.family, chosen or found.list),
            **form,
            email=email,
            name=name,
            has_bad_address=has_bad_address,
            problem=self._forms.too_many(retry_after) if retry_after else "",
        )


def _shown(say: Words, target: MailingList, chosen: MailingList) -> str:
    """What our form said: that of a list, or that of a family, in which another language was chosen."""
    if chosen.id == target.id:
        return words.sign_up(say, target.title)
    return words.sign_up_in(say, target.title, own_names([chosen.language])[0])
