"""The archive: its index by year, the search, the page of an edition, and the images and files beside it.

The same pages stand below a list's name, where the archive is public, and below a reader's own link (`/read/TOKEN`),
which sets nothing in the browser: whoever holds the link may read, until its reader leaves.

An edition's HTML is an author's, so its page is one document in a sandbox: no script, no form, no origin of ours. The
page's own header and footer stand in the same document, because a frame cannot find its height without a script; a
style sheet of the edition's own stands in a shadow tree, where its rules reach nothing else.
"""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.site import Site
from pressrun.core.timestamps import rfc3339
from pressrun.core.tokens import TEST_ID, WebPurpose
from pressrun.message.content.web_fragment import inline_fragment
from pressrun.services.editions.archive_reader import ArchiveAccess, ArchiveReader, IndexPage, NotReadable, ReaderLink
from pressrun.services.editions.archived_edition import ArchivedEdition, ArchivedFile
from pressrun.services.ports import Clock
from pressrun.services.throttled import Throttled
from pressrun.store.lists import MailingList
from pressrun.web.archives.places import NEWEST, Places, public_places, reader_places
from pressrun.web.http.clients import Proxies, network_of
from pressrun.web.http.conditional import conditional
from pressrun.web.http.visitors import client_of
from pressrun.web.other_languages import links_to_languages
from pressrun.web.pages import Pages
from pressrun.web.promise import DECOY, sign_up_promise
from pressrun.web.reading import ReadTokens

EDITION_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# The page around it has our sign-up form; the author's HTML was cleaned of forms.
_PAGE_POLICY = EDITION_POLICY.replace("sandbox ", "sandbox allow-forms ", 1).replace(
    "form-action 'none'", "form-action 'self'"
)
# What a click downloads must be allowed by name inside the sandbox.
_POLICY_WITH_FILES = _PAGE_POLICY.replace("sandbox ", "sandbox allow-downloads ", 1)
_ASSET_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
_SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_SHEET = re.compile(r"<style>.*?</style>", re.DOTALL)
_ROOT = re.compile(r"(?<![\w.#-])(?:html|body)(?![\w-])", re.IGNORECASE)
_GROUND = re.compile(r"\s*(?:<style>|<div style=\"[^\"]*background)")  # it brings the paper that it stands on
# What may be wider than a phone: a table of data, a width of 300 pixels or more, whatever a style sheet says.
_FIXED_WIDTH = re.compile(
    r"<table\b(?![^>]*\brole=\"presentation\")|\bwidth(?:=\"|\s*:\s*)(?:[3-9]\d\d|\d{4,})(?![\d.]*%)|<style>",
    re.IGNORECASE,
)
_COLOURS = re.compile(r"\b(?:color|background)\b|bgcolor=|<font\b|<style>", re.IGNORECASE)


class ArchivePages:
    """What was sent, for everybody to read, or for a list's readers."""

    def __init__(
        self, *, pages: Pages, archive_reader: ArchiveReader, tokens: ReadTokens, proxies: Proxies, clock: Clock
    ) -> None:
        self._pages = pages
        self._archive_reader = archive_reader
        self._tokens = tokens
        self._proxies = proxies
        self._clock = clock

    async def index(self, request: Request) -> Response:
        """`/NAME/archive`, `/read/TOKEN`: the editions, newest first, a page or a year at a time."""
        entered = self._enter(request)
        if isinstance(entered, Response):
            return entered
        door, places = entered
        year = _number(request, "year", 0) if "year" in request.query_params else None
        found = await self._archive_reader.index(door, _number(request, "page", 1), year)
        if isinstance(found, NotReadable):
            return await self.shut(found, door)
        self._pages.speak(target=found.list.language)
        page = self._pages.render(
            "archive.html",
            about=found.list,
            list=found.list,
            page=found,
            places=places,
            also=self._other_archives(found) if places.is_public else "",
        )
        return conditional(request, page, modified_at=None)

    def _other_archives(self, page: IndexPage) -> Markup:
        """Links to the archives of the other languages."""
        there = [(self._pages.href(one.name, "archive"), one.language) for one in page.family]
        return links_to_languages(there, self._pages.href(page.list.name, "archive"))

    async def search(self, request: Request) -> Response:
        """`/NAME/search?q=`, `/read/TOKEN/search?q=`: editions that hold the words."""
        entered = self._enter(request)
        if isinstance(entered, Response):
            return entered
        door, places = entered
        query = request.query_params.get("q", "").strip()
        newest = request.query_params.get("order") == NEWEST
        network = network_of(client_of(request, self._proxies))
        found = await self._archive_reader.search(
            door, query, _number(request, "page", 1), newest=newest, network=network
        )
        if isinstance(found, Throttled):
            return await self._throttled(found.retry_at, door, places)
        if isinstance(found, NotReadable):
            return await self.shut(found, door)
        self._pages.speak(target=found.list.language)
        return self._pages.render(
            "search.html",
            headers={"X-Robots-Tag": "noindex"},
            about=found.list,
            list=found.list,
            page=found,
            places=places,
        )

    async def edition(self, request: Request) -> Response:
        """`/NAME/archive/SLUG`, `/read/TOKEN/archive/SLUG`: one edition."""
        entered = self._enter(request)
        if isinstance(entered, Response):
            return entered
        door, places = entered
        found = await self._archive_reader.edition(door, request.path_params["slug"])
        if isinstance(found, NotReadable):
            return await self.shut(found, door)
        target, edition = found
        self._pages.speak(target=target.language)
        response = self._pages.render(
            "edition.html",
            headers={"Content-Security-Policy": _POLICY_WITH_FILES if edition.attachments else _PAGE_POLICY},
            about=target,
            promise=sign_up_promise(self._pages.words),
            **edition_context(self._pages, target, edition, places, self._pages.href(target.name)),
        )
        return conditional(request, response, modified_at=None)

    async def latest(self, request: Request) -> Response:
        """`/NAME/latest`: the latest edition, whichever that is now; the list's page where nobody may read one."""
        name = request.path_params["name"]
        found = await self._archive_reader.index(name)
        if not isinstance(found, NotReadable) and found.editions:
            return self._pages.see_other(name, "archive", found.editions[0].slug)
        if await self._archive_reader.find_list(name) is None:
            return await self.shut(NotReadable.UNKNOWN, name)
        return self._pages.see_other(name)

    async def asset(self, request: Request) -> Response:
        """`…/archive/SLUG/asset/FILE`: an image, or a file to keep."""
        entered = self._enter(request)
        if isinstance(entered, Response):
            return entered
        parts = request.path_params
        found = await self._archive_reader.asset(entered[0], parts["slug"], parts["file"])
        if isinstance(found, NotReadable):
            return await self.shut(found, entered[0])
        response = Response(found.content, headers=asset_headers(found))
        return conditional(request, response, modified_at=None)

    async def shut(self, reason: NotReadable, door: ArchiveAccess) -> Response:
        """The page in place of what cannot be read, with the way to the list that it is about."""
        if isinstance(door, ReaderLink):
            return self._pages.invalid_link()
        about = await self._archive_reader.find_list(door)
        if about is not None:
            self._pages.speak(target=about.language)
        return self._pages.members_only(about) if reason is NotReadable.MEMBERS else self._pages.not_found(about)

    async def _throttled(self, retry_at: float, door: ArchiveAccess, places: Places) -> Response:
        about = await self._archive_reader.find_list(door) if isinstance(door, str) else None
        if about is not None:
            self._pages.speak(target=about.language)
        seconds, say = max(1, math.ceil(retry_at - self._clock())), self._pages.words
        return self._pages.message(
            say("Too many searches"),
            say.counted(
                "Too many searches from your network. Try again in {number} minute.",
                "Too many searches from your network. Try again in {number} minutes.",
                math.ceil(seconds / 60),
            ),
            status=429,
            headers={"Retry-After": str(seconds)},
            about=about,
            back=(places.index(), say("Archive")),
        )

    def _enter(self, request: Request) -> tuple[ArchiveAccess, Places] | Response:
        """By which door a request comes in; the page to show instead for a link that opens none."""
        token = request.path_params.get("token")
        if token is None:
            name = request.path_params["name"]
            return name, public_places(self._pages, name)
        match self._tokens().read(WebPurpose.READ, token):
            case (subscription, _, _) if subscription == TEST_ID:
                return self._test_copy()
            case (subscription, epoch, number):
                return ReaderLink(subscription, epoch, number), reader_places(self._pages, token)
            case _:
                return self._pages.invalid_link()

    def _test_copy(self) -> Response:
        say = self._pages.words
        return self._pages.message(
            say("This is a test copy"),
            say("This link is from a test copy. In a real edition, it opens past editions."),
        )


def edition_in_page(pages: Pages, edition: ArchivedEdition, places: Places, *, below: int) -> str | None:
    """An edition's content below so many headings of the page; None where its design needs a place of its own."""
    content = edition.html_with_images(places.asset(edition.summary.slug, ""))
    if content is None:
        return f'<div class="lines">{escape(edition.text)}</div>'
    return inline_fragment(content, table_name=pages.words("Table"), below=below)


def edition_context(
    pages: Pages, target: MailingList, edition: ArchivedEdition, places: Places, home: str
) -> dict[str, Any]:
    """What the template of an edition's page is filled with."""
    content = edition.html_with_images(places.asset(edition.summary.slug, ""))
    in_page = edition_in_page(pages, edition, places, below=0)
    has_own_place = in_page is None
    translations = edition.translations if places.is_public else ()
    alternates = [(pages.site.url(one.list_name, "archive", one.slug), one.language) for one in translations]
    return {
        "alternates": alternates,
        "also": links_to_languages(alternates, pages.site.url(target.name, "archive", edition.summary.slug)),
        "list": target,
        "home": home,
        "edition": edition,
        "places": places,
        "decoy": DECOY,
        "content": _in_shadow(content or "") if in_page is None else in_page,
        "has_sheet": "<style>" in (content or ""),
        "has_ground": _GROUND.match(content or "") is not None,
        "may_scroll": has_own_place and _FIXED_WIDTH.search(content or "") is not None,
        "has_colours": has_own_place and _COLOURS.search(content or "") is not None,
        "has_heading": "<h1" in (content or ""),
        "policy": None,
        "described": described(pages.site, target, edition) if places.is_public else None,
    }


def described(site: Site, target: MailingList, edition: ArchivedEdition) -> dict[str, object]:
    """What machines are told of a public edition (schema.org): data in a script element of a type that nothing runs."""
    slug = edition.summary.slug
    url = site.url(target.name, "archive", slug)
    publisher = {"@type": "Organization", "name": target.title, "url": site.url(target.name)}
    found: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": edition.summary.title,
        "description": edition.teaser,
        "datePublished": rfc3339(edition.summary.published_at),
        "inLanguage": edition.summary.language,
        "url": url,
        "mainEntityOfPage": url,
        "author": publisher,
        "publisher": publisher,
        "isAccessibleForFree": True,
    }
    if edition.picture is not None:
        found["image"] = site.url(target.name, "archive", slug, "asset", edition.picture)
    return found


def _in_shadow(content: str) -> str:
    """In a shadow tree there is no `body`: what the sheet says of it goes to the tree's host."""
    return _SHEET.sub(lambda sheet: _ROOT.sub(":host", sheet[0]), content)


def asset_headers(asset: ArchivedFile) -> dict[str, str]:
    """How an image or file is handed out: shown where it is an image, else kept by whoever asks for it."""
    is_image = asset.media_type in _SHOWN_INLINE
    kind = "inline" if is_image else "attachment"
    return {
        "Content-Type": asset.media_type if is_image else "application/octet-stream",
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(asset.name, safe='')}",
        "Content-Security-Policy": _ASSET_POLICY,
        "Cache-Control": "public, max-age=86400",
    }


def _number(request: Request, name: str, otherwise: int) -> int:
    """A whole number of the query; 0, which no page has, for anything else."""
    asked = request.query_params.get(name)
    if asked is None:
        return otherwise
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0
