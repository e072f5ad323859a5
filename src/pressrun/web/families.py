"""Lists that are one newsletter in several languages: which of them a visitor is led to.

`/FAMILY` leads to the list in the visitor's language, and so does every page below that name. `?language=` on a page of
a list leads to the list of the same family in that language, so that the menu of languages changes the newsletter and
not only the words around it. Where no list has the language, the page speaks it, as for a list that stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pressrun.locales.languages import best_of, find_language
from pressrun.services.editions.archive_reader import ArchiveReader
from pressrun.store.lists import MailingList
from pressrun.web import language
from pressrun.web.http.forms import clean_language
from pressrun.web.http.security import Handler
from pressrun.web.pages import Pages

_NOT_FOUND = 404


def in_language(family: Sequence[MailingList], *wanted: str) -> MailingList | None:
    """The list of a family that speaks the first of these languages that one of them has."""
    found = best_of([one.language for one in family], wanted)
    return None if found is None else family[found]


def among(family: Sequence[MailingList], named: str = "") -> MailingList | None:
    """The list of a family for the visitor at hand; None where it has no list at all.

    It is an open one as long as there is one, and the first where none has a language that the visitor wants.
    """
    candidates = [one for one in family if one.closed_at is None] or family
    found = in_language(candidates, *([named] if named else []), *language.accepted_languages())
    return found or next(iter(candidates), None)


def choose(target: MailingList, family: Sequence[MailingList], wanted: str) -> tuple[MailingList, str]:
    """The list of a family that somebody signs up to by naming a language on the form of `target`, and what is left.

    What is left is the language in which they are to be spoken to: empty for that of the list, which they chose by it.
    """
    chosen = in_language([target, *family], wanted) if family and wanted else None
    if chosen is None:
        return target, wanted
    is_own = chosen.language.lower() == wanted.lower() or find_language(chosen.language) == find_language(wanted)
    return chosen, "" if is_own else wanted


class Families:
    """Leads from page to page of a family."""

    def __init__(self, *, pages: Pages, archive_reader: ArchiveReader) -> None:
        self._pages = pages
        self._archive_reader = archive_reader

    def lead(self, handler: Handler) -> Handler:
        """The same page of a list, but for those whom another list of its family is for."""

        async def show(request: Request) -> Response:
            if request.method not in ("GET", "HEAD"):
                return await handler(request)
            # The database is asked once more only where there is a reason: a language that is named, or no such page.
            if "language" in request.query_params and (leading := await self._elsewhere(request)):
                return leading
            answer = await handler(request)
            if answer.status_code != _NOT_FOUND:
                return answer
            return await self._elsewhere(request) or answer

        return show

    async def _elsewhere(self, request: Request) -> Response | None:
        target, family = await self._archive_reader.find_family(request.path_params["name"])
        named = clean_language(request.query_params.get("language", ""))
        if target is not None:
            # Its own list first: whoever names a language that it has stays.
            chosen = in_language([target, *(one for one in family if one.closed_at is None)], named)
            if chosen is None or chosen.id == target.id:
                return None
            slug = request.path_params.get("slug", "")
            return self._lead(request, chosen, named, await self._translation(target, slug, chosen))
        leading = among(family, named)
        return None if leading is None else self._lead(request, leading, named)

    async def _translation(self, target: MailingList, slug: str, chosen: MailingList) -> str | None:
        """The edition of the same issue, where a page of one is asked for."""
        return await self._archive_reader.find_translation(target.name, slug, chosen.name) if slug else None

    def _lead(self, request: Request, chosen: MailingList, named: str, slug: str | None = None) -> Response:
        """To the same page of another list; from an edition that is not in its archive, and from a page of results, to
        its archive or search.
        """
        below = request.scope["path"].strip("/").split("/")[1:2]
        if slug is not None:
            below.append(slug)
        spoken = find_language(named)
        keep = spoken if spoken is not None and spoken != find_language(chosen.language) else ""
        where = self._pages.href(chosen.name, *below, language=keep)
        return RedirectResponse(where, status_code=302, headers={"Vary": "Accept-Language"})
