"""Lists that are one newsletter in several languages: which of them a visitor is redirected to.

`/FAMILY` redirects to the list in the visitor's language, and so does every page below that name. `?language=` on a
page of a list redirects to the list of the same family in that language, so that the language menu changes the
newsletter and not only the words around it. If no list has the language, the page uses it, as without a family.
A name in capitals redirects to the same name in lower case.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pressrun.locales.all_languages import own_names
from pressrun.locales.languages import best_of, find_language
from pressrun.services.archives.archive_reader import find_translation
from pressrun.services.archives.list_reader import find_family
from pressrun.store.lists.lists import MailingList
from pressrun.web import language
from pressrun.web.context import WebContext
from pressrun.web.http.forms import clean_language
from pressrun.web.http.security import Handler

_LINK = Markup('<a href="{}" lang="{}" hreflang="{}" dir="auto">{}</a>')


def in_language(family: Sequence[MailingList], *wanted: str) -> MailingList | None:
    """The list of a family in the first of these languages that one of them has."""
    index = best_of([target.language for target in family], wanted)
    return None if index is None else family[index]


def among(family: Sequence[MailingList], named: str = "") -> MailingList | None:
    """The list of a family for the visitor at hand; None if the family has no lists.

    An open list goes before a closed one. If none has a language that the visitor wants, it is the first.
    """
    candidates = [target for target in family if target.closed_at is None] or family
    best = in_language(candidates, *([named] if named else []), *language.accepted_languages())
    return best or next(iter(candidates), None)


def choose(target: MailingList, family: Sequence[MailingList], wanted: str) -> tuple[MailingList, str]:
    """The list for somebody who signs up with a language on the form of `target`, and the language to use.

    The language is empty where it is that of the list, because they chose it by choosing the list.
    """
    chosen = in_language([target, *family], wanted) if family and wanted else None
    if chosen is None:
        return target, wanted
    is_own = chosen.language.lower() == wanted.lower() or find_language(chosen.language) == find_language(wanted)
    return chosen, "" if is_own else wanted


def links_to_languages(pages: Sequence[tuple[str, str]], here: str) -> Markup:
    """Links to a page in its other languages, by their own names; `pages` are (address, tag), `here` among them."""
    names = own_names([tag for _, tag in pages])
    return Markup("\u00a0· ").join(  # a line never begins with the dot
        _LINK.format(href, tag, tag, name) for (href, tag), name in zip(pages, names, strict=True) if href != here
    )


class Families:
    """Redirects within a family."""

    def __init__(self, web: WebContext) -> None:
        self._pages = web.pages
        self._database = web.database

    def redirecting(self, handler: Handler) -> Handler:
        """`handler`, but a visitor who names the language of another list of the family is sent to that list's page."""

        async def show(request: Request) -> Response:
            is_named = request.method in ("GET", "HEAD") and "language" in request.query_params
            return (await self.elsewhere(request) if is_named else None) or await handler(request)

        return show

    async def in_lower_case(self, request: Request) -> Response | None:
        """Redirect to the page of a list or family whose name was typed in capitals; all names are in lower case."""
        name, *below = request.scope["path"].strip("/").split("/")
        target, family = (None, ()) if name == name.lower() else await self._database.read(find_family, name.lower())
        if target is None and not family:
            return None
        query = {key: request.query_params.get(key, "") for key in ("q", "order", "year", "page", "language")}
        where = self._pages.href(name.lower(), *below, **query)
        return RedirectResponse(where, status_code=302)

    async def elsewhere(self, request: Request) -> Response | None:
        """Redirect to the same page of the list of the family that suits the visitor better; None if none does."""
        target, family = await self._database.read(find_family, request.path_params["name"])
        named = clean_language(request.query_params.get("language", ""))
        if target is None:
            best = among(family, named)
            return None if best is None else self._redirect(request, best, named)
        # `target` comes first, so that visitors stay if they name a language that it has.
        chosen = in_language([target, *(other for other in family if other.closed_at is None)], named)
        if chosen is None or chosen.id == target.id:
            return None
        slug = request.path_params.get("slug", "")
        if slug:
            slug = await self._database.read(find_translation, target.name, slug, chosen.name) or ""
        return self._redirect(request, chosen, named, slug)

    def _redirect(self, request: Request, chosen: MailingList, named: str, slug: str = "") -> Response:
        """To the same page of another list.

        From an edition without a translation, and from a page of results, it leads to the archive or the search.
        """
        below = request.scope["path"].strip("/").split("/")[1:2]
        if slug:
            below.append(slug)
        supported = find_language(named)
        keep = supported if supported is not None and supported != find_language(chosen.language) else ""
        where = self._pages.href(chosen.name, *below, language=keep)
        return RedirectResponse(where, status_code=302, headers={"Vary": "Accept-Language"})
