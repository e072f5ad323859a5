"""The archive: its index by year, the search, the page of an edition, and its images and files.

The same pages exist below a list's name, if the archive is public, and below a reader's own link (`/read/TOKEN`), which
sets nothing in the browser: anybody with the link may read, until its reader leaves.

An edition's HTML comes from an author, so its page is one document in a sandbox: no script, no form, no origin of ours.
Our header and footer are in the same document, because a frame cannot find its height without a script. A style sheet
of the edition's own is in a shadow tree, so that its rules affect nothing else.
"""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import quote

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pressrun.core.quantities import RateExceeded
from pressrun.core.signing.tokens import TEST_ID, WebPurpose
from pressrun.core.site import Site
from pressrun.core.timestamps import rfc3339
from pressrun.message.content.web_fragment import inline_fragment
from pressrun.services.archives.archive_reader import (
    ArchiveAccess,
    NotReadable,
    ReaderLink,
    read_archived,
    read_asset,
    read_index,
)
from pressrun.services.archives.archived_edition import ArchivedEdition
from pressrun.store.editions.editions import ArchivedFile
from pressrun.store.lists.lists import MailingList, find_list
from pressrun.web.archives.urls import NEWEST, ArchiveUrls, public_archive, reader_archive
from pressrun.web.consent_words import DECOY, sign_up_promise
from pressrun.web.context import WebContext
from pressrun.web.families import links_to_languages
from pressrun.web.http.conditional import conditional
from pressrun.web.pages import Pages
from pressrun.web.use_cases import UseCases

EDITION_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# Our page around the edition has a sign-up form; the author's HTML has none, because it was cleaned.
_PAGE_POLICY = EDITION_POLICY.replace("sandbox ", "sandbox allow-forms ", 1).replace(
    "form-action 'none'", "form-action 'self'"
)
# Inside a sandbox, downloads must be allowed by name.
_POLICY_WITH_FILES = _PAGE_POLICY.replace("sandbox ", "sandbox allow-downloads ", 1)
_ASSET_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
_SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_SHEET = re.compile(r"<style>.*?</style>", re.DOTALL)
_ROOT = re.compile(r"(?<![\w.#-])(?:html|body)(?![\w-])", re.IGNORECASE)
_GROUND = re.compile(r"\s*(?:<style>|<div style=\"[^\"]*background)")  # it has a background of its own
# May be wider than a phone: a data table, a width of 300 pixels or more, anything with a style sheet.
_FIXED_WIDTH = re.compile(
    r"<table\b(?![^>]*\brole=\"presentation\")|\bwidth(?:=\"|\s*:\s*)(?:[3-9]\d\d|\d{4,})(?![\d.]*%)|<style>",
    re.IGNORECASE,
)
_COLOURS = re.compile(r"\b(?:color|background)\b|bgcolor=|<font\b|<style>", re.IGNORECASE)


class ArchivePages:
    """What was sent, for everybody to read, or for a list's readers."""

    def __init__(self, web: WebContext, cases: UseCases) -> None:
        self._web = web
        self._pages = web.pages
        self._database = web.database
        self._archive_search = cases.archive_search

    async def index(self, request: Request) -> Response:
        """`/NAME/archive`, `/read/TOKEN`: the editions, newest first, a page or a year at a time."""
        entered = self._enter(request)
        if isinstance(entered, Response):
            return entered
        access, urls = entered
        year = _number(request, "year", 0) if "year" in request.query_params else None
        index = await self._database.read(read_index, access, _number(request, "page", 1), year)
        if isinstance(index, NotReadable):
            return await self._shut(index, access)
        target, href = index.list, self._pages.href
        self._pages.choose_language(target=target.language)
        also = [(href(other.name, "archive"), other.language) for other in index.family] if urls.is_public else []
        response = self._pages.render(
            "archive.html",
            about=target,
            list=target,
            page=index,
            places=urls,
            also=links_to_languages(also, href(target.name, "archive")),
        )
        return conditional(request, response)

    async def search(self, request: Request) -> Response:
        """`/NAME/search?q=`, `/read/TOKEN/search?q=`: editions that contain the words."""
        entered = self._enter(request)
        if isinstance(entered, Response):
            return entered
        access, urls = entered
        query, page = request.query_params.get("q", "").strip(), _number(request, "page", 1)
        newest, network = request.query_params.get("order") == NEWEST, self._web.network(request)
        results = await self._archive_search.search(access, query, page, newest=newest, network=network)
        if isinstance(results, RateExceeded):
            return await self._throttled(results.retry_at, access, urls)
        if isinstance(results, NotReadable):
            return await self._shut(results, access)
        self._pages.choose_language(target=results.list.language)
        headers = {"X-Robots-Tag": "noindex"}
        return self._pages.render(
            "search.html", headers=headers, about=results.list, list=results.list, page=results, places=urls
        )

    async def edition(self, request: Request) -> Response:
        """`/NAME/archive/SLUG`, `/read/TOKEN/archive/SLUG`: one edition."""
        entered = self._enter(request)
        if isinstance(entered, Response):
            return entered
        access, urls = entered
        archived = await self._database.read(read_archived, access, request.path_params["slug"])
        if isinstance(archived, NotReadable):
            return await self._shut(archived, access)
        target, edition = archived
        self._pages.choose_language(target=target.language)
        response = self._pages.render(
            "edition.html",
            headers={"Content-Security-Policy": _POLICY_WITH_FILES if edition.attachments else _PAGE_POLICY},
            about=target,
            promise=sign_up_promise(self._pages.words),
            **edition_context(self._pages, target, edition, urls, self._pages.href(target.name)),
        )
        return conditional(request, response)

    async def latest(self, request: Request) -> Response:
        """`/NAME/latest`, `/read/TOKEN/latest`: redirects to the latest edition that the visitor may read.

        Without one it leads to the list's page, and the link of a reader to the index.
        """
        entered = self._enter(request)
        if isinstance(entered, Response):
            return entered
        access, urls = entered
        index = await self._database.read(read_index, access)
        if not isinstance(index, NotReadable) and index.editions:
            return RedirectResponse(urls.edition(index.editions[0].slug), status_code=303)
        if isinstance(access, ReaderLink):
            if isinstance(index, NotReadable):
                return await self._shut(index, access)
            return RedirectResponse(urls.index(), status_code=303)
        if await self._database.read(find_list, access) is None:
            return await self._shut(NotReadable.UNKNOWN, access)
        return self._pages.see_other(access)

    async def asset(self, request: Request) -> Response:
        """`…/archive/SLUG/asset/FILE`: an image, or a file to download."""
        entered = self._enter(request)
        if isinstance(entered, Response):
            return entered
        access, parts = entered[0], request.path_params
        asset = await self._database.read(read_asset, access, parts["slug"], parts["file"])
        if isinstance(asset, NotReadable):
            return await self._shut(asset, access)
        return conditional(request, Response(asset.content, headers=asset_headers(asset)))

    async def _shut(self, reason: NotReadable, access: ArchiveAccess) -> Response:
        """The page instead of what cannot be read, with a link to its list."""
        if isinstance(access, ReaderLink):
            return self._pages.invalid_link()
        about = await self._find_list(access)
        return self._pages.members_only(about) if reason is NotReadable.MEMBERS else self._pages.not_found(about)

    async def _throttled(self, retry_at: float, access: ArchiveAccess, urls: ArchiveUrls) -> Response:
        about = await self._find_list(access) if isinstance(access, str) else None
        seconds, say = self._web.seconds_until(retry_at), self._pages.words
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
            back=(urls.index(), say("Archive")),
        )

    async def _find_list(self, name: str) -> MailingList | None:
        """The list of that name; the request's answer is in its language."""
        target = await self._database.read(find_list, name)
        if target is not None:
            self._pages.choose_language(target=target.language)
        return target

    def _enter(self, request: Request) -> tuple[ArchiveAccess, ArchiveUrls] | Response:
        """How a request gets into an archive, or the page for a link that does not open one."""
        token = request.path_params.get("token")
        if token is None:
            name = request.path_params["name"]
            return name, public_archive(self._pages, name)
        match self._web.read_token(WebPurpose.READ, request):
            case (subscription, _, _) if subscription == TEST_ID:
                say = self._pages.words
                text = say("This link is from a test copy. In a real edition, it opens past editions.")
                return self._pages.message(say("This is a test copy"), text)
            case (subscription, epoch, number):
                return ReaderLink(subscription, epoch, number), reader_archive(self._pages, token)
            case _:
                return self._pages.invalid_link()


def edition_in_page(pages: Pages, edition: ArchivedEdition, urls: ArchiveUrls, *, below: int) -> str | None:
    """An edition's content below `below` levels of headings; None if its design needs a shadow tree."""
    content = edition.html_with_images(urls.asset(edition.summary.slug, ""))
    if content is None:
        return f'<div class="lines">{escape(edition.text)}</div>'
    return inline_fragment(content, table_name=pages.words("Table"), below=below)


def edition_context(
    pages: Pages, target: MailingList, edition: ArchivedEdition, urls: ArchiveUrls, home: str
) -> dict[str, Any]:
    """The context of an edition's template."""
    content = edition.html_with_images(urls.asset(edition.summary.slug, ""))
    in_page = edition_in_page(pages, edition, urls, below=0)
    translations = edition.translations if urls.is_public else ()
    alternates = [(pages.site.url(each.list_name, "archive", each.slug), each.language) for each in translations]
    return {
        "alternates": alternates,
        "also": links_to_languages(alternates, pages.site.url(target.name, "archive", edition.summary.slug)),
        "list": target,
        "home": home,
        "edition": edition,
        "places": urls,
        "decoy": DECOY,
        "content": _in_shadow(content or "") if in_page is None else in_page,
        "has_sheet": "<style>" in (content or ""),
        "has_ground": _GROUND.match(content or "") is not None,
        "may_scroll": in_page is None and _FIXED_WIDTH.search(content or "") is not None,
        "has_colours": in_page is None and _COLOURS.search(content or "") is not None,
        "has_heading": "<h1" in (content or ""),
        "policy": None,
        "described": described(pages.site, target, edition) if urls.is_public else None,
    }


def described(site: Site, target: MailingList, edition: ArchivedEdition) -> dict[str, object]:
    """A public edition for programs (schema.org): data in a script element of a type that no browser runs."""
    slug = edition.summary.slug
    url = site.url(target.name, "archive", slug)
    publisher = {"@type": "Organization", "name": target.title, "url": site.url(target.name)}
    article: dict[str, object] = {
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
        article["image"] = site.url(target.name, "archive", slug, "asset", edition.picture)
    return article


def _in_shadow(content: str) -> str:
    """A shadow tree has no `body`, so the sheet's rules for it apply to the tree's host."""
    return _SHEET.sub(lambda sheet: _ROOT.sub(":host", sheet[0]), content)


def asset_headers(asset: ArchivedFile) -> dict[str, str]:
    """Headers for an image, which browsers show, or a file, which they download."""
    is_image = asset.media_type in _SHOWN_INLINE
    kind = "inline" if is_image else "attachment"
    return {
        "Content-Type": asset.media_type if is_image else "application/octet-stream",
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(asset.name, safe='')}",
        "Content-Security-Policy": _ASSET_POLICY,
        "Cache-Control": "public, max-age=86400",
    }


def _number(request: Request, name: str, otherwise: int) -> int:
    """A whole number in the query; 0, which no page has, if it is anything else."""
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
