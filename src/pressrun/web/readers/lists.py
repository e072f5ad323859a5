"""The front page, the page of a list, and its sign-up form.

A form on any other site may post here, so there is no token and no look at the Referer. Every well-formed address
gets the same answer, whatever it is to the list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.address import parse_address
from pressrun.core.errors import MalformedAddress
from pressrun.core.sign_up import Trust, decide_trust
from pressrun.core.tokens import WebPurpose
from pressrun.core.work import is_work
from pressrun.locales.own_names import own_names
from pressrun.services.editions.archiving import Archiving, ListPage
from pressrun.services.ports import Clock
from pressrun.services.readers.asking import Asking
from pressrun.services.readers.subscribing import Origin, SignUp
from pressrun.services.throttled import Throttled
from pressrun.store.lists import MailingList
from pressrun.web import language
from pressrun.web.archives.archive import edition_in_page
from pressrun.web.archives.places import public_places
from pressrun.web.http.clients import Proxies, network_of
from pressrun.web.http.forms import Fields, clean_language, clean_name, every, first, read_fields
from pressrun.web.http.visitors import client_of
from pressrun.web.pages import FOR_EVER, Pages
from pressrun.web.promise import DECOY, sign_up_promise
from pressrun.web.readers import words
from pressrun.web.readers.answers_in_json import asks_for_json, in_json
from pressrun.web.reading import ReadTokens


class ListPages:
    """What the public sees of a list."""

    def __init__(
        self,
        *,
        pages: Pages,
        asking: Asking,
        archiving: Archiving,
        tokens: ReadTokens,
        proxies: Proxies,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._asking = asking
        self._archiving = archiving
        self._tokens = tokens
        self._proxies = proxies
        self._clock = clock

    async def front(self, _request: Request) -> Response:
        """The public lists."""
        return self._pages.render("front.html", lists=await self._archiving.public_lists())

    async def show(self, request: Request) -> Response:
        """One list with its last edition and the sign-up form."""
        found = await self._archiving.list_page(request.path_params["name"])
        if found is None:
            return self._pages.not_found()
        self._pages.speak(target=found.list.language)
        return self._list_page(found)

    async def subscribe(self, request: Request) -> Response:
        """Take a sign-up; a program that asks for JSON gets a line of it in the place of a page."""
        answer = await self._sign_up(request)
        return in_json(answer) if asks_for_json(request) else answer

    async def _sign_up(self, request: Request) -> Response:
        found = await self._archiving.list_page(request.path_params["name"])
        if found is None:
            return self._pages.not_found()
        self._pages.speak(target=found.list.language)
        if found.list.closed_at is not None:
            return self._list_page(found, status=410)
        fields = await read_fields(request)
        wanted = clean_language(first(fields, "language") or "")
        language.listen_to_form(wanted)
        if not wanted and language.is_browsers(found.list.language):
            wanted = self._pages.words.language  # the page spoke as the browser asked, and so shall the mail
        self._pages.speak(target=found.list.language)
        typed, name = first(fields, "email") or "", clean_name(first(fields, "name") or "")
        try:
            address = parse_address(typed)
        except MalformedAddress:
            return self._list_page(found, status=400, email=typed[:254], name=name, has_bad_address=True)
        title = found.list.title
        shown = words.sign_up(self._pages.words, title) if first(fields, "form") == "page" else words.ELSEWHERE
        client = client_of(request, self._proxies)
        origin = Origin(source="web", ip=client, language=wanted, words=shown)
        form = self._form_of(found, fields)
        answer = await self._asking.sign_up(
            found.list.name,
            address,
            origin,
            network=network_of(client),
            name=name,
            trust=self._trust(found, form, fields, typed),
            form=None if form is None else form[1],
        )
        match answer:
            case Throttled(retry_at=retry_at):
                seconds = max(1, math.ceil(retry_at - self._clock()))
                return self._list_page(found, status=429, email=typed[:254], name=name, retry_after=seconds)
            case SignUp.UNKNOWN_LIST:
                return self._pages.not_found()
            case SignUp.CLOSED:
                return self._list_page(found, status=410)
            case _ if first(fields, "form") == "page" and not asks_for_json(request):
                return self._check_inbox(found.list, typed=address.typed, name=name)
            case _:
                return self._pages.see_other(found.list.name, "check-mail", language=language.named())

    async def logo(self, request: Request) -> Response:
        """`/NAME/logo/DIGEST`: the list's logo, to be kept for as long as it is that one."""
        found = await self._archiving.logo(request.path_params["name"], request.path_params["digest"])
        if found is None:
            return self._pages.not_found()
        return Response(found.content, media_type=found.media_type, headers={"Cache-Control": FOR_EVER})

    async def check_mail(self, request: Request) -> Response:
        """Where a sign-up by another site's form ends: it holds nothing about the person."""
        found = await self._archiving.find_list(request.path_params["name"])
        if found is None:
            return self._pages.not_found()
        self._pages.speak(target=found.language)
        return self._check_inbox(found)

    def _check_inbox(self, target: MailingList, *, typed: str = "", name: str = "") -> Response:
        """What every well-formed address gets; our own form gets it at once, with the address that was typed.

        So the address stands on a page that nobody keeps, and in no URL, where it would reach logs and histories.
        """
        form = self._tokens().make(WebPurpose.FORM, target.id, int(self._clock()), self._asking.draw_form())
        return self._pages.render(
            "check_inbox.html",
            about=target,
            here=self._pages.href(target.name),
            shown=Markup('<strong><bdi dir="ltr">{}</bdi></strong>').format(typed),
            typed=typed,
            name=name,
            promise=sign_up_promise(self._pages.words),
            decoy=DECOY,
            form_token=form,
            headers={"X-Robots-Tag": "noindex", "Cache-Control": "no-store"},
        )

    def _form_of(self, found: ListPage, fields: Fields) -> tuple[int, int] | None:
        """When our page was made, and the number of this copy of it, as its token says."""
        match self._tokens().read(WebPurpose.FORM, first(fields, "form_token") or ""):
            case (list_id, at, number) if list_id == found.list.id:
                return at, number
        return None

    def _trust(self, found: ListPage, form: tuple[int, int] | None, fields: Fields, typed: str) -> Trust:
        """How far the form can be believed: its age, a decoy that stays empty, and work that was done."""
        issued_at = None if form is None else form[0]
        return decide_trust(
            issued_at=issued_at,
            now=self._clock(),
            form_seconds=self._asking.form_seconds,
            decoy="".join(every(fields, DECOY)),
            has_worked=issued_at is not None and self._has_worked((found.list.id, issued_at), fields, typed),
        )

    def _has_worked(self, form: tuple[int, int], fields: Fields, typed: str) -> bool:
        challenge = first(fields, "challenge") or ""
        match self._tokens().read(WebPurpose.WORK, challenge):
            case (list_id, at, bits) if (list_id, at) == form:
                return is_work(challenge, typed, first(fields, "proof") or "", bits)
        return False

    def _list_page(
        self,
        found: ListPage,
        *,
        status: int = 200,
        email: str = "",
        name: str = "",
        has_bad_address: bool = False,
        retry_after: int = 0,
    ) -> Response:
        """The page; `retry_after` are the seconds until this network may sign up again, 0 for at once."""
        form, bits = (found.list.id, int(self._clock())), self._asking.work_bits
        if found.list.closed_at is not None:
            bits = None  # there is no form
        family = list(zip(found.family, own_names([one.language for one in found.family]), strict=True))
        places, last = public_places(self._pages, found.list.name), found.last
        content = None
        if last is not None and found.list.front == "full":
            content = edition_in_page(self._pages, last, places, below=1)
        return self._pages.render(
            "list.html",
            status=status,
            headers={"Retry-After": str(retry_after)} if retry_after else None,
            allowing=[] if bits is None else ["script-src 'self'", "worker-src 'self'"],
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
            also=self._other_languages(found.list, family),
            promise=sign_up_promise(self._pages.words),
            decoy=DECOY,
            form_token=self._tokens().make(WebPurpose.FORM, *form, self._asking.draw_form()),
            work_bits=bits,
            challenge="" if bits is None else self._tokens().make(WebPurpose.WORK, *form, bits),
            script=self._pages.static_href("work.js"),
            email=email,
            name=name,
            has_bad_address=has_bad_address,
            problem=self._too_many(retry_after) if retry_after else "",
        )

    def _other_languages(self, target: MailingList, family: Sequence[tuple[MailingList, str]]) -> Markup:
        """Links to the same newsletter in other languages."""
        link = Markup('<a href="{}" lang="{}" hreflang="{}" dir="auto">{}</a>')
        return Markup(" · ").join(
            link.format(self._pages.href(one.name), one.language, one.language, name)
            for one, name in family
            if one.id != target.id
        )

    def _too_many(self, seconds: int) -> str:
        return self._pages.words.counted(
            "Too many sign-ups from your network. Try again in {number} minute.",
            "Too many sign-ups from your network. Try again in {number} minutes.",
            math.ceil(seconds / 60),
        )
