"""The actions that need a reader's own link, mailed to them on request: change the address, download, erase.

The preferences link in an edition does not suffice, because editions get forwarded. With that link, the same buttons
mail the reader their own link first.
"""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.errors import Refused
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.web.http.forms import Fields, first
from pressrun.web.pages import Pages

ACTIONS = frozenset({"change-address", "download", "erase"})
SURE = "yes"  # the value of the field `sure`, which the confirmation page adds
FILE_NAME = "my-subscriptions.json"


class OwnLinkPages:
    """The answers to the buttons of these actions, except the page for a new address."""

    def __init__(self, *, pages: Pages, preferences: Preferences) -> None:
        self._pages = pages
        self._preferences = preferences

    async def mail_link(self, link: PreferenceLink, action: str, origin: Origin) -> Response:
        """Mail their own link to the reader to whom this preferences link belongs."""
        profile = await self._preferences.mail_link(link, action, origin)
        if profile is None:
            return self._pages.invalid_link()
        say = self._pages.words
        return self._pages.message(
            say("Check your email"),
            say("Emails get forwarded, so we've sent a private link to your address. Open it to continue."),
            sign="mail",
            about=profile.about,
        )

    async def download(self, link: PreferenceLink) -> Response:
        """Everything stored about the reader, as a file."""
        data = await self._preferences.download(link)
        if data is None:
            return self._pages.invalid_link()
        return Response(
            json.dumps(data, ensure_ascii=False, indent=2) + "\n",
            media_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{FILE_NAME}"'},
        )

    async def erase(self, request: Request, link: PreferenceLink, fields: Fields) -> Response:
        """Ask for confirmation first; once the form confirms it, erase the reader."""
        say = self._pages.words
        if first(fields, "sure") != SURE:
            profile = await self._preferences.find(link)
            if profile is None:
                return self._pages.invalid_link()
            back = self._pages.href("preferences", request.path_params["token"], list=link.list_name)
            return self._pages.render(
                "erase.html", about=profile.about, address=profile.person.address, sure=SURE, back=back
            )
        try:
            is_erased = await self._preferences.erase(link)
        except Refused:
            return self._pages.message(
                say("We can't delete this address yet"),
                say("A newsletter uses this as its own address. Ask the people who run it to change that first."),
                status=409,
            )
        if not is_erased:
            return self._pages.invalid_link()
        return self._pages.message(
            say("Your data is deleted"),
            say("We no longer have your address. Only you can add it again, by signing up."),
            sign="done",
        )
