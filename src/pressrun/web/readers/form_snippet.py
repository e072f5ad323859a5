"""A sign-up form to paste into any site: its code, a preview, and a button that copies it.

The form needs no script and nothing of ours on the other site: it posts the address, and the visitor goes on here. The
page that shows it loads one small script for the copy button. Without it, the code can be selected by hand.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from pressrun.services.archives.list_reader import find_family
from pressrun.web.consent_words import sign_up_promise
from pressrun.web.context import WebContext
from pressrun.web.pages import read_static
from pressrun.web.readers.sign_up_forms import choices_of

# All its rules are below one class, and few: the form inherits font and colours from the site around it.
SHEET = read_static("form_snippet.css").rstrip()


class FormSnippetPages:
    """`/NAME/form`."""

    def __init__(self, web: WebContext) -> None:
        self._pages = web.pages
        self._database = web.database

    async def show(self, request: Request) -> Response:
        """Preview and code, in the language of the page."""
        about, family = await self._database.read(find_family, request.path_params["name"])
        if about is None:
            return self._pages.not_found()
        say = self._pages.choose_language(target=about.language)
        if about.closed_at is not None:
            text = say("There will be no new editions, and nobody can subscribe any more.")
            return self._pages.message(say("This newsletter is closed"), text, status=410, about=about)
        open_lists = [target for target in family if target.closed_at is None]
        choices = choices_of(open_lists, about) if len(open_lists) > 1 else []
        form = self._pages.render_text(
            "form_snippet.html", list=about, promise=sign_up_promise(say), choices=choices
        ).strip()
        return self._pages.render(
            "form.html",
            headers={"X-Robots-Tag": "noindex"},
            allowing=["script-src 'self'"],
            sheets=[SHEET],
            about=about,
            form=form,
            code=f"{form}\n<style>\n{SHEET}\n</style>",
            page=self._pages.site.url(about.name),
            script=self._pages.static_href("copy.js"),
        )
