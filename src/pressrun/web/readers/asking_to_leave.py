"""Leaving without an email at hand: a member is mailed the link to leave, and nobody learns who is one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.address import parse_address
from pressrun.core.errors import MalformedAddress
from pressrun.services.editions.archive_reader import ArchiveReader
from pressrun.services.readers.sign_ups import Origin
from pressrun.services.readers.web_requests import WebRequests
from pressrun.store.lists import MailingList
from pressrun.web import language
from pressrun.web.http.clients import Proxies, network_of
from pressrun.web.http.forms import first, read_fields
from pressrun.web.http.visitors import client_of
from pressrun.web.pages import Pages


class UnsubscribePages:
    """`/NAME/unsubscribe`."""

    def __init__(
        self, *, pages: Pages, web_requests: WebRequests, archive_reader: ArchiveReader, proxies: Proxies
    ) -> None:
        self._pages = pages
        self._web_requests = web_requests
        self._archive_reader = archive_reader
        self._proxies = proxies

    async def show(self, request: Request) -> Response:
        """A form for the address, and the same answer to every address."""
        found = await self._archive_reader.find_list(request.path_params["name"])
        if found is None:
            return self._pages.not_found()
        self._pages.speak(target=found.language)
        if request.method != "POST":
            return self._form(found)
        typed = first(await read_fields(request), "email") or ""
        try:
            address = parse_address(typed)
        except MalformedAddress:
            return self._form(found, status=400, email=typed[:254], has_bad_address=True)
        client = client_of(request, self._proxies)
        # Only a language that was named: what the browser prefers does not go before what the reader chose.
        origin = Origin(source="web", ip=client, language=language.named())
        await self._web_requests.unsubscribe_link(found, address, origin, network=network_of(client))
        say = self._pages.words
        return self._pages.message(
            say("Check your email"),
            say("If this address is subscribed, we've sent it a link to unsubscribe."),
            say("Nothing after a few minutes? Check your spam folder, or try again."),
            sign="mail",
            about=found,
            back=(self._pages.href(found.name, language=language.named()), say("Go to {title}", title=found.title)),
            headers={"X-Robots-Tag": "noindex"},
        )

    def _form(
        self, found: MailingList, *, status: int = 200, email: str = "", has_bad_address: bool = False
    ) -> Response:
        return self._pages.render(
            "ask_unsubscribe.html",
            status=status,
            about=found,
            here=self._pages.href(found.name, "unsubscribe"),
            email=email,
            has_bad_address=has_bad_address,
            headers={"X-Robots-Tag": "noindex"},
        )
