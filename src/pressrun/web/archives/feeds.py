"""What programs read of the archives: feeds (Atom, RFC 4287, and JSON Feed 1.1), sitemaps and `/robots.txt` (RFC 9309).

Feeds and sitemaps have conditional GET, and never name a reader. Sitemaps are of archives that are public and listed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import quote

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pressrun.core.site import Site
from pressrun.core.timestamps import rfc3339
from pressrun.services.archives.archive_reader import NotReadable, read_public_feed, read_sitemap
from pressrun.services.archives.archived_edition import ArchivedEdition, ArchiveFeed
from pressrun.services.archives.list_reader import public_archives
from pressrun.web.context import WebContext
from pressrun.web.http.conditional import Changes, conditional
from pressrun.web.pages import Pages

ATOM = "application/atom+xml; charset=utf-8"
JSON_FEED = "application/feed+json; charset=utf-8"
_XML = "application/xml; charset=utf-8"
JSON_FEED_VERSION = "https://jsonfeed.org/version/1.1"

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLE_SHEET = re.compile(r"<style>.*?</style>", re.DOTALL)


class FeedLinks(Struct, frozen=True):
    """The absolute addresses in a feed, of pages below `base`."""

    home: str
    base: str  # ends with a slash
    suffix: str = ""  # of an edition's page
    asset_folder: str = "asset/"

    def feed(self, name: str) -> str:
        """The feed of that file name."""
        return self.base + quote(name, safe="")

    def edition(self, slug: str) -> str:
        return f"{self.base}archive/{quote(slug, safe='')}{self.suffix}"

    def asset(self, slug: str, name: str) -> str:
        """An image or file of an edition; without a name, the prefix of them all."""
        return f"{self.base}archive/{quote(slug, safe='')}/{self.asset_folder}{quote(name, safe='')}"


def site_links(site: Site, name: str) -> FeedLinks:
    """The addresses at base_url. An edition's id in a feed is its address there, forever."""
    return FeedLinks(home=site.url(name), base=site.url(name, ""))


class FeedPages:
    """The newest editions for feed readers."""

    def __init__(self, web: WebContext) -> None:
        self._pages = web.pages
        self._database = web.database
        self._changes = Changes(web.clock)

    async def atom(self, request: Request) -> Response:
        """`/NAME/feed.atom`."""
        return await self._answer(request, atom_feed, ATOM)

    async def json(self, request: Request) -> Response:
        """`/NAME/feed.json`."""
        return await self._answer(request, json_feed, JSON_FEED)

    async def _answer(
        self, request: Request, write: Callable[[Pages, ArchiveFeed, FeedLinks], bytes], media_type: str
    ) -> Response:
        feed = await self._database.read(read_public_feed, request.path_params["name"])
        if isinstance(feed, NotReadable):
            return self._pages.members_only() if feed is NotReadable.MEMBERS else self._pages.not_found()
        content = write(self._pages, feed, site_links(self._pages.site, feed.list.name))
        response = Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-cache"})
        return conditional(request, response, modified_at=self._changes.changed_at(request.scope["path"], content))


def atom_feed(pages: Pages, feed: ArchiveFeed, links: FeedLinks) -> bytes:
    page = pages.render_text(
        "feed.atom.xml",
        list=feed.list,
        entries=[(edition, _NOT_XML.sub("", _content(edition, links))) for edition in feed.editions],
        links=links,
        ids=site_links(pages.site, feed.list.name),
        updated_at=max((edition.summary.published_at for edition in feed.editions), default=feed.list.created_at),
    )
    return _NOT_XML.sub("", page).encode()


def json_feed(pages: Pages, feed: ArchiveFeed, links: FeedLinks) -> bytes:
    target, ids = feed.list, site_links(pages.site, feed.list.name)
    document = {
        "version": JSON_FEED_VERSION,
        "title": target.title,
        "home_page_url": links.home,
        "feed_url": links.feed("feed.json"),
        "description": target.description,
        "language": target.language,
        "authors": [{"name": target.title, "url": links.home}],
        "items": [_item(edition, ids, links) for edition in feed.editions],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _item(edition: ArchivedEdition, ids: FeedLinks, links: FeedLinks) -> dict[str, str]:
    summary = edition.summary
    item = {
        "id": ids.edition(summary.slug),
        "url": links.edition(summary.slug),
        "title": summary.title,
        "summary": edition.teaser,
        "date_published": rfc3339(summary.published_at),
        "language": summary.language,
    }
    if edition.picture is not None:
        item["image"] = links.asset(summary.slug, edition.picture)
    content = _content(edition, links)
    return {**item, **({"content_html": content} if content else {"content_text": edition.text})}


def _content(edition: ArchivedEdition, links: FeedLinks) -> str:
    """The edition as a fragment that stands alone, without a style sheet."""
    fragment = edition.html_with_images(links.asset(edition.summary.slug, ""))
    return _STYLE_SHEET.sub("", fragment or "").strip()


class SitemapPages:
    """Names every page worth finding, and no personal page."""

    def __init__(self, web: WebContext) -> None:
        self._pages = web.pages
        self._database = web.database

    async def robots(self, _request: Request) -> Response:
        """`/robots.txt`. Pages behind links in emails say noindex themselves and are not named here."""
        site = self._pages.site
        return PlainTextResponse(f"User-agent: *\nDisallow: /*/search\n\nSitemap: {site.url('sitemap.xml')}\n")

    async def all(self, request: Request) -> Response:
        """`/sitemap.xml`: the sitemaps of all listed public archives."""
        lists = await self._database.read(public_archives)
        return self._answer(request, self._pages.render_text("sitemaps.xml", lists=lists))

    async def of_list(self, request: Request) -> Response:
        """`/NAME/sitemap.xml`: the pages of one public archive."""
        name = request.path_params["name"]
        editions = await self._database.read(read_sitemap, name)
        if isinstance(editions, NotReadable):
            return self._pages.not_found()
        return self._answer(request, self._pages.render_text("sitemap.xml", name=name, editions=editions))

    def _answer(self, request: Request, page: str) -> Response:
        response = Response(page.encode(), headers={"Content-Type": _XML, "Cache-Control": "no-cache"})
        return conditional(request, response)
