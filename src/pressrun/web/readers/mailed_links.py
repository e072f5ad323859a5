"""Pages for readers without an email at hand: they enter their address, and a link is mailed to it.

The answer is the same for every address, so that nobody learns who is subscribed. If the request came from a form of
ours, the answer repeats the address that was typed, so that readers who wait in vain notice a typo. Programs and forms
elsewhere get exactly the same octets for every address.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.addresses.address import Address, find_address
from pressrun.store.lists.lists import MailingList, find_list
from pressrun.web import language
from pressrun.web.context import WebContext
from pressrun.web.http.forms import Fields, first, read_fields
from pressrun.web.readers.preferences import find_named_list, here
from pressrun.web.readers.sign_up_forms import FRONT, FormCopies
from pressrun.web.use_cases import UseCases

_NOINDEX = {"X-Robots-Tag": "noindex"}


class MailedLinkPages:
    """`/preferences` and `/NAME/unsubscribe`."""

    def __init__(self, web: WebContext, cases: UseCases) -> None:
        self._web = web
        self._pages = web.pages
        self._requests = cases.web_requests
        self._copies = FormCopies(web, cases.web_requests)

    async def preferences(self, request: Request) -> Response:
        """Mail a link to the preferences. `?list=NAME` names the list whose colours and sender are used.

        The page of links that don't work is the same for everybody, so its form has no number. The network of the
        client takes its place.
        """
        about = await find_named_list(request, self._web)
        fields = await read_fields(request) if request.method == "POST" else ()
        address, typed = _read_address(request, fields)
        if address is None:
            return self._form("ask_preferences.html", about, here(request), FRONT, typed)
        origin, network = self._web.origin_as_named(request), self._web.network(request)
        _, number = self._copies.read(FRONT, fields)
        has_no_number = first(fields, "form") == "page"  # on the page of links that don't work
        form = network if has_no_number and number is None else number
        await self._requests.preferences_link(address, origin, network=network, form=form, about=about)
        text = self._pages.words("If this address is subscribed, we've sent it a private link to its preferences.")
        name = "" if about is None else about.name
        where = self._pages.href("preferences", list=name, language=language.named())
        return self._sent(_typed_on(form, address), text, where, about=about)

    async def unsubscribe(self, request: Request) -> Response:
        """Mail a link to unsubscribe from the list."""
        about = await self._web.database.read(find_list, request.path_params["name"])
        if about is None:
            return self._pages.not_found()
        say = self._pages.choose_language(target=about.language)
        fields = await read_fields(request) if request.method == "POST" else ()
        address, typed = _read_address(request, fields)
        if address is None:
            where = self._pages.href(about.name, "unsubscribe")
            return self._form("ask_unsubscribe.html", about, where, about.id, typed, headers=_NOINDEX)
        origin, network = self._web.origin_as_named(request), self._web.network(request)
        _, form = self._copies.read(about.id, fields)
        await self._requests.unsubscribe_link(about, address, origin, network=network, form=form)
        text = say("If this address is subscribed, we've sent it a link to unsubscribe.")
        where = self._pages.href(about.name, "unsubscribe", language=language.named())
        return self._sent(_typed_on(form, address), text, where, about=about, headers=_NOINDEX)

    def _sent(self, typed: list[str], text: str, form: str, **more: Any) -> Response:
        say = self._pages.words
        patience = say("Nothing after a few minutes? Check your spam folder, or try again.")
        again = (form, say("Wrong address? Change it."))
        return self._pages.message(say("Check your email"), *typed, text, patience, sign="mail", back=again, **more)

    def _form(
        self,
        template: str,
        about: MailingList | None,
        where: str,
        page: int,
        typed: str | None,
        *,
        headers: dict[str, str] | None = None,
    ) -> Response:
        return self._pages.render(
            template,
            status=200 if typed is None else 400,
            about=about,
            here=where,
            form_token=self._copies.make(page),
            email=(typed or "")[:254],
            has_bad_address=typed is not None,
            headers=headers,
        )


def _read_address(request: Request, fields: Fields) -> tuple[Address | None, str | None]:
    """The address that was posted, and what was typed; (None, None) for a GET."""
    if request.method != "POST":
        return None, None
    typed = first(fields, "email") or ""
    return find_address(typed), typed


def _typed_on(form: int | str | None, address: Address) -> list[str]:
    """What the answer repeats: the address, if it came from a form of ours."""
    return [] if form is None else [address.typed]
